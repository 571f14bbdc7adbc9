#include "common/loop/work.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <uv.h>

#include <array>
#include <memory>

#include "common/base/assert.h"
#include "common/loop/limits.h"

namespace pawl {
namespace {

struct Work {
  uv_work_t uv{};
  std::function<void()> work;
  std::function<void()> done;
};

struct Lookup {
  uv_getaddrinfo_t uv{};
  std::string host;
  Done<std::vector<std::string>> done;
};

bool is_numeric(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

tl::unexpected<Error> not_resolved(const std::string& host, const char* why) {
  return fail(ErrorKind::kUnavailable, "name_not_resolved", "cannot resolve " + host + ": " + why);
}

std::vector<std::string> addresses_of(const addrinfo* list) {
  std::vector<std::string> addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    addresses.emplace_back(text.data());
  }
  return addresses;
}

void on_resolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
  std::vector<std::string> addresses = addresses_of(found);
  uv_freeaddrinfo(found);
  if (status < 0) return lookup->done(not_resolved(lookup->host, uv_strerror(status)));
  if (addresses.empty()) return lookup->done(not_resolved(lookup->host, "no addresses"));
  lookup->done(std::move(addresses));
}

}  // namespace

void run_blocking(Loop& loop, std::function<void()> work, std::function<void()> done) {
  auto job = std::make_unique<Work>();
  job->work = std::move(work);
  job->done = std::move(done);
  job->uv.data = job.get();
  const int queued = uv_queue_work(
      loop.raw(), &job->uv, [](uv_work_t* uv) { static_cast<Work*>(uv->data)->work(); },
      [](uv_work_t* uv, int) {
        const std::unique_ptr<Work> finished(static_cast<Work*>(uv->data));
        if (finished->done) finished->done();
      });
  PAWL_ASSERT(queued == 0, "the pool takes any work");
  static_cast<void>(job.release());
}

void resolve(Loop& loop, const std::string& host, Done<std::vector<std::string>> done) {
  if (is_numeric(host)) {
    loop.post([host, done = std::move(done)] { done(std::vector<std::string>{host}); });
    return;
  }
  if (host.empty() || host.size() > kMaxHostName) {
    loop.post([done = std::move(done)] { done(not_resolved("the host", "not a host name")); });
    return;
  }
  auto lookup = std::make_unique<Lookup>();
  lookup->host = host;
  lookup->done = std::move(done);
  lookup->uv.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int queued = uv_getaddrinfo(loop.raw(), &lookup->uv, on_resolved, host.c_str(), nullptr, &hints);
  if (queued == 0) {
    static_cast<void>(lookup.release());
    return;
  }
  loop.post(
      [host, queued, done = std::move(lookup->done)] { done(not_resolved(host, uv_strerror(queued))); });
}

}  // namespace pawl
