// libcurl's multi interface on the loop: any number of transfers, one pool of connections. Loop thread only.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "common/loop/fd_poll.h"
#include "common/loop/loop.h"
#include "common/loop/timer.h"

namespace pawl::tools {

class CurlMulti {
 public:
  explicit CurlMulti(Loop& loop);
  /// Asserts that every transfer was removed or is done.
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  /// Starts the transfer of `easy`, which stays the caller's and must stay until `done` ran or `remove`.
  /// `done` runs once, on a later turn, with the handle already taken out; it may start and remove others.
  void add(CURL* easy, std::function<void(CURLcode)> done);
  /// Ends a transfer without calling its `done`; its connection is closed. Nothing when it is not under way.
  void remove(CURL* easy);

 private:
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void act(curl_socket_t fd, int events);
  void finish_done();

  Loop& loop_;
  CURLM* multi_;
  std::unordered_map<CURL*, std::function<void(CURLcode)>> transfers_;
  std::map<curl_socket_t, std::unique_ptr<FdPoll>> sockets_;
  Timer timer_;
};

}  // namespace pawl::tools
