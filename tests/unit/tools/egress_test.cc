#include <gtest/gtest.h>

#include "common/egress/own_servers.h"
#include "common/egress/policy.h"

namespace pawl::egress {
namespace {

std::string code_of(const Policy& policy, const std::string& url) {
  const auto checked = policy.check(url);
  return checked ? "" : checked.error().code;
}

TEST(Egress, DeniesThisMachineAndPrivateNetworksInEverySpelling) {
  const Policy policy;
  for (const char* host : {"127.0.0.1",
                           "127.1",
                           "127.0.1",
                           "2130706433",
                           "0x7f.1",
                           "0x7f000001",
                           "0X7F.0.0.1",
                           "0177.0.0.1",
                           "017700000001",
                           "0x7f.0x0.0x0.0x1",
                           "127.0.0.1.",
                           "0",
                           "0.0.0.0",
                           "0x",
                           "[::1]",
                           "[::]",
                           "[0:0:0:0:0:0:0:1]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[::127.0.0.1]",
                           "[64:ff9b::7f00:1]",
                           "[64:ff9b:1::7f00:1]",
                           "[2002:7f00:1::]",
                           "[2001::1]",
                           "[fe80::1]",
                           "[fc00::1]",
                           "[fd12:3456::1]",
                           "[ff02::1]",
                           "[2001:db8::1]",
                           "[100::1]",
                           "localhost",
                           "LOCALHOST",
                           "localhost.",
                           "a.localhost",
                           "10.0.0.1",
                           "10.255.255.255",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "2852039166",
                           "0xa9fea9fe",
                           "100.64.0.1",
                           "100.127.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.88.99.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "metadata.google.internal"}) {
    EXPECT_EQ(code_of(policy, std::string("http://") + host + "/x"), "policy_denied") << host;
    EXPECT_EQ(code_of(policy, std::string("https://") + host + ":8443"), "policy_denied") << host;
  }
}

TEST(Egress, LetsPublicAddressesAndNamesThrough) {
  const Policy policy;
  for (const char* host :
       {"example.com", "8.8.8.8", "1.1.1.1", "172.32.0.1", "172.15.255.255", "100.128.0.1", "11.0.0.1",
        "9.255.255.255", "192.167.255.255", "169.253.0.1", "223.255.255.255", "[2606:4700::1111]",
        "localhost.example.com", "127.0.0.1.example.com", "a_b.example", "198.20.0.1"})
    EXPECT_EQ(code_of(policy, std::string("http://") + host + "/"), "") << host;
}

TEST(Egress, RefusesOtherSchemesAndCredentialsByPolicy) {
  const Policy policy;
  for (const char* url : {"file:///etc/passwd", "gopher://example.com/", "dict://example.com:11211/",
                          "ftp://example.com", "javascript:alert(1)", "FILE:///etc/passwd",
                          "http://user:secret@example.com/", "http://example.com@127.0.0.1/"})
    EXPECT_EQ(code_of(policy, url), "policy_denied") << url;
}

TEST(Egress, RefusesUrlsThatTwoReadersCouldReadDifferently) {
  const Policy policy;
  for (const std::string url : {"",
                                "http",
                                "//example.com/",
                                "http:example.com",
                                "http:///x",
                                "http://",
                                "http://exa mple.com/",
                                "http://a\\b/",
                                "http://example.com\r\nX: y/",
                                "http://example.com:0/",
                                "http://example.com:65536/",
                                "http://example.com:/",
                                "http://example.com:8o/",
                                "http://[::1/",
                                "http://::1/",
                                "http://[1.2.3.4]/",
                                "http://1.2.3.4.5/",
                                "http://256.1.1.1/",
                                "http://1.2.3.08/",
                                "http://0x100000000/",
                                "http://a..b/",
                                "http://.a/",
                                "http://ex%61mple.com/",
                                "http://ex\u00e4.com/",
                                "http://[fe80::1%25eth0]/",
                                "http://a.0x7f/",
                                "http://1.2.3.4x5.6/"}) {
    const std::string code = code_of(policy, url);
    EXPECT_TRUE(code == "invalid_url") << url << " " << code;
  }
  EXPECT_EQ(code_of(policy, "http://a.b/" + std::string(8200, 'x')), "invalid_url");
}

TEST(Egress, CanonicalFormIsWhatIsContacted) {
  EXPECT_EQ(parse_url("HTTP://0x7f.1:80/a?b#c")->to_string(), "http://127.0.0.1/a?b");
  EXPECT_EQ(parse_url("https://EXAMPLE.com.:443")->to_string(), "https://example.com/");
  EXPECT_EQ(parse_url("https://[2606:4700:0:0::1]:8443?q=1")->to_string(),
            "https://[2606:4700::1]:8443/?q=1");
  EXPECT_EQ(parse_url("http://example.com")->endpoint(), "example.com:80");
}

TEST(Egress, AllowListByHostEndpointAndRange) {
  const Policy policy =
      Policy::make({"127.0.0.1:9000", "10.1.0.0/16", "intern.example:8080", "[fd00::1]:81", "plain.example"},
                   false)
          .value();
  EXPECT_EQ(code_of(policy, "http://127.0.0.1:9000/"), "");
  EXPECT_EQ(code_of(policy, "http://0x7f.1:9000/"), "");
  EXPECT_EQ(code_of(policy, "http://localhost:9000/"), "");
  EXPECT_EQ(code_of(policy, "http://127.0.0.1:9001/"), "policy_denied");
  EXPECT_EQ(code_of(policy, "http://localhost:9001/"), "policy_denied");
  EXPECT_EQ(code_of(policy, "http://10.1.255.1/"), "");
  EXPECT_EQ(code_of(policy, "http://10.2.0.1/"), "policy_denied");
  EXPECT_EQ(code_of(policy, "http://[fd00::1]:81/"), "");
  EXPECT_EQ(code_of(policy, "http://[fd00::1]/"), "policy_denied");
  const IpAddress loopback{false, {127, 0, 0, 1}};
  EXPECT_TRUE(policy.allows(loopback, 8080, "intern.example"));
  EXPECT_FALSE(policy.allows(loopback, 8081, "intern.example"));
  EXPECT_TRUE(policy.allows(loopback, 1, "plain.example"));
  EXPECT_FALSE(policy.allows(loopback, 1, "evil.example"));
}

TEST(Egress, AnAllowedDefaultPortIsOnlyThatPort) {
  const Policy policy = Policy::make({"127.0.0.1:80"}, false).value();
  EXPECT_EQ(code_of(policy, "http://127.0.0.1/"), "");
  EXPECT_EQ(code_of(policy, "http://127.0.0.1:81/"), "policy_denied");
}

TEST(Egress, PrivateByConfigurationNeverMeansMetadataOrSpecialRanges) {
  const Policy policy = Policy::make({}, true).value();
  for (const char* host : {"127.0.0.1", "10.0.0.1", "192.168.0.1", "[::1]", "[fd00::1]", "localhost"})
    EXPECT_EQ(code_of(policy, std::string("http://") + host + "/"), "") << host;
  for (const char* host : {"169.254.169.254", "0.0.0.0", "224.0.0.1", "[::ffff:127.0.0.1]", "[fe80::1]"})
    EXPECT_EQ(code_of(policy, std::string("http://") + host + "/"), "policy_denied") << host;
}

TEST(Egress, OurOwnServersNeedAnEntryWithTheirPort) {
  const IpAddress loopback{false, {127, 0, 0, 1}};
  Policy by_range = Policy::make({"127.0.0.0/8"}, true).value();
  by_range.deny_endpoint(loopback, 5432);
  EXPECT_FALSE(by_range.allows(loopback, 5432, "127.0.0.1"));
  EXPECT_TRUE(by_range.allows(loopback, 5433, "127.0.0.1"));
  Policy by_name = Policy::make({"127.0.0.1:5432"}, false).value();
  by_name.deny_endpoint(loopback, 5432);
  EXPECT_TRUE(by_name.allows(loopback, 5432, "127.0.0.1"));
}

TEST(Egress, ABadEntryOfTheAllowListIsNamed) {
  for (const char* entry : {"10.0.0.0/33", "a b", "http://x/", "host:99999", "", "1.2.3.4/8x"}) {
    const auto policy = Policy::make({entry}, false);
    ASSERT_FALSE(policy.has_value()) << entry;
    EXPECT_NE(policy.error().message.find(entry), std::string::npos);
  }
}

TEST(Egress, ARedirectIsSeenFromWhereItWas) {
  const Url base = parse_url("https://a.example/x/y?q=1").value();
  EXPECT_EQ(resolve_reference(base, "z")->to_string(), "https://a.example/x/z");
  EXPECT_EQ(resolve_reference(base, "/z?r")->to_string(), "https://a.example/z?r");
  EXPECT_EQ(resolve_reference(base, "?r=2")->to_string(), "https://a.example/x/y?r=2");
  EXPECT_EQ(resolve_reference(base, "//b.example/z")->to_string(), "https://b.example/z");
  EXPECT_EQ(resolve_reference(base, "http://127.1/z")->to_string(), "http://127.0.0.1/z");
  EXPECT_EQ(resolve_reference(base, "file:///etc/passwd").error().code, "policy_denied");
  EXPECT_FALSE(resolve_reference(base, "/a b").has_value());
  EXPECT_FALSE(resolve_reference(base, "https://b.example").value().has_origin_of(base));
}

bool is_let_through(const Policy& policy, std::string_view address, std::uint16_t port) {
  return policy.allows(IpAddress::parse(address).value(), port, address);
}

TEST(OwnServers, AreKeptFromPlansEvenWherePrivateAddressesAreNot) {
  Policy policy = Policy::make({}, true).value();
  deny_servers(policy, "postgresql://pawl:se:cr@t@127.0.0.1:5433,[::1]:5434,10.1.2.3/pawl?host=x", 5432);
  deny_servers(policy, "amqps://localhost/%2F", 5671);
  deny_servers(policy, "host=10.9.9.9 port=6000 dbname=pawl", 5432);
  deny_servers(policy, "0.0.0.0:7070", 7070);
  deny_servers(policy, "[::]:7071", 7071);
  deny_servers(policy, "", 1);
  for (const auto& [address, port] :
       std::initializer_list<std::pair<const char*, std::uint16_t>>{{"127.0.0.1", 5433},
                                                                    {"127.9.9.9", 5433},
                                                                    {"::1", 5433},
                                                                    {"::1", 5434},
                                                                    {"10.1.2.3", 5432},
                                                                    {"127.0.0.1", 5671},
                                                                    {"10.9.9.9", 6000},
                                                                    {"127.0.0.1", 7070},
                                                                    {"::1", 7071}})
    EXPECT_FALSE(is_let_through(policy, address, port)) << address << " " << port;
  for (const auto& [address, port] : std::initializer_list<std::pair<const char*, std::uint16_t>>{
           {"127.0.0.1", 8080}, {"10.1.2.3", 5433}, {"10.9.9.9", 5432}, {"127.0.0.1", 1}})
    EXPECT_TRUE(is_let_through(policy, address, port)) << address << " " << port;
}

TEST(OwnServers, AreReachedOnlyWhereTheOperatorNamesTheEndpoint) {
  Policy named = Policy::make({"127.0.0.1:5432", "10.0.0.0/8"}, false).value();
  deny_servers(named, "postgresql://127.0.0.1/x", 5432);
  deny_servers(named, "amqp://10.0.0.1", 5672);
  EXPECT_TRUE(is_let_through(named, "127.0.0.1", 5432));
  EXPECT_FALSE(is_let_through(named, "10.0.0.1", 5672)) << "a whole range does not name it";
  EXPECT_TRUE(is_let_through(named, "10.0.0.1", 80));
}

}  // namespace
}  // namespace pawl::egress
