// Bytes to requests, over llhttp in its strict mode plus the checks it leaves to us. Pure: no socket, no
// clock; fuzzed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/limits.h"
#include "common/http/request.h"

namespace pawl::http {

/// Why a request can't be parsed; the connection is closed after the answer.
struct ParseFailure {
  int status = 400;
  std::string code;
  std::string message;
};

class RequestParser {
 public:
  enum class Stop : unsigned char {
    kNeedMore,  ///< everything was consumed
    kHead,      ///< the headers are complete; feed the rest after deciding about it
    kComplete,  ///< the message is complete; call next() before feeding the rest
    kError,     ///< see failure(); nothing more can be fed
  };
  struct Progress {
    Stop stop;
    std::size_t consumed;
  };

  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Feeds bytes until the next stop. What is after `consumed` must be fed again, later.
  Progress feed(std::string_view bytes);
  /// Forgets the complete message and expects the next.
  void next();

  /// Bytes over this many ⇒ 413 payload_too_large. Set after kHead.
  void limit_body(std::size_t bytes);
  /// Reads the body without keeping it (the request was refused already).
  void discard_body();

  /// The head, once after kHead.
  [[nodiscard]] RequestHead take_head();
  /// The head as far as it has come; for answers to what could not be parsed.
  [[nodiscard]] const RequestHead& head_so_far() const;
  [[nodiscard]] std::string take_body();
  [[nodiscard]] std::size_t body_bytes() const;
  /// True from the first byte of a request to its end.
  [[nodiscard]] bool in_message() const;
  [[nodiscard]] const ParseFailure& failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pawl::http
