// A resolver that lies as a hostile DNS server does: names of the form of a public one that mean this
// machine. It stands in front of libc's for this whole test program; every other name goes through.
#include <dlfcn.h>
#include <netdb.h>

#include <string_view>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto next = reinterpret_cast<Resolve>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name = node != nullptr ? node : "";
  if (name == "rebind.pawl.example") node = "127.0.0.1";
  if (name == "mapped.pawl.example") node = "::ffff:127.0.0.1";
  if (name == "metadata.pawl.example") node = "169.254.169.254";
  return next(node, service, hints, out);
}
