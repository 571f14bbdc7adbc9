#include "api/cli/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>

#include "api/cli/exit_code.h"
#include "common/process/program.h"

namespace pawl::cli {
namespace {

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

/// One exchange under way; libcurl's callbacks get a pointer to it.
struct Exchange {
  const HttpRequest& request;
  HttpAnswer answer;
  CURL* easy;
  bool too_large = false;
  bool ended_by_us = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  long status = 0;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
  if (exchange.request.on_data && status >= 200 && status < 300) {
    exchange.ended_by_us = !exchange.request.on_data({data, size});
    return exchange.ended_by_us ? 0 : size;
  }
  exchange.too_large = exchange.answer.body.size() + size > kMaxAnswer;
  if (exchange.too_large) return 0;
  exchange.answer.body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  exchange.answer.headers[name] = std::string(value);
  return size;
}

/// A stack on this machine is never asked for through the proxy of the environment.
bool is_loopback(std::string_view url) {
  const std::string_view host = url.substr(std::min(url.find("//"), url.size() - 2) + 2);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(std::string url, std::string api_key) : url_(std::move(url)), api_key_(std::move(api_key)) {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(global);
    multi_.reset(curl_multi_init());
    easy_.reset(curl_easy_init());
  }

  Result<HttpAnswer> send(const HttpRequest& request) override {
    if (!easy_ || !multi_) return fail(ErrorKind::kInternal, "no_client", "libcurl can't be started");
    curl_easy_reset(easy_.get());
    Exchange exchange{request, {}, easy_.get()};
    const HeaderList headers = prepare(exchange);
    const CURLcode code = perform(request);
    if (exchange.too_large) return fail(ErrorKind::kInternal, "answer_too_large", "the answer is over 80 MB");
    if (code != CURLE_OK && !exchange.ended_by_us) return fail(error_of(code));
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    exchange.answer.status = static_cast<int>(status);
    return std::move(exchange.answer);
  }

 private:
  HeaderList prepare(Exchange& exchange) {
    CURL* const easy = easy_.get();
    const HttpRequest& request = exchange.request;
    curl_easy_setopt(easy, CURLOPT_URL, (url_ + request.target).c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (is_loopback(url_)) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, ("pawl/" + std::string(process::kVersion)).c_str());
    curl_slist* list = nullptr;
    const auto add = [&list](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
    add("Expect:");
    if (!api_key_.empty()) add("Authorization: Bearer " + api_key_);
    if (request.body) {
      add("Content-Type: " + request.content_type);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body->data());
    }
    for (const auto& [name, value] : request.headers) add(name + ": " + value);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    return HeaderList(list);
  }

  /// curl_easy_perform that looks up every kTick.
  CURLcode perform(const HttpRequest& request) {
    curl_multi_add_handle(multi_.get(), easy_.get());
    CURLcode code = CURLE_OK;
    int running = 1;
    while (running > 0) {
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return finish(CURLE_FAILED_INIT);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg == CURLMSG_DONE) code = message->data.result;
      }
      if (running == 0) break;
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(kTick.count()), nullptr);
      if (request.on_tick) request.on_tick();
    }
    return finish(code);
  }

  CURLcode finish(CURLcode code) {
    curl_multi_remove_handle(multi_.get(), easy_.get());
    return code;
  }

  [[nodiscard]] Error error_of(CURLcode code) const {
    const std::string why = curl_easy_strerror(code);
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT: {
        curl_off_t connected = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_CONNECT_TIME_T, &connected);
        if (connected > 0) {
          return {ErrorKind::kTimeout, "no_answer", "no answer from " + url_ + " in time",
                  "try again, or see: pawl doctor"};
        }
        break;
      }
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        return {ErrorKind::kInvalid, "bad_url", "'" + url_ + "' is no address of an API",
                "give --url http://host:port"};
      default: break;
    }
    return {ErrorKind::kUnavailable, "unreachable", "cannot reach " + url_ + " (" + why + ")",
            "is the API running? Try: pawl doctor"};
  }

  std::string url_;
  std::string api_key_;
  Multi multi_;
  Easy easy_;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(const std::string& url, const std::string& api_key) {
  return std::make_unique<CurlTransport>(url, api_key);
}

}  // namespace pawl::cli
