#include "tests/support/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "common/base/assert.h"

namespace pawl::testing {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using File = std::unique_ptr<FILE, Freer<fclose>>;

File open_for_writing(const std::string& path) {
  File file(fopen(path.c_str(), "w"));
  PAWL_ASSERT(file != nullptr, "the temporary folder takes files");
  return file;
}

}  // namespace

TestCertificate::TestCertificate(const std::string& names) {
  std::string pattern = (std::filesystem::temp_directory_path() / "pawl-cert-XXXXXX").string();
  PAWL_ASSERT(mkdtemp(pattern.data()) != nullptr, "the temporary folder takes folders");
  folder_ = pattern;

  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Freer<X509_free>> cert(X509_new());
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 86400);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("pawl test"),
                             -1, -1, 0);
  X509_set_issuer_name(cert.get(), subject);
  X509V3_CTX context{};
  X509V3_set_ctx(&context, cert.get(), cert.get(), nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> alternatives(
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str()));
  PAWL_ASSERT(alternatives != nullptr, "the names are a subjectAltName list");
  X509_add_ext(cert.get(), alternatives.get(), -1);
  PAWL_ASSERT(X509_sign(cert.get(), key.get(), EVP_sha256()) > 0, "a fresh key signs");

  PEM_write_X509(open_for_writing(cert_file()).get(), cert.get());
  PEM_write_PrivateKey(open_for_writing(key_file()).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

TestCertificate::~TestCertificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace pawl::testing
