#include "broker/url.h"

#include <gtest/gtest.h>

namespace pawl::broker {
namespace {

TEST(AmqpUrl, ReadsEveryPart) {
  const auto url = parse_amqp_url("amqp://pawl:s%40cret@broker.example:5673/jobs");
  ASSERT_TRUE(url);
  EXPECT_FALSE(url->use_tls);
  EXPECT_EQ(url->user, "pawl");
  EXPECT_EQ(url->password, "s@cret");
  EXPECT_EQ(url->host, "broker.example");
  EXPECT_EQ(url->port, 5673);
  EXPECT_EQ(url->vhost, "jobs");
}

TEST(AmqpUrl, KnowsItsDefaults) {
  const auto plain = parse_amqp_url("amqp://u:p@h");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 5672);
  EXPECT_EQ(plain->vhost, "/");
  const auto tls = parse_amqp_url("amqps://u:p@h/");
  ASSERT_TRUE(tls);
  EXPECT_TRUE(tls->use_tls);
  EXPECT_EQ(tls->port, 5671);
  EXPECT_EQ(tls->vhost, "/");
}

TEST(AmqpUrl, DecodesVhostAndTakesIpv6) {
  const auto url = parse_amqp_url("amqp://u:p@[::1]:5672/%2Fprod");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->vhost, "/prod");
  EXPECT_EQ(url->redacted(), "amqp://[::1]:5672//prod");
}

TEST(AmqpUrl, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"",
                           "amqp://",
                           "http://u:p@h",
                           "AMQP://u:p@h",
                           "amqp://h",
                           "amqp://u@h",
                           "amqp://:p@h",
                           "amqp://u:@h",
                           "amqp://u:p@",
                           "amqp://u:p@h:0",
                           "amqp://u:p@h:65536",
                           "amqp://u:p@h:5672x",
                           "amqp://u:p@h:",
                           "amqp://u:p@h:-1",
                           "amqp://u:p@h/a/b",
                           "amqp://u:p@h/?heartbeat=1",
                           "amqp://u:p@h#x",
                           "amqp://u:%zz@h",
                           "amqp://u:%4@h",
                           "amqp://u:p q@h",
                           "amqp://u:%00@h",
                           "amqp://u:p@h ost",
                           "amqp://u:p@[::1",
                           "amqp://u:p@[::1]x",
                           "amqp://u:p@[g::1]",
                           "amqp://u:p@h\n"}) {
    const auto url = parse_amqp_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, "bad_amqp_url") << text;
    EXPECT_EQ(url.error().kind, ErrorKind::kInvalid);
  }
}

TEST(AmqpUrl, RefusesGuestOnABrokerElsewhere) {
  EXPECT_TRUE(parse_amqp_url("amqp://guest:guest@localhost"));
  EXPECT_TRUE(parse_amqp_url("amqp://guest:guest@127.0.0.2"));
  EXPECT_TRUE(parse_amqp_url("amqp://guest:guest@[::1]"));
  EXPECT_TRUE(parse_amqp_url("amqp://guest:other@broker"));
  for (const char* host : {"broker", "10.0.0.1", "127.evil.example", "localhost.evil.example"}) {
    const auto url = parse_amqp_url(std::string("amqp://guest:guest@") + host);
    ASSERT_FALSE(url) << host;
    EXPECT_EQ(url.error().code, "default_credentials");
  }
}

TEST(AmqpUrl, NeverRepeatsThePassword) {
  const auto bad = parse_amqp_url("amqp://user:hunter2@host:99999/");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message.find("hunter2"), std::string::npos);
  const auto good = parse_amqp_url("amqp://user:hunter2@host/");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->redacted(), "amqp://host:5672/");
}

}  // namespace
}  // namespace pawl::broker
