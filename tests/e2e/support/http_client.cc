#include "tests/e2e/support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "common/json/parse.h"
#include "common/json/write.h"

namespace pawl::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Status line and headers; false when they are no HTTP.
bool parse_head(std::string_view head, HttpAnswer& answer) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return false;
  answer.status = std::atoi(std::string(head.substr(9, 3)).c_str());
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos) {
    const std::size_t start = at + 2;
    at = head.find("\r\n", start);
    const std::string_view line =
        head.substr(start, at == std::string_view::npos ? std::string_view::npos : at - start);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos)
      answer.headers.emplace_back(lower(line.substr(0, colon)), line.substr(colon + 2));
  }
  return true;
}

bool is_final_status(std::string_view status) {
  return status == "completed" || status == "failed" || status == "cancelled" || status == "timed_out";
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

bool HttpAnswer::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& header) { return header.first == name; });
}

json::Value HttpAnswer::json() const {
  const auto value = json::parse(body);
  return value ? *value : json::Value();
}

std::string HttpAnswer::code() const {
  const json::Value body_value = json();
  const json::Value* error = body_value.find("error");
  const json::Value* found = error != nullptr ? error->find("code") : body_value.find("code");
  return found != nullptr && found->is_string() ? found->as_string() : "";
}

json::Value HttpAnswer::data(std::string_view path) const {
  const json::Value value = member(json(), "data");
  return path.empty() ? value : member(value, path);
}

std::string HttpAnswer::text(std::string_view path) const {
  const json::Value value = data(path);
  return value.is_string() ? value.as_string() : json::write(value);
}

json::Value member(const json::Value& value, std::string_view path) {
  json::Value at = value;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view word = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    if (at.is_array()) {
      const auto index = static_cast<std::size_t>(std::atoi(std::string(word).c_str()));
      if (index >= at.as_array().size()) return {};
      at = json::Value(at.as_array()[index]);
      continue;
    }
    const json::Value* next = at.find(word);
    if (next == nullptr) return {};
    at = json::Value(*next);
  }
  return at;
}

RawConnection::RawConnection(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return;
  close(fd_);
  fd_ = -1;
}

RawConnection::~RawConnection() {
  if (fd_ >= 0) close(fd_);
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty() && fd_ >= 0) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return fd_ >= 0;
}

/// Reads once; false when nothing came until then, or never will.
bool RawConnection::fill(steady_clock::time_point until) {
  if (fd_ < 0 || ended_) return false;
  const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
  pollfd look{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&look, 1, static_cast<int>(std::max<long long>(left, 0))) <= 0) return false;
  char buffer[65536];
  const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  received_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

HttpAnswer RawConnection::read(milliseconds longest, bool to_head) {
  const auto until = steady_clock::now() + longest;
  std::size_t end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!fill(until)) return {};
    end = received_.find("\r\n\r\n");
  }
  HttpAnswer answer;
  if (!parse_head(std::string_view(received_).substr(0, end), answer)) return {};
  received_.erase(0, end + 4);
  if (answer.status == 100) return answer;
  const auto length = static_cast<std::size_t>(std::atoll(answer.header("content-length").c_str()));
  if (to_head) return answer;
  while (received_.size() < length) {
    if (!fill(until)) return {};
  }
  answer.body = received_.substr(0, length);
  received_.erase(0, length);
  return answer;
}

bool RawConnection::closes_within(milliseconds longest) {
  const auto until = steady_clock::now() + longest;
  while (!ended_ && steady_clock::now() < until) {
    fill(until);
    received_.clear();
  }
  return ended_;
}

HttpAnswer Client::request(std::string_view method, std::string_view path, std::string_view body,
                           const HeaderList& headers, milliseconds longest) {
  HeaderList all{{"Host", "127.0.0.1:" + std::to_string(port_)}};
  if (!key_.empty()) all.emplace_back("Authorization", "Bearer " + key_);
  if (!body.empty()) all.emplace_back("Content-Type", "application/json");
  if (!body.empty() || method == "POST" || method == "PUT")
    all.emplace_back("Content-Length", std::to_string(body.size()));
  for (const auto& [name, value] : headers) {
    std::erase_if(all, [&name](const auto& known) { return lower(known.first) == lower(name); });
    if (!value.empty()) all.emplace_back(name, value);
  }
  std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\n";
  for (const auto& [name, value] : all) text.append(name).append(": ").append(value).append("\r\n");
  text.append("\r\n").append(body);
  // A kept connection may have been closed meanwhile: then nothing was read of the request, and it is sent
  // once more.
  const bool kept = connection_ != nullptr;
  if (!kept) connection_ = std::make_unique<RawConnection>(port_);
  const auto begun = steady_clock::now();
  connection_->send(text);
  HttpAnswer answer = connection_->read(longest, method == "HEAD");
  if (answer.status == 0 && kept && steady_clock::now() - begun < milliseconds(200)) {
    connection_ = std::make_unique<RawConnection>(port_);
    connection_->send(text);
    answer = connection_->read(longest, method == "HEAD");
  }
  if (answer.status == 0 || answer.header("connection") == "close") connection_.reset();
  return answer;
}

std::string Client::submit(std::string_view plan, std::string_view with, std::string_view more) {
  const std::string body =
      R"({"plan":)" + std::string(plan) + R"(,"with":)" + std::string(with) + std::string(more) + "}";
  const HttpAnswer answer = post("/api/v0/executions", body);
  if (answer.status != 202)
    throw std::runtime_error("not accepted: " + std::to_string(answer.status) + " " + answer.body);
  return answer.text("exec_id");
}

json::Value Client::wait_for(const std::string& exec_id, std::string_view status, milliseconds longest) {
  const auto until = steady_clock::now() + longest;
  HttpAnswer answer;
  while (steady_clock::now() < until) {
    answer = get("/api/v0/executions/tasks/" + exec_id);
    if (answer.text("status") == status) return answer.data();
    if (is_final_status(answer.text("status"))) break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  throw std::runtime_error("not " + std::string(status) + ": " + answer.body);
}

json::Value Client::wait_end(const std::string& exec_id, milliseconds longest) {
  const auto until = steady_clock::now() + longest;
  HttpAnswer answer;
  while (steady_clock::now() < until) {
    answer = get("/api/v0/executions/tasks/" + exec_id);
    if (is_final_status(answer.text("status"))) return answer.data();
    std::this_thread::sleep_for(milliseconds(20));
  }
  throw std::runtime_error("not ended: " + answer.body);
}

}  // namespace pawl::testing
