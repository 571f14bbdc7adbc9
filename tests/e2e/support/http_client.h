// HTTP as a client speaks it, over plain sockets: one that sends any bytes at any speed, and one that is
// convenient. Blocking; for tests that drive real processes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json/value.h"

namespace pawl::testing {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpAnswer {
  int status = 0;      ///< 0: the connection ended without an answer
  HeaderList headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] bool has_header(std::string_view name) const;
  /// The body as JSON; null when it is none.
  [[nodiscard]] json::Value json() const;
  /// error.code of the envelope or code of problem+json; "" when there is none.
  [[nodiscard]] std::string code() const;
  /// The member of `data`, by dots: "exec_id", "links.self", "items.0.path". Null when it is not there.
  [[nodiscard]] json::Value data(std::string_view path = "") const;
  [[nodiscard]] std::string text(std::string_view path) const;
};

/// The member of `value` at a path with dots; null when it is not there.
json::Value member(const json::Value& value, std::string_view path);

/// One TCP connection to 127.0.0.1, raw.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  [[nodiscard]] bool connected() const { return fd_ >= 0; }
  /// False once the other side has closed.
  bool send(std::string_view bytes);
  /// The next answer; status 0 when there was none in time or the connection ended before it was whole.
  HttpAnswer read(std::chrono::milliseconds longest = std::chrono::seconds(15), bool to_head = false);
  /// True when the other side closes within `longest`; what it sends before that is thrown away.
  bool closes_within(std::chrono::milliseconds longest);

 private:
  bool fill(std::chrono::steady_clock::time_point until);

  int fd_ = -1;
  bool ended_ = false;
  std::string received_;
};

/// A client of one API process with one key. Keeps its connection, and makes a new one when that is gone.
class Client {
 public:
  Client(std::uint16_t port, std::string key) : port_(port), key_(std::move(key)) {}

  /// `headers` replace the client's own of the same name; an empty value leaves a header out.
  HttpAnswer request(std::string_view method, std::string_view path, std::string_view body = "",
                     const HeaderList& headers = {},
                     std::chrono::milliseconds longest = std::chrono::seconds(30));
  HttpAnswer get(std::string_view path, const HeaderList& headers = {}) {
    return request("GET", path, "", headers);
  }
  HttpAnswer post(std::string_view path, std::string_view body = "", const HeaderList& headers = {}) {
    return request("POST", path, body, headers);
  }
  HttpAnswer put(std::string_view path, std::string_view body, const HeaderList& headers = {}) {
    return request("PUT", path, body, headers);
  }
  HttpAnswer remove(std::string_view path, const HeaderList& headers = {}) {
    return request("DELETE", path, "", headers);
  }

  /// Submits an inline plan; the exec_id. Throws when it was not accepted.
  std::string submit(std::string_view plan, std::string_view with = "{}", std::string_view more = "");
  /// Polls until the status is `status`; the execution. Throws after `longest` with what was seen last.
  json::Value wait_for(const std::string& exec_id, std::string_view status,
                       std::chrono::milliseconds longest = std::chrono::seconds(20));
  /// Polls until the execution has ended; the execution.
  json::Value wait_end(const std::string& exec_id,
                       std::chrono::milliseconds longest = std::chrono::seconds(20));

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  std::string key_;
  std::unique_ptr<RawConnection> connection_;
};

}  // namespace pawl::testing
