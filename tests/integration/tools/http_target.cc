#include "tests/integration/tools/http_target.h"

#include <zlib.h>

#include <algorithm>

namespace pawl::tools {
namespace {

/// gzip, so that few bytes on the wire are many in memory.
std::string gzip(const std::string& plain) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string in = plain;
  std::string out(compressBound(static_cast<uLong>(plain.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

HttpTarget::HttpTarget(Loop& loop) : loop_(loop), server_(http::make_server(loop, rng_, *this)) {
  port_ = server_->listen({"127.0.0.1", 0}).value();
}

void HttpTarget::stop() {
  bool is_done = false;
  server_->stop(Millis{0}, [&is_done] { is_done = true; });
  while (!is_done) loop_.run_for(Millis{10});
  server_.reset();
}

std::string HttpTarget::url(const std::string& path, const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_) + path;
}

void HttpTarget::on_request(const http::ExchangePtr& exchange) {
  Seen request{
      std::string(to_string(exchange->head().method)), exchange->head().target, {}, exchange->body()};
  for (const auto& [name, value] : exchange->head().headers.fields()) {
    std::string key = name;
    std::ranges::transform(key, key.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[key] = value;
  }
  seen.push_back(std::move(request));
  exchange->on_abort([this] { ++aborted; });

  const std::string_view path = exchange->head().path();
  if (path == "/json") return exchange->respond({200, "application/json; charset=utf-8", R"({"a":[1,2]})"});
  if (path == "/bad-json") return exchange->respond({200, "application/json", "{"});
  if (path == "/binary")
    return exchange->respond({200, "application/octet-stream", std::string("\x00\xff\x01", 3)});
  if (path == "/big") return exchange->respond({200, "text/plain", std::string(300'000, 'x')});
  if (path == "/bomb") {
    http::Response response{200, "text/plain", gzip(std::string(20'000'000, 'x'))};
    response.header("Content-Encoding", "gzip");
    return exchange->respond(std::move(response));
  }
  if (path == "/headers") {
    http::Response response{200, "text/plain", "x"};
    for (int i = 0; i < 100; ++i) response.header("X-" + std::to_string(i), std::string(1000, 'h'));
    return exchange->respond(std::move(response));
  }
  if (path == "/redirect" || path == "/loop") {
    http::Response response{redirect_status, "text/plain", "elsewhere"};
    response.header("Location", path == "/loop" ? "/loop" : location);
    return exchange->respond(std::move(response));
  }
  if (path == "/never") return;
  if (path == "/slow") {
    timers_.emplace_back(loop_).start(Millis{150}, [exchange] {
      exchange->respond({200, "text/plain", "slow"});
    });
    return;
  }
  if (path.starts_with("/status/")) {
    http::Response response{std::stoi(std::string(path.substr(8))), "text/plain", "why"};
    if (response.status == 503) response.header("Retry-After", "7");
    return exchange->respond(std::move(response));
  }
  exchange->respond({200, "text/plain", exchange->body().empty() ? "hello" : exchange->body()});
}

}  // namespace pawl::tools
