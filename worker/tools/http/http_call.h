// One call of the http tool: the request, its redirects, its caps, its one answer.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/egress/policy.h"
#include "common/loop/timer.h"
#include "worker/tools/http/curl_multi.h"
#include "worker/tools/http/request.h"
#include "worker/tools/http/response.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// What all calls of one tool share; outlives them.
struct HttpShared {
  HttpShared(Loop& on, const Clock& time, egress::Policy rules)
      : loop(on), clock(time), policy(std::move(rules)), multi(on) {}
  Loop& loop;
  const Clock& clock;
  const egress::Policy policy;
  CurlMulti multi;
};

class HttpCall final : public RunningCall {
 public:
  HttpCall(HttpShared& shared, HttpRequest request, CallIdentity identity, Millis timeout,
           std::function<void(ToolResult)> done);
  ~HttpCall() override;
  void cancel() override;

 private:
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  void send();
  void set_options();
  void set_body();
  void set_headers();
  void add_line(const std::string& line);
  void add_header(const std::string& name, const std::string& value);
  void transferred(CURLcode code);
  /// Follows the redirect if there is one and it may be followed; false: this answer is the last.
  bool redirect();
  [[nodiscard]] bool was_sent() const;
  void count_bytes();
  void finish(tl::expected<json::Value, Failure> output);

  HttpShared& shared_;
  HttpRequest request_;
  const CallIdentity identity_;
  std::function<void(ToolResult)> done_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::unique_ptr<curl_slist, ListDeleter> header_list_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::string blocked_;  // the address that the egress rules refused
  bool is_too_large_ = false;
  bool has_left_origin_ = false;  // a redirect went to another host: no credentials from there on
  int redirects_ = 0;
  MonoTime started_;
  ResourceUse resources_;
  Timer timer_;
};

}  // namespace pawl::tools
