// The bounds of the HTTP server (http-api.md §9), each with its reason.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::http {

struct Limits {
  std::size_t max_url_bytes = std::size_t{8} * 1024;  ///< 414; longer URLs are cursors gone wrong
  std::size_t max_headers = 100;                      ///< 431; trailers count too
  std::size_t max_header_bytes =
      std::size_t{16} * 1024;  ///< 431; names and values, trailers and chunk extensions
  std::size_t max_body_bytes = std::size_t{1} << 20;  ///< 413; may be lowered per request
  Millis header_timeout{9500};  ///< from the first wait to the end of the headers; cut by the 10th second
  Millis body_grace{10'000};    ///< before the body's rate is judged
  std::size_t min_body_rate = 1000;  ///< bytes a second, on average after the grace
  Millis idle_timeout{60'000};       ///< keep-alive without a request
  Millis write_timeout{30'000};      ///< a client that takes nothing of its answer for so long is cut
  Millis linger{1000};         ///< after an early refusal: lets the client read the answer before the cut
  Millis sweep_interval{250};  ///< how often the times above are looked at
  std::size_t max_pipelined_bytes = std::size_t{64} * 1024;  ///< read ahead while a request is being answered
  std::size_t max_discarded_body =
      std::size_t{64} * 1024;            ///< a refused body up to this size keeps the connection
  std::size_t max_connections = 20'000;  ///< more are closed at accept
};

}  // namespace pawl::http
