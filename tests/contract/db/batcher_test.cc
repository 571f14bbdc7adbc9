// The batcher on a real loop: what shares a turn shares a batch.
#include "common/db/batcher.h"

#include <gtest/gtest.h>

#include <string>

namespace pawl::db {
namespace {

using Strings = Batcher<std::string>;

struct Recorder {
  Loop loop;
  std::vector<std::vector<std::string>> batches;
  std::vector<std::function<void()>> finish;
  std::unique_ptr<Strings> batcher;

  explicit Recorder(Strings::Limits limits) {
    batcher = std::make_unique<Strings>(
        loop, limits, [](const std::string& entry) { return entry.size(); },
        [this](std::vector<std::string> batch, std::function<void()> finished) {
          batches.push_back(std::move(batch));
          finish.push_back(std::move(finished));
        });
  }
  void add_all(const std::vector<std::string>& entries) {
    for (const auto& entry : entries) {
      loop.post([this, entry] { EXPECT_TRUE(batcher->add(entry)); });
    }
    loop.run();
  }
};

using Batch = std::vector<std::string>;

TEST(Batcher, SendsWhatArrivedInOneTurnTogether) {
  Recorder recorder({});
  recorder.add_all({"a", "b", "c"});
  EXPECT_EQ(recorder.batches, (std::vector<Batch>{{"a", "b", "c"}}));
}

TEST(Batcher, GathersWhileTheLastBatchIsUnderWay) {
  Recorder recorder({});
  recorder.add_all({"a"});
  recorder.add_all({"b"});
  recorder.add_all({"c"});
  EXPECT_EQ(recorder.batches.size(), 1u);
  EXPECT_EQ(recorder.batcher->queued(), 2u);
  recorder.loop.post([&] {
    recorder.finish[0]();
    EXPECT_TRUE(recorder.batcher->add("d"));  // what the end of a batch brings goes out with the next
  });
  recorder.loop.run();
  EXPECT_EQ(recorder.batches, (std::vector<Batch>{{"a"}, {"b", "c", "d"}}));
  EXPECT_EQ(recorder.batcher->in_flight(), 1);
}

TEST(Batcher, KeepsToItsLimits) {
  Strings::Limits limits;
  limits.max_entries = 3;
  limits.max_bytes = 10;
  limits.max_queued = 6;
  limits.lanes = 2;
  Recorder recorder(limits);
  recorder.add_all({"a", "b", "c", "d", "123456789", "e"});
  EXPECT_EQ(recorder.batches, (std::vector<Batch>{{"a", "b", "c"}, {"d", "123456789"}}));
  EXPECT_EQ(recorder.batcher->queued(), 1u);
  recorder.add_all({"f", "g", "h", "i", "j"});
  EXPECT_FALSE(recorder.batcher->add("one too many"));
}

TEST(Batcher, SendsAnEntryOverTheByteLimitAlone) {
  Strings::Limits limits;
  limits.max_bytes = 4;
  limits.lanes = 3;
  Recorder recorder(limits);
  recorder.add_all({"a", "way over", "b"});
  EXPECT_EQ(recorder.batches, (std::vector<Batch>{{"a"}, {"way over"}, {"b"}}));
}

TEST(Batcher, MayBeDestroyedWithABatchUnderWay) {
  Recorder recorder({});
  recorder.add_all({"a"});
  recorder.loop.post([&] {
    EXPECT_TRUE(recorder.batcher->add("b"));
    recorder.batcher.reset();
  });
  recorder.loop.run();
  recorder.finish[0]();
  EXPECT_EQ(recorder.batches.size(), 1u);
}

}  // namespace
}  // namespace pawl::db
