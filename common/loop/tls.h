// TLS settings for clients and servers, over OpenSSL 3 memory BIOs: one filter for HTTP and AMQP.
#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"

struct ssl_ctx_st;

namespace pawl {

class TlsContext {
 public:
  /// Verifies peer and host name against `ca_file` ("" = the system's store). TLS 1.2 or later.
  static Result<std::shared_ptr<TlsContext>> client(const std::string& ca_file,
                                                    const std::string& cert_file = "",
                                                    const std::string& key_file = "");
  static Result<std::shared_ptr<TlsContext>> server(const std::string& cert_file,
                                                    const std::string& key_file);
  ~TlsContext();
  [[nodiscard]] ssl_ctx_st* raw() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace pawl
