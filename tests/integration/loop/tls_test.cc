// TLS streams on loopback, with certificates made for the test.
#include "common/loop/tls.h"

#include <gtest/gtest.h>

#include "common/loop/stream.h"
#include "common/loop/timer.h"
#include "tests/integration/loop/loop_driver.h"
#include "tests/support/certificate.h"

namespace pawl {
namespace {

using testing::turn_for;
using testing::turn_until;

struct TlsServer {
  Loop& loop;
  testing::TestCertificate certificate;
  std::shared_ptr<TlsContext> context;
  std::unique_ptr<Stream> stream;
  std::string received;
  std::string close_code;
  bool echo = true;
  std::unique_ptr<Listener> listener;

  TlsServer(Loop& on, const std::string& names) : loop(on), certificate(names) {
    context = TlsContext::server(certificate.cert_file(), certificate.key_file()).value();
    ListenOptions options;
    options.tls = context.get();
    listener = listen_stream(loop, options, [this](std::unique_ptr<Stream> accepted) {
                 stream = std::move(accepted);
                 StreamHandler handler;
                 handler.on_data = [this](std::string_view bytes) {
                   received += bytes;
                   if (echo) stream->write(std::string(bytes));
                 };
                 handler.on_close = [this](const Error& error) { close_code = error.code; };
                 stream->set_handler(std::move(handler));
               }).value();
  }
};

/// What a connection attempt ended with: the stream, or the error's code and message.
struct Outcome {
  std::unique_ptr<Stream> stream;
  std::string code;
  std::string message;
};

Outcome connect_to(TlsServer& server, const std::string& host, const std::string& authority) {
  const auto context = TlsContext::client(authority).value();
  Outcome outcome;
  ConnectOptions options;
  options.host = host;
  options.port = server.listener->port();
  options.tls = context.get();
  const auto pending = connect_stream(server.loop, options, [&](Result<std::unique_ptr<Stream>> stream) {
    if (stream) {
      outcome.stream = std::move(*stream);
      return;
    }
    outcome.code = stream.error().code;
    outcome.message = stream.error().message;
  });
  EXPECT_TRUE(turn_until(server.loop, [&] { return outcome.stream || !outcome.code.empty(); }));
  return outcome;
}

TEST(TlsStream, EchoesMoreThanTheSocketHolds) {
  Loop loop;
  TlsServer server(loop, "DNS:localhost");
  Outcome client = connect_to(server, "localhost", server.certificate.cert_file());
  ASSERT_TRUE(client.stream) << client.message;
  std::string received;
  std::string close_code;
  StreamHandler handler;
  handler.on_data = [&](std::string_view bytes) { received += bytes; };
  handler.on_close = [&](const Error& error) { close_code = error.code; };
  client.stream->set_handler(std::move(handler));
  std::string big;
  for (int i = 0; i < 2'000'000; ++i) big += static_cast<char>('a' + i % 23);
  for (std::size_t at = 0; at < big.size(); at += 9'001) client.stream->write(big.substr(at, 9'001));
  EXPECT_TRUE(turn_until(loop, [&] { return received.size() == big.size(); }));
  EXPECT_TRUE(received == big);
  server.stream->write("bye");
  server.stream->close_after_flush(Millis(2000));
  EXPECT_TRUE(turn_until(loop, [&] { return close_code == "peer_closed" && server.close_code == "closed"; }));
  EXPECT_TRUE(received.ends_with("bye"));
}

TEST(TlsStream, ChecksTheAddressInTheCertificate) {
  Loop loop;
  TlsServer server(loop, "IP:127.0.0.1");
  EXPECT_TRUE(connect_to(server, "127.0.0.1", server.certificate.cert_file()).stream);
  const Outcome wrong = connect_to(server, "localhost", server.certificate.cert_file());
  EXPECT_EQ(wrong.code, "tls_failed");
  EXPECT_NE(wrong.message.find("ostname mismatch"), std::string::npos) << wrong.message;
}

TEST(TlsStream, RefusesACertificateItDoesNotKnow) {
  Loop loop;
  TlsServer server(loop, "DNS:localhost");
  const testing::TestCertificate other("DNS:localhost");
  const Outcome refused = connect_to(server, "localhost", other.cert_file());
  EXPECT_EQ(refused.code, "tls_failed");
  EXPECT_FALSE(server.stream);
}

TEST(TlsStream, HoldsBackWhileReadingIsPaused) {
  Loop loop;
  TlsServer server(loop, "DNS:localhost");
  server.echo = false;
  Outcome client = connect_to(server, "localhost", server.certificate.cert_file());
  ASSERT_TRUE(client.stream);
  client.stream->set_handler({});
  EXPECT_TRUE(turn_until(loop, [&] { return server.stream != nullptr; }));
  server.stream->pause_reading();
  client.stream->write(std::string(100'000, 'p'));
  turn_for(loop, Millis(30));
  EXPECT_EQ(server.received.size(), 0u);
  server.stream->resume_reading();
  EXPECT_TRUE(turn_until(loop, [&] { return server.received.size() == 100'000; }));
}

TEST(TlsListener, CutsWhatDoesNotSpeakTls) {
  Loop loop;
  TlsServer server(loop, "DNS:localhost");
  ConnectOptions options;
  options.host = "127.0.0.1";
  options.port = server.listener->port();
  std::unique_ptr<Stream> plain;
  std::string close_code;
  const auto pending = connect_stream(loop, options, [&](Result<std::unique_ptr<Stream>> stream) {
    plain = std::move(stream.value());
    StreamHandler handler;
    handler.on_close = [&](const Error& error) { close_code = error.code; };
    plain->set_handler(std::move(handler));
    plain->write("GET / HTTP/1.1\r\n\r\n");
  });
  EXPECT_TRUE(turn_until(loop, [&] { return !close_code.empty(); }));
  EXPECT_FALSE(server.stream);
}

TEST(Connect, GivesUpOnAPeerThatNeverAnswersTheHandshake) {
  Loop loop;
  std::vector<std::unique_ptr<Stream>> silent;
  const auto listener = listen_stream(loop, {}, [&](std::unique_ptr<Stream> stream) {
                          silent.push_back(std::move(stream));
                        }).value();
  const testing::TestCertificate certificate("DNS:localhost");
  const auto context = TlsContext::client(certificate.cert_file()).value();
  ConnectOptions options;
  options.host = "127.0.0.1";
  options.port = listener->port();
  options.tls = context.get();
  options.timeout = Millis(60);
  std::string code;
  const auto start = std::chrono::steady_clock::now();
  const auto pending = connect_stream(
      loop, options, [&](Result<std::unique_ptr<Stream>> stream) { code = stream.error().code; });
  EXPECT_TRUE(turn_until(loop, [&] { return !code.empty(); }));
  EXPECT_EQ(code, "connect_timeout");
  EXPECT_GE(std::chrono::steady_clock::now() - start, Millis(60));
}

}  // namespace
}  // namespace pawl
