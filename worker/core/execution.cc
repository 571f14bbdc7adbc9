#include "worker/core/execution.h"

#include "common/model/catalogue.h"
#include "worker/core/machine.h"

namespace pawl::core {

Execution::Execution() : state_(std::make_unique<State>()) {}
Execution::~Execution() = default;
Execution::Execution(Execution&&) noexcept = default;
Execution& Execution::operator=(Execution&&) noexcept = default;

Phase Execution::phase() const { return state_->phase; }
const Counters& Execution::counters() const { return state_->counters; }
json::Value Execution::progress() const { return progress_of(*state_); }
int Execution::calls() const { return state_->calls; }
bool Execution::is_frozen() const { return state_->paused; }
bool Execution::is_saving() const { return state_->in_flight.has_value(); }
std::size_t Execution::node_count() const { return state_->nodes.size() - state_->free_nodes.size(); }

Failure failure_of(Category category, std::string_view code, std::string message) {
  Failure failure;
  failure.category = category;
  failure.code = code;
  failure.message = std::move(message);
  failure.suggestion = suggestion_for(code);
  return failure;
}

}  // namespace pawl::core
