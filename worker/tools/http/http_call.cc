#include "worker/tools/http/http_call.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.h"
#include "common/http/request.h"
#include "common/model/catalogue.h"
#include "worker/tools/answer.h"
#include "worker/tools/http/limits.h"

namespace pawl::tools {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

HttpCall::HttpCall(HttpShared& shared, HttpRequest request, CallIdentity identity, Millis timeout,
                   std::function<void(ToolResult)> done)
    : shared_(shared),
      request_(std::move(request)),
      identity_(std::move(identity)),
      done_(std::move(done)),
      easy_(curl_easy_init()),
      started_(std::chrono::steady_clock::now()),
      timer_(shared.loop) {
  PAWL_ASSERT(easy_ != nullptr, "libcurl has memory");
  timer_.start(timeout, [this] {
    const bool sent = was_sent();
    shared_.multi.remove(easy_.get());
    finish(tl::unexpected(transfer_failure(CURLE_OPERATION_TIMEDOUT, 0, request_.url.endpoint(), sent)));
  });
  set_options();
  send();
}

HttpCall::~HttpCall() {
  if (done_) shared_.multi.remove(easy_.get());
}

void HttpCall::cancel() {
  if (!done_) return;
  shared_.multi.remove(easy_.get());
  timer_.start(Millis{0}, [this] { finish(cancelled().output); });
}

void HttpCall::set_options() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // no proxy, whatever the environment says
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // ours: each target is checked
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "pawl");
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
}

void HttpCall::send() {
  response_ = {};
  header_bytes_ = 0;
  const std::string url = request_.url.to_string();
  curl_easy_setopt(easy_.get(), CURLOPT_URL, url.c_str());
  set_body();
  set_headers();
  shared_.multi.add(easy_.get(), [this](CURLcode code) { transferred(code); });
}

void HttpCall::set_body() {
  CURL* easy = easy_.get();
  const bool wants_length =
      request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);  // forgets the body of the request before a redirect
  curl_easy_setopt(easy, CURLOPT_NOBODY, request_.method == "HEAD" ? 1L : 0L);
  if (request_.method != "HEAD" && (request_.body || wants_length)) {
    const std::string_view body = request_.body ? std::string_view(*request_.body) : "";
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());  // ours, not copied
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                   request_.method == "HEAD" ? nullptr : request_.method.c_str());
}

void HttpCall::add_header(const std::string& name, const std::string& value) {
  // libcurl takes "Name;" for an empty value, and "Name:" for no such header at all.
  add_line(value.empty() ? name + ";" : name + ": " + value);
}

void HttpCall::add_line(const std::string& line) {
  curl_slist* grown = curl_slist_append(header_list_.get(), line.c_str());
  PAWL_ASSERT(grown != nullptr, "libcurl has memory");
  header_list_.release();
  header_list_.reset(grown);
}

void HttpCall::set_headers() {
  header_list_.reset();
  add_line("Expect:");  // no 100-continue round trip
  bool has_key = false;
  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    const bool is_type = http::equals_ignoring_case(name, "content-type");
    if (has_left_origin_ && !is_type && !http::equals_ignoring_case(name, "accept")) continue;
    has_key = has_key || http::equals_ignoring_case(name, "idempotency-key");
    has_type = has_type || is_type;
    add_header(name, value);
  }
  if (request_.body && !has_type) add_header("Content-Type", request_.body_type);
  if (!request_.body && !has_type) add_line("Content-Type:");  // else libcurl names a form's type
  if (!has_left_origin_) {
    if (request_.authorization) add_header("Authorization", *request_.authorization);
    if (!has_key) add_header("Idempotency-Key", identity_.idempotency_key());
    add_header("X-Pawl-Execution", identity_.exec_id);
    add_header("X-Pawl-Step", identity_.step);
    add_header("X-Pawl-Attempt", std::to_string(identity_.attempt));
    add_header("X-Pawl-Epoch", std::to_string(identity_.epoch));
    if (!identity_.traceparent.empty()) add_header("traceparent", identity_.traceparent);
  }
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, header_list_.get());
}

