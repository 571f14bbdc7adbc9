// A self-signed certificate made for one test, as files.
#pragma once

#include <string>

namespace pawl::testing {

/// Files live as long as this does. The certificate is its own authority.
class TestCertificate {
 public:
  /// `names` is a subjectAltName list, as "DNS:localhost,IP:127.0.0.1".
  explicit TestCertificate(const std::string& names);
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  [[nodiscard]] std::string cert_file() const { return folder_ + "/cert.pem"; }
  [[nodiscard]] std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  std::string folder_;
};

}  // namespace pawl::testing
