// TCP streams against real sockets on loopback.
#include "common/loop/stream.h"

#include <gtest/gtest.h>

#include "common/loop/limits.h"
#include "common/loop/timer.h"
#include "tests/integration/loop/loop_driver.h"

namespace pawl {
namespace {

using testing::turn_for;
using testing::turn_until;

/// One accepted stream and one connected to it, with what each received.
struct Pair {
  struct End {
    std::unique_ptr<Stream> stream;
    std::string received;
    std::string close_code;
    bool ended = false;
    int drains = 0;
  };

  Loop loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<PendingConnect> pending;
  End server;
  End client;

  static StreamHandler handler(End& end) {
    StreamHandler made;
    made.on_data = [&end](std::string_view bytes) { end.received += bytes; };
    made.on_drain = [&end] { ++end.drains; };
    made.on_close = [&end](const Error& error) { end.close_code = error.code; };
    return made;
  }

  Pair() {
    listener = listen_stream(loop, {}, [this](std::unique_ptr<Stream> stream) {
                 server.stream = std::move(stream);
                 server.stream->set_handler(handler(server));
               }).value();
    ConnectOptions options;
    options.host = "127.0.0.1";
    options.port = listener->port();
    pending = connect_stream(loop, options, [this](Result<std::unique_ptr<Stream>> stream) {
      ASSERT_TRUE(stream) << stream.error().message;
      client.stream = std::move(*stream);
      client.stream->set_handler(handler(client));
    });
    EXPECT_TRUE(turn_until(loop, [this] { return server.stream && client.stream; }));
  }
};

TEST(TcpStream, CarriesBytesBothWays) {
  Pair pair;
  pair.client.stream->write("hello ");
  pair.client.stream->write("there");
  pair.server.stream->write("and back");
  EXPECT_TRUE(turn_until(pair.loop, [&] {
    return pair.server.received == "hello there" && pair.client.received == "and back";
  }));
  EXPECT_EQ(pair.server.stream->peer_address(), "127.0.0.1");
}

TEST(TcpStream, CarriesMoreThanTheSocketHolds) {
  Pair pair;
  std::string big;
  for (int i = 0; i < 3'000'000; ++i) big += static_cast<char>('a' + i % 23);
  for (std::size_t at = 0; at < big.size(); at += 10'007) pair.client.stream->write(big.substr(at, 10'007));
  EXPECT_EQ(pair.client.stream->queued(), big.size());
  EXPECT_TRUE(turn_until(pair.loop, [&] { return pair.server.received.size() == big.size(); }));
  EXPECT_TRUE(pair.server.received == big);
  EXPECT_EQ(pair.client.stream->queued(), 0u);
  EXPECT_EQ(pair.client.drains, 1);
}

TEST(TcpStream, KeepsWhatAReaderThatNeverReadsDoesNotTake) {
  Pair pair;
  pair.server.stream->pause_reading();
  const std::string block(64 * 1024, 'x');
  for (int i = 0; i < 1024; ++i) {
    pair.client.stream->write(block);
    if (i % 64 == 0) turn_for(pair.loop, Millis(1));
  }
  turn_for(pair.loop, Millis(50));
  EXPECT_GT(pair.client.stream->queued(), kWriteHighWater);
  const int drains = pair.client.drains;  // while the kernel's buffers filled
  turn_for(pair.loop, Millis(20));
  EXPECT_EQ(pair.client.drains, drains);
  EXPECT_EQ(pair.server.received.size(), 0u);
  pair.client.stream->close_after_flush(Millis(50));
  EXPECT_TRUE(turn_until(
      pair.loop, [&] { return pair.client.close_code == "closed"; }, Millis(1000)));
}

TEST(TcpStream, DeliversWhatWasQueuedBeforeItCloses) {
  Pair pair;
  pair.server.stream->write(std::string(500'000, 'y'));
  pair.server.stream->close_after_flush(Millis(3000));
  pair.client.stream->write("ignored: the other side no longer listens");
  EXPECT_TRUE(turn_until(pair.loop, [&] { return pair.client.close_code == "peer_closed"; }));
  EXPECT_EQ(pair.client.received.size(), 500'000u);
  EXPECT_TRUE(turn_until(pair.loop, [&] { return pair.server.close_code == "closed"; }));
  EXPECT_EQ(pair.server.received, "");
}

TEST(TcpStream, GoesOnWritingAfterAHalfCloseWhenAsked) {
  Pair pair;
  StreamHandler handler = Pair::handler(pair.server);
  handler.on_end = [&] { pair.server.ended = true; };
  pair.server.stream->set_handler(std::move(handler));
  pair.client.stream->write("request");
  pair.client.stream->close_after_flush(Millis(3000));
  EXPECT_TRUE(turn_until(pair.loop, [&] { return pair.server.ended; }));
  EXPECT_EQ(pair.server.received, "request");
  EXPECT_EQ(pair.server.close_code, "");
  pair.server.stream->write("answer");
  pair.server.stream->close_after_flush(Millis(3000));
  EXPECT_TRUE(turn_until(
      pair.loop, [&] { return pair.server.close_code == "closed" && pair.client.close_code == "closed"; }));
}

TEST(TcpStream, TellsOfAReset) {
  Pair pair;
  pair.server.stream->write(std::string(4'000'000, 'z'));
  turn_for(pair.loop, Millis(5));
  pair.client.stream->pause_reading();
  pair.server.stream->write("more than was read");
  turn_for(pair.loop, Millis(5));
  pair.client.stream.reset();  // unread bytes: the kernel answers with a reset
  EXPECT_TRUE(turn_until(pair.loop, [&] { return !pair.server.close_code.empty(); }));
}

TEST(TcpStream, TakesAWriteToAPeerThatIsGoneForAnError) {
  Pair pair;
  pair.server.stream->pause_reading();
  pair.client.stream.reset();
  turn_for(pair.loop, Millis(5));
  for (int i = 0; i < 3 && pair.server.close_code.empty(); ++i) {
    pair.server.stream->write("to nobody");  // the first brings a reset, the second would raise SIGPIPE
    turn_for(pair.loop, Millis(5));
  }
  EXPECT_EQ(pair.server.close_code, "reset");
}

TEST(TcpStream, SendsBeforeTheLoopWaits) {
  Pair pair;
  Timer far(pair.loop);
  far.start(Millis(20'000), [] {});
  int rounds = 0;
  StreamHandler handler;
  handler.on_data = [&](std::string_view) {
    if (++rounds == 1) {
      pair.loop.post([&] { pair.client.stream->write("from a post"); });
    } else if (rounds == 2) {
      far.start(Millis(1), [&] {
        far.start(Millis(20'000), [] {});
        pair.client.stream->write("from a timer");
      });
    } else {
      pair.loop.stop();
    }
  };
  pair.server.stream->set_handler(std::move(handler));
  pair.client.stream->write("from outside");
  const auto start = std::chrono::steady_clock::now();
  pair.loop.run();
  EXPECT_EQ(rounds, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - start, Millis(5000));
}

TEST(TcpStream, CallsNothingOnceDestroyed) {
  Pair pair;
  pair.server.stream->write("lost");
  pair.server.stream.reset();
  EXPECT_TRUE(turn_until(pair.loop, [&] { return pair.client.close_code == "peer_closed"; }));
  EXPECT_EQ(pair.server.close_code, "");
}

TEST(TcpStream, MayBeDestroyedByItsOwnCallback) {
  Pair pair;
  StreamHandler handler;
  auto kept = std::make_shared<std::string>("still here");
  handler.on_data = [&pair, kept](std::string_view) {
    pair.server.stream.reset();
    EXPECT_EQ(*kept, "still here");
  };
  pair.server.stream->set_handler(std::move(handler));
  pair.client.stream->write("x");
  EXPECT_TRUE(turn_until(pair.loop, [&] { return pair.client.close_code == "peer_closed"; }));
}

TEST(Connect, IsRefusedWhereNobodyListens) {
  Loop loop;
  std::uint16_t port = 0;
  {
    auto listener = listen_stream(loop, {}, [](std::unique_ptr<Stream>) {}).value();
    port = listener->port();
  }
  turn_for(loop, Millis(2));
  std::string code;
  ConnectOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  const auto pending = connect_stream(
      loop, options, [&](Result<std::unique_ptr<Stream>> stream) { code = stream.error().code; });
  EXPECT_EQ(code, "");
  EXPECT_TRUE(turn_until(loop, [&] { return !code.empty(); }));
  EXPECT_EQ(code, "connection_refused");
}

TEST(Connect, ReportsANameThatDoesNotResolve) {
  Loop loop;
  std::string code;
  ConnectOptions options;
  options.host = "no-such-host.invalid";
  options.port = 1;
  options.timeout = Millis(30'000);
  const auto pending = connect_stream(
      loop, options, [&](Result<std::unique_ptr<Stream>> stream) { code = stream.error().code; });
  EXPECT_TRUE(turn_until(
      loop, [&] { return !code.empty(); }, Millis(30'000)));
  EXPECT_EQ(code, "name_not_resolved");
}

TEST(Connect, CallsNothingOnceCancelled) {
  Loop loop;
  bool called = false;
  auto listener = listen_stream(loop, {}, [](std::unique_ptr<Stream>) {}).value();
  ConnectOptions options;
  options.host = "127.0.0.1";
  options.port = listener->port();
  auto pending = connect_stream(loop, options, [&](Result<std::unique_ptr<Stream>>) { called = true; });
  pending.reset();
  turn_for(loop, Millis(50));
  EXPECT_FALSE(called);
}

TEST(Listener, RefusesAPortInUse) {
  Loop loop;
  ListenOptions options;
  options.reuse_port = false;
  const auto first = listen_stream(loop, options, [](std::unique_ptr<Stream>) {}).value();
  options.port = first->port();
  const auto second = listen_stream(loop, options, [](std::unique_ptr<Stream>) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "address_in_use");
  options.address = "localhost";
  EXPECT_EQ(listen_stream(loop, options, [](std::unique_ptr<Stream>) {}).error().code, "bad_address");
}

}  // namespace
}  // namespace pawl
