#include "broker/topology.h"

#include <algorithm>
#include <array>

#include "broker/limits.h"

namespace pawl::broker {
namespace {

constexpr std::string_view kPrefix = "lane.";
constexpr std::string_view kResume = ".resume";

}  // namespace

std::string lane_queue(std::string_view lane, PriorityClass priority) {
  // Spelled here and not taken from the model: these names live in brokers and must never change by accident.
  constexpr std::array<std::string_view, 3> kSuffix{".high", ".normal", ".low"};
  return std::string(kPrefix).append(lane).append(kSuffix.at(static_cast<std::size_t>(priority)));
}

std::string resume_queue(std::string_view lane) { return std::string(kPrefix).append(lane).append(kResume); }

std::vector<std::string> lane_queues(const std::vector<std::string>& lanes) {
  std::vector<std::string> queues;
  for (const auto& lane : lanes) queues.push_back(resume_queue(lane));
  for (const auto priority : {PriorityClass::kHigh, PriorityClass::kNormal, PriorityClass::kLow}) {
    for (const auto& lane : lanes) queues.push_back(lane_queue(lane, priority));
  }
  return queues;
}

std::string_view lane_of_queue(std::string_view queue) {
  if (!queue.starts_with(kPrefix)) return {};
  queue.remove_prefix(kPrefix.size());
  const auto dot = queue.find('.');
  return dot == std::string_view::npos ? std::string_view{} : queue.substr(0, dot);
}

bool is_resume_queue(std::string_view queue) {
  return queue.starts_with(kPrefix) && queue.ends_with(kResume);
}

bool is_valid_lane(std::string_view lane) {
  if (lane.empty() || lane.size() > 63) return false;
  return std::all_of(lane.begin(), lane.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Topology make_topology(const std::vector<std::string>& lanes) {
  Topology topology;
  topology.exchanges = {{std::string(kJobsExchange), "direct"},
                        {std::string(kControlExchange), "topic"},
                        {std::string(kEventsExchange), "topic"}};
  for (auto& name : lane_queues(lanes)) topology.queues.push_back({std::move(name), kDeliveryLimit, 0, true});
  topology.queues.push_back({std::string(kQuarantineQueue), 0, kQuarantineMaxLength, false});
  return topology;
}

}  // namespace pawl::broker
