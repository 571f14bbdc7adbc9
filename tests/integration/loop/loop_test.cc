// Order, time and threads on the loop.
#include "common/loop/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "common/loop/fd_poll.h"
#include "common/loop/signals.h"
#include "common/loop/timer.h"
#include "common/loop/work.h"
#include "tests/integration/loop/loop_driver.h"

namespace pawl {
namespace {

using std::chrono::steady_clock;
using testing::turn_for;
using testing::turn_until;

TEST(Loop, RunsPostsInOrderOnLaterTurns) {
  Loop loop;
  std::vector<int> order;
  loop.post([&] {
    order.push_back(1);
    loop.post([&] { order.push_back(3); });
  });
  loop.post([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  loop.run();  // ends by itself: nothing is left to wait for
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Loop, DoesNotWaitForEventsWhileSomethingIsPosted) {
  Loop loop;
  Timer far(loop);
  far.start(Millis(60'000), [] {});
  int left = 1000;
  std::function<void()> again = [&] {
    if (--left > 0) {
      loop.post(again);
    } else {
      far.stop();
    }
  };
  loop.post(again);
  const auto start = steady_clock::now();
  loop.run();
  EXPECT_EQ(left, 0);
  EXPECT_LT(steady_clock::now() - start, Millis(5000));
}

TEST(Loop, EndsATurnOnceForAllWhoAsked) {
  Loop loop;
  std::vector<std::string> seen;
  loop.post([&] {
    loop.at_turn_end([&] {
      seen.push_back("end");
      loop.at_turn_end([&] { seen.push_back("end of the end"); });
    });
    seen.push_back("first");
  });
  loop.post([&] { seen.push_back("second"); });
  loop.run();
  EXPECT_EQ(seen, (std::vector<std::string>{"first", "second", "end", "end of the end"}));
}

TEST(Loop, FreezesNowWithinATurn) {
  Loop loop;
  MonoTime first;
  MonoTime later;
  loop.post([&] {
    first = loop.now();
    const auto until = steady_clock::now() + Millis(3);
    while (steady_clock::now() < until) {}
    EXPECT_EQ(loop.now(), first);
    loop.post([&] { later = loop.now(); });
  });
  loop.run();
  EXPECT_GE(later - first, Millis(3));
}

TEST(Loop, WakesFromAnotherThread) {
  Loop loop;
  Timer far(loop);
  far.start(Millis(60'000), [] {});
  int woken = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      loop.wake([&] {
        if (++woken == 100) far.stop();
      });
    }
  });
  loop.run();
  other.join();
  EXPECT_EQ(woken, 100);
}

TEST(Timer, IsNeverEarly) {
  Loop loop;
  for (int round = 0; round < 40; ++round) {
    // A busy start of the turn makes libuv's own idea of the time old.
    const auto busy = steady_clock::now() + Micros(137 * round % 2500);
    while (steady_clock::now() < busy) {}
    Timer timer(loop);
    const auto start = steady_clock::now();
    const MonoTime frozen = loop.now();
    bool fired = false;
    timer.start(Millis(round % 4 + 1), [&] {
      EXPECT_GE(steady_clock::now() - start, Millis(round % 4 + 1));
      EXPECT_GE(loop.now() - frozen, Millis(round % 4 + 1));
      fired = true;
    });
    EXPECT_TRUE(turn_until(loop, [&] { return fired; }));
    EXPECT_FALSE(timer.active());
  }
}

TEST(Timer, IsReplacedByStartingAgainAndMayDestroyItself) {
  Loop loop;
  int first = 0;
  int second = 0;
  auto timer = std::make_unique<Timer>(loop);
  timer->start(Millis(1), [&] { ++first; });
  timer->start(Millis(2), [&] {
    ++second;
    timer.reset();
  });
  loop.run();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

TEST(Timer, RepeatsUntilStopped) {
  Loop loop;
  Timer timer(loop);
  int times = 0;
  timer.every(Millis(2), [&] {
    if (++times == 5) timer.stop();
  });
  const auto start = steady_clock::now();
  loop.run();
  EXPECT_EQ(times, 5);
  EXPECT_GE(steady_clock::now() - start, Millis(10));
}

TEST(Timer, RestartsFromItsOwnCallback) {
  Loop loop;
  Timer timer(loop);
  std::vector<int> seen;
  timer.every(Millis(1), [&] {
    seen.push_back(1);
    timer.start(Millis(1), [&] { seen.push_back(2); });
  });
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(SignalWatch, RunsOnTheLoop) {
  Loop loop;
  int seen = 0;
  SignalWatch watch(loop, SIGUSR1, [&] { ++seen; });
  raise(SIGUSR1);
  EXPECT_EQ(seen, 0);
  EXPECT_TRUE(turn_until(loop, [&] { return seen == 1; }));
}

TEST(FdPoll, TellsWhatIsReady) {
  Loop loop;
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  FdEvents seen = FdEvents::kNone;
  {
    FdPoll poll(loop, ends[0], [&](FdEvents events) { seen = events; });
    turn_for(loop, Millis(5));
    EXPECT_EQ(seen, FdEvents::kNone);
    poll.watch(FdEvents::kRead);
    turn_for(loop, Millis(5));
    EXPECT_EQ(seen, FdEvents::kNone);
    ASSERT_EQ(write(ends[1], "x", 1), 1);
    EXPECT_TRUE(turn_until(loop, [&] { return seen == FdEvents::kRead; }));
    poll.watch(FdEvents::kWrite);
    EXPECT_TRUE(turn_until(loop, [&] { return seen == FdEvents::kWrite; }));
  }
  turn_for(loop, Millis(1));
  close(ends[0]);
  close(ends[1]);
}

TEST(RunBlocking, WorksOffTheLoopAndEndsOnIt) {
  Loop loop;
  std::thread::id worked;
  std::thread::id ended;
  run_blocking(
      loop, [&] { worked = std::this_thread::get_id(); }, [&] { ended = std::this_thread::get_id(); });
  loop.run();
  EXPECT_NE(worked, std::this_thread::get_id());
  EXPECT_EQ(ended, std::this_thread::get_id());
}

TEST(Resolve, GivesNumericAddressesOnALaterTurn) {
  Loop loop;
  std::vector<std::string> named;
  std::vector<std::string> numeric;
  std::string bad;
  resolve(loop, "localhost", [&](Result<std::vector<std::string>> found) { named = found.value(); });
  resolve(loop, "::1", [&](Result<std::vector<std::string>> found) { numeric = found.value(); });
  resolve(loop, std::string(300, 'a'),
          [&](Result<std::vector<std::string>> found) { bad = found.error().code; });
  EXPECT_TRUE(numeric.empty());
  loop.run();
  EXPECT_NE(std::find(named.begin(), named.end(), "127.0.0.1"), named.end());
  EXPECT_EQ(numeric, std::vector<std::string>{"::1"});
  EXPECT_EQ(bad, "name_not_resolved");
}

}  // namespace
}  // namespace pawl