std::size_t HttpCall::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& call = *static_cast<HttpCall*>(self);
  const std::string_view line(data, size * count);
  call.header_bytes_ += line.size();
  if (call.header_bytes_ > kMaxHeaderBytes) {
    call.is_too_large_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // also after an interim answer (1xx)
    call.response_.headers.clear();
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  call.response_.headers.emplace_back(lower(line.substr(0, colon)),
                                      std::string(trim(line.substr(colon + 1))));
  return line.size();
}

std::size_t HttpCall::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& call = *static_cast<HttpCall*>(self);
  const std::size_t bytes = size * count;  // decompressed
  if (call.response_.body.size() + bytes > static_cast<std::size_t>(call.request_.max_bytes)) {
    call.is_too_large_ = true;
    return 0;
  }
  call.response_.body.append(data, bytes);
  return bytes;
}

curl_socket_t HttpCall::on_open_socket(void* self, curlsocktype, curl_sockaddr* to) {
  auto& call = *static_cast<HttpCall*>(self);
  const auto address = egress::IpAddress::from_sockaddr(&to->addr);
  const egress::Url& url = call.request_.url;
  if (!address || !call.shared_.policy.allows(*address, url.port, url.host.name)) {
    call.blocked_ = address ? std::string(egress::to_string(egress::classify(*address))) : "local";
    return CURL_SOCKET_BAD;
  }
  return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

void HttpCall::transferred(CURLcode code) {
  count_bytes();
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    if (redirect()) return;
    const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_);
    return finish(read_response(request_, response_, took, shared_.clock.wall()));
  }
  if (code == CURLE_COULDNT_CONNECT && !blocked_.empty()) {
    Failure failure = make_failure("egress_blocked", "the target resolves to a " + blocked_ + " address (" +
                                                         request_.url.endpoint() + ")");
    failure.sent = redirects_ > 0;
    return finish(tl::unexpected(std::move(failure)));
  }
  if (is_too_large_) code = CURLE_FILESIZE_EXCEEDED;
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  finish(tl::unexpected(transfer_failure(code, os_error, request_.url.endpoint(), was_sent())));
}

bool HttpCall::redirect() {
  const std::string_view location = response_.header("location");
  if (request_.follow == 0 || !is_redirect(response_.status) || location.empty()) return false;
  if (std::ranges::find(request_.accept_status, response_.status) != request_.accept_status.end())
    return false;
  if (redirects_ == request_.follow) {
    finish(tl::unexpected(
        make_failure("too_many_redirects", "the target redirects more often than `follow` allows")));
    return true;
  }
  auto next = egress::resolve_reference(request_.url, location);
  Result<void> allowed = next ? shared_.policy.check(*next) : fail(next.error());
  if (!allowed) {
    const bool is_policy = allowed.error().code == "policy_denied";
    finish(tl::unexpected(make_failure(is_policy ? "egress_blocked" : "invalid_url",
                                       "the target redirects elsewhere: " + allowed.error().message)));
    return true;
  }
  ++redirects_;
  const bool becomes_get = response_.status == 303 ? request_.method != "HEAD"
                                                   : response_.status < 303 && request_.method == "POST";
  if (becomes_get) {
    request_.method = "GET";
    request_.body.reset();
  }
  has_left_origin_ = has_left_origin_ || !next->has_origin_of(request_.url);
  request_.url = std::move(*next);
  send();
  return true;
}

bool HttpCall::was_sent() const {
  long request_bytes = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &request_bytes);
  return request_bytes > 0 || redirects_ > 0;
}

void HttpCall::count_bytes() {
  long head = 0;
  curl_off_t up = 0;
  curl_off_t down = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &head);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &down);
  resources_.bytes_out += head + up;
  resources_.bytes_in += static_cast<std::int64_t>(header_bytes_) + down;
}

void HttpCall::finish(tl::expected<json::Value, Failure> output) {
  timer_.stop();
  // The owner may destroy this call inside `done`.
  std::exchange(done_, nullptr)(ToolResult{std::move(output), resources_});
}

}  // namespace pawl::tools
