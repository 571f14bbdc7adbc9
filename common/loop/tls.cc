#include "common/loop/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace pawl {
namespace {

tl::unexpected<Error> tls_error(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return fail(ErrorKind::kInvalid, "bad_tls_settings", what + ": " + text.data());
}

void set_common(ssl_ctx_st* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

Result<void> use_key_pair(ssl_ctx_st* context, const std::string& cert_file, const std::string& key_file) {
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1)
    return tls_error("cannot use certificate " + cert_file);
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return tls_error("cannot use key " + key_file);
  if (SSL_CTX_check_private_key(context) != 1)
    return tls_error("key " + key_file + " does not fit the certificate");
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::client(const std::string& ca_file,
                                                       const std::string& cert_file,
                                                       const std::string& key_file) {
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_client_method())));
  if (made->context_ == nullptr) return tls_error("cannot make a TLS context");
  set_common(made->context_);
  SSL_CTX_set_verify(made->context_, SSL_VERIFY_PEER, nullptr);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(made->context_)
                                     : SSL_CTX_load_verify_file(made->context_, ca_file.c_str());
  if (loaded != 1)
    return tls_error("cannot use the authorities in " + (ca_file.empty() ? "the system's store" : ca_file));
  if (!cert_file.empty()) TRY(use_key_pair(made->context_, cert_file, key_file));
  return made;
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& cert_file,
                                                       const std::string& key_file) {
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  if (made->context_ == nullptr) return tls_error("cannot make a TLS context");
  set_common(made->context_);
  SSL_CTX_set_session_cache_mode(made->context_, SSL_SESS_CACHE_OFF);
  TRY(use_key_pair(made->context_, cert_file, key_file));
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace pawl
