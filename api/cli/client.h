// The API as a client sees it: targets, the envelope, errors as Error (http-api.md §1).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/cli/context.h"
#include "api/cli/transport.h"
#include "common/json/value.h"

namespace pawl::cli {

/// A percent-encoded target under /api/v0: `Target({"executions", "tasks", id}).query("limit", "5").text()`.
class Target {
 public:
  explicit Target(const std::vector<std::string>& segments, std::string_view root = "/api/v0");
  /// Adds a query parameter; one with an empty value is left out.
  Target& query(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  char separator_ = '?';
};

/// The target of an execution, or of something below it.
Target execution_target(const std::string& exec_id, const std::vector<std::string>& below = {});

struct Answer {
  int status = 0;
  json::Value data;   ///< `data` of the envelope, the whole body where there is no envelope, null without one
  json::Value error;  ///< `error` of the envelope
  std::string message;
  std::map<std::string, std::string, std::less<>> headers;
};

struct Call {
  std::string method = "GET";
  Target target;
  json::Value body = {};  ///< null = none
  std::vector<std::pair<std::string, std::string>> headers = {};
  Millis timeout = kCallTimeout;
  std::function<void()> on_tick = {};
};

class Client {
 public:
  /// `address` is shown in errors.
  Client(std::unique_ptr<Transport> transport, std::string address)
      : transport_(std::move(transport)), address_(std::move(address)) {}

  /// Any answer, whatever its status. Errors: of the transport; kInternal for a body that is not Pawl's.
  Result<Answer> send(const Call& call);
  /// A successful answer. Errors: the server's, by status; suggestions say what to do next.
  Result<Answer> expect(const Call& call);
  Result<Answer> get(const Target& target) { return expect({"GET", target}); }
  [[nodiscard]] Transport& transport() { return *transport_; }

 private:
  std::unique_ptr<Transport> transport_;
  std::string address_;
};

/// The error an answer with a status of 400 and above stands for.
Error error_of(const Answer& answer);

Client connect_api(Context& context);
/// The operations port. Errors: kInvalid when its address is not known.
Result<Client> connect_ops(Context& context);

}  // namespace pawl::cli
