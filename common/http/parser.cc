#include "common/http/parser.h"

#include <llhttp.h>

#include <utility>

#include "common/base/assert.h"

namespace pawl::http {
namespace {

Method method_of(std::uint8_t code) {
  switch (code) {
    case HTTP_GET: return Method::kGet;
    case HTTP_HEAD: return Method::kHead;
    case HTTP_POST: return Method::kPost;
    case HTTP_PUT: return Method::kPut;
    case HTTP_DELETE: return Method::kDelete;
    case HTTP_PATCH: return Method::kPatch;
    case HTTP_OPTIONS: return Method::kOptions;
    case HTTP_TRACE: return Method::kTrace;
    case HTTP_CONNECT: return Method::kConnect;
    default: return Method::kOther;
  }
}

/// The path and query of an absolute-form target; "" when it is none.
std::string origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      const std::size_t slash = target.find_first_of("/?", scheme.size());
      if (slash == std::string_view::npos) return "/";
      return target[slash] == '/' ? std::string(target.substr(slash))
                                  : "/" + std::string(target.substr(slash));
    }
  }
  return {};
}

}  // namespace

struct RequestParser::State {
  explicit State(const Limits& l) : limits(l) {}

  Limits limits;
  llhttp_settings_t settings{};
  llhttp_t parser{};
  RequestHead head;
  std::string name, value, body;
  std::size_t header_bytes = 0, header_count = 0, body_seen = 0, body_limit = 0;
  bool in_message = false, paused = false, head_done = false, discard = false;
  Stop stop = Stop::kNeedMore;
  ParseFailure failure;

  static State& of(llhttp_t* parser) { return *static_cast<State*>(parser->data); }

  int refuse(int status, std::string code, std::string message) {
    failure = {status, std::move(code), std::move(message)};
    stop = Stop::kError;
    return -1;
  }
  int bad(std::string message) { return refuse(400, "bad_request", std::move(message)); }

  int count_header_bytes(std::size_t length) {
    header_bytes += length;
    if (header_bytes > limits.max_header_bytes)
      return refuse(431, "headers_too_large", "the headers together are larger than 16 KiB");
    return 0;
  }
  ParseFailure failure_of(llhttp_errno_t error) const;
  int finish_header();
  int check_head();
  int check_framing();
  void install_callbacks();
};

ParseFailure RequestParser::State::failure_of(llhttp_errno_t error) const {
  // A bad line end after a version that is fine is a syntax fault, and a length beside a coding is smuggling.
  if (error == HPE_INVALID_VERSION && parser.http_major != 1)
    return {505, "http_version_not_supported", "only HTTP/1.0 and HTTP/1.1 are served"};
  const bool is_smuggling =
      head.headers.count("content-length") > 0 ||
      (head.headers.count("transfer-encoding") > 0 && equals_ignoring_case(name, "transfer-encoding"));
  if (error == HPE_INVALID_TRANSFER_ENCODING && !is_smuggling)
    return {501, "not_implemented", "the only transfer coding served is chunked"};
  return {400, "bad_request", "the request is not well-formed HTTP/1.1"};
}

int RequestParser::State::finish_header() {
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
  if (++header_count > limits.max_headers) return refuse(431, "headers_too_large", "more than 100 headers");
  // Trailers are counted and dropped: nothing of ours reads them, and they must not replace a header.
  if (!head_done) head.headers.add(std::move(name), std::move(value));
  name.clear();
  value.clear();
  return 0;
}

int RequestParser::State::check_framing() {
  const std::size_t codings = head.headers.count("transfer-encoding");
  const std::size_t lengths = head.headers.count("content-length");
  if (lengths > 1) return bad("two Content-Length headers");
  if (codings > 0 && lengths > 0) return bad("both Content-Length and Transfer-Encoding");
  if (codings > 1) return bad("two Transfer-Encoding headers");
  if (codings == 1) {
    const std::string_view coding = *head.headers.get("transfer-encoding");
    if (coding.empty()) return bad("an empty Transfer-Encoding");
    if (!equals_ignoring_case(coding, "chunked"))
      return refuse(501, "not_implemented", "the only transfer coding served is chunked");
    if (head.version_minor == 0) return bad("a transfer coding in HTTP/1.0");
    head.chunked = true;
  }
  if (lengths == 1) head.content_length = parser.content_length;
  return 0;
}

