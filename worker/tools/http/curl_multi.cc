#include "worker/tools/http/curl_multi.h"

#include <csignal>
#include <utility>

#include "common/base/assert.h"
#include "worker/tools/http/limits.h"

namespace pawl::tools {

CurlMulti::CurlMulti(Loop& loop) : loop_(loop), timer_(loop) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  PAWL_ASSERT(global == CURLE_OK, "libcurl starts");
  // With CURLOPT_NOSIGNAL libcurl leaves this to us: OpenSSL writes to sockets that the peer may have closed.
  std::signal(SIGPIPE, SIG_IGN);
  multi_ = curl_multi_init();
  PAWL_ASSERT(multi_ != nullptr, "libcurl has memory");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxOpenConnections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
}

CurlMulti::~CurlMulti() {
  PAWL_ASSERT(transfers_.empty(), "no transfer outlives the pool");
  curl_multi_cleanup(multi_);  // takes the sockets of idle connections out through on_socket
}

void CurlMulti::add(CURL* easy, std::function<void(CURLcode)> done) {
  transfers_.emplace(easy, std::move(done));
  const CURLMcode added = curl_multi_add_handle(multi_, easy);
  PAWL_ASSERT(added == CURLM_OK, "a fresh handle is taken");
}

void CurlMulti::remove(CURL* easy) {
  if (transfers_.erase(easy) > 0) curl_multi_remove_handle(multi_, easy);
}

int CurlMulti::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi.sockets_.erase(fd);
    return 0;
  }
  auto& poll = multi.sockets_[fd];
  if (!poll) {
    poll = std::make_unique<FdPoll>(multi.loop_, fd, [&multi, fd](FdEvents events) {
      multi.act(fd, (has(events, FdEvents::kRead) ? CURL_CSELECT_IN : 0) |
                        (has(events, FdEvents::kWrite) ? CURL_CSELECT_OUT : 0));
    });
  }
  poll->watch(what == CURL_POLL_IN      ? FdEvents::kRead
              : what == CURL_POLL_OUT   ? FdEvents::kWrite
              : what == CURL_POLL_INOUT ? FdEvents::kReadWrite
                                        : FdEvents::kNone);
  return 0;
}

int CurlMulti::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (timeout_ms < 0)
    multi.timer_.stop();
  else
    multi.timer_.start(Millis{timeout_ms}, [&multi] { multi.act(CURL_SOCKET_TIMEOUT, 0); });
  return 0;
}

void CurlMulti::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  finish_done();
}

void CurlMulti::finish_done() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with the removal
    const auto found = transfers_.find(easy);
    if (found == transfers_.end()) continue;
    auto done = std::move(found->second);
    transfers_.erase(found);
    curl_multi_remove_handle(multi_, easy);
    done(code);
  }
}

}  // namespace pawl::tools