int RequestParser::State::check_head() {
  head.method = method_of(parser.method);
  head.version_minor = parser.http_minor;
  if (parser.http_major != 1)
    return refuse(505, "http_version_not_supported", "only HTTP/1.0 and HTTP/1.1 are served");
  const std::size_t hosts = head.headers.count("host");
  if (hosts > 1 || (hosts == 0 && head.version_minor >= 1)) return bad("exactly one Host header is needed");
  if (head.headers.count("authorization") > 1) return bad("two Authorization headers");
  if (head.headers.count("content-type") > 1) return bad("two Content-Type headers");
  if (const int refused = check_framing(); refused != 0) return refused;
  if (head.target.empty() ||
      (head.target[0] != '/' && head.target != "*" && head.method != Method::kConnect)) {
    head.target = origin_form(head.target);
    if (head.target.empty()) return bad("the request target is no path");
  }
  head.upgrade = parser.upgrade != 0 && head.method != Method::kConnect;
  parser.upgrade = 0;  // we take connections over by ourselves; llhttp must go on parsing bodies
  head.keep_alive = llhttp_should_keep_alive(&parser) != 0;
  return 0;
}

void RequestParser::State::install_callbacks() {
  llhttp_settings_init(&settings);
  settings.on_message_begin = [](llhttp_t* p) {
    of(p).in_message = true;
    return 0;
  };
  settings.on_url = [](llhttp_t* p, const char* at, std::size_t n) {
    State& s = of(p);
    if (s.head.target.size() + n > s.limits.max_url_bytes)
      return s.refuse(414, "uri_too_long", "the URL is longer than 8 KiB");
    s.head.target.append(at, n);
    return 0;
  };
  settings.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
    State& s = of(p);
    if (const int refused = s.count_header_bytes(n); refused != 0) return refused;
    s.name.append(at, n);
    return 0;
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
    State& s = of(p);
    if (const int refused = s.count_header_bytes(n); refused != 0) return refused;
    s.value.append(at, n);
    return 0;
  };
  settings.on_chunk_extension_name = settings.on_chunk_extension_value =
      [](llhttp_t* p, const char*, std::size_t n) { return of(p).count_header_bytes(n); };
  settings.on_header_value_complete = [](llhttp_t* p) { return of(p).finish_header(); };
  settings.on_headers_complete = [](llhttp_t* p) {
    State& s = of(p);
    if (const int refused = s.check_head(); refused != 0) return refused;
    s.head_done = true;
    s.stop = Stop::kHead;
    return static_cast<int>(HPE_PAUSED);
  };
  settings.on_body = [](llhttp_t* p, const char* at, std::size_t n) {
    State& s = of(p);
    s.body_seen += n;
    if (s.body_seen > s.body_limit)
      return s.refuse(413, "payload_too_large", "the body is larger than allowed");
    if (!s.discard) s.body.append(at, n);
    return 0;
  };
  settings.on_message_complete = [](llhttp_t* p) {
    State& s = of(p);
    s.in_message = false;
    s.stop = Stop::kComplete;
    return static_cast<int>(HPE_PAUSED);
  };
}

RequestParser::RequestParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {
  state_->body_limit = limits.max_body_bytes;
  state_->install_callbacks();
  llhttp_init(&state_->parser, HTTP_REQUEST, &state_->settings);
  state_->parser.data = state_.get();
}

RequestParser::~RequestParser() = default;

RequestParser::Progress RequestParser::feed(std::string_view bytes) {
  State& s = *state_;
  PAWL_ASSERT(s.stop != Stop::kError, "nothing is fed after an error");
  s.stop = Stop::kNeedMore;
  if (s.paused) {
    llhttp_resume(&s.parser);
    s.paused = false;
  }
  const llhttp_errno_t error = llhttp_execute(&s.parser, bytes.data(), bytes.size());
  if (error == HPE_OK) return {Stop::kNeedMore, bytes.size()};
  if (error == HPE_PAUSED) {
    s.paused = true;
    const char* at = llhttp_get_error_pos(&s.parser);
    return {s.stop, at == nullptr ? bytes.size() : static_cast<std::size_t>(at - bytes.data())};
  }
  if (s.stop != Stop::kError) {
    s.failure = s.failure_of(error);
    s.stop = Stop::kError;
  }
  return {Stop::kError, bytes.size()};
}

void RequestParser::next() {
  State& s = *state_;
  s.head = RequestHead{};
  s.body.clear();
  s.header_bytes = s.header_count = s.body_seen = 0;
  s.body_limit = s.limits.max_body_bytes;
  s.head_done = s.discard = false;
}

void RequestParser::limit_body(std::size_t bytes) { state_->body_limit = bytes; }
void RequestParser::discard_body() { state_->discard = true; }
RequestHead RequestParser::take_head() { return std::exchange(state_->head, {}); }
const RequestHead& RequestParser::head_so_far() const { return state_->head; }
std::string RequestParser::take_body() { return std::exchange(state_->body, {}); }
std::size_t RequestParser::body_bytes() const { return state_->body_seen; }
bool RequestParser::in_message() const { return state_->in_message; }
const ParseFailure& RequestParser::failure() const { return state_->failure; }

}  // namespace pawl::http
