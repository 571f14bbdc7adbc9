// Watching the real programs: replay and live without a gap over reconnects and restarts, faults of the
// protocol, tickets, revoked keys, many watchers, logs, the stream of all executions.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/e2e/support/stack.h"
#include "tests/e2e/support/watch_client.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;
using Way = WatchClient::Way;
using Kind = Heard::Kind;

std::string stream_path(const std::string& exec_id) {
  return "/api/v0/executions/tasks/" + exec_id + "/stream";
}
HeaderList bearer(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }
std::int64_t seq_of(const Heard& heard) { return member(heard.event, "seq").as_int(); }
std::string type_of(const Heard& heard) { return member(heard.event, "type").as_string(); }

/// `steps` short steps one after the other: 2 events each.
std::string long_plan(int steps, int ms) {
  std::string text = R"({"steps":[)";
  for (int i = 0; i < steps; ++i) {
    text += (i == 0 ? "" : ",") + std::string(R"({"id":"s)") + std::to_string(i) +
            R"(","tool":"sleep","with":{"duration":")" + std::to_string(ms) + R"(ms"}})";
  }
  return text + "]}";
}

TEST(Stream, AReconnectingWatcherSeesEverySeqOnceInOrder) {
  Stack& stack = Stack::shared();
  const std::string exec_id = stack.client().submit(long_plan(60, 50));
  std::int64_t last = 0;
  bool ended = false;
  int connections = 0;
  for (std::size_t round = 0; !ended; ++round) {
    ASSERT_LT(round, 500u);
    if (round == 7 || round == 15) {  // the API that is asked next dies and comes back
      stack.api(round % 2).kill9();
      stack.api(round % 2).start();
    }
    const Way way = round % 3 == 0 ? Way::kSse : Way::kWebSocket;
    HeaderList headers = bearer(stack.admin_key());
    std::string path = stream_path(exec_id);
    if (way == Way::kSse)
      headers.emplace_back("Last-Event-ID", std::to_string(last));
    else
      path += "?after_seq=" + std::to_string(last);
    WatchClient watch(stack.api(round % 2).port(), way, path, headers);
    ASSERT_EQ(watch.status(), way == Way::kSse ? 200 : 101);
    ++connections;
    for (std::size_t n = 0; n < 1 + round % 5 && !ended; ++n) {
      const Heard heard = watch.next();
      ASSERT_EQ(heard.kind, Kind::kEvent) << "after " << last;
      ASSERT_EQ(seq_of(heard), last + 1);
      last = seq_of(heard);
      ended = type_of(heard) == "execution.completed";
    }
  }
  EXPECT_EQ(last, 1 + 1 + 2 * 60 + 1) << "accepted, started, two a step, completed";
  EXPECT_GT(connections, 20);
}

TEST(Stream, EndsAfterTheTerminalEvent) {
  Stack& stack = Stack::shared();
  const std::string exec_id = stack.client().submit(kEchoPlan, R"({"n":1})");
  for (const Way way : {Way::kSse, Way::kWebSocket}) {
    WatchClient watch(stack.api().port(), way, stream_path(exec_id) + "?types=execution.*",
                      bearer(stack.admin_key()));
    std::vector<std::string> types;
    Heard heard = watch.next();
    for (; heard.kind == Kind::kEvent; heard = watch.next()) types.push_back(type_of(heard));
    EXPECT_EQ(types,
              (std::vector<std::string>{"execution.accepted", "execution.started", "execution.completed"}));
    EXPECT_EQ(heard.kind, way == Way::kSse ? Kind::kEnded : Kind::kClosed);
    if (way == Way::kWebSocket) {
      EXPECT_EQ(heard.code, 1000);
    }
    WatchClient late(stack.api(1).port(), way, stream_path(exec_id) + "?after_seq=1000000",
                     bearer(stack.admin_key()));
    EXPECT_EQ(late.next().kind, way == Way::kSse ? Kind::kEnded : Kind::kClosed) << "nothing more comes";
  }
}

TEST(Stream, FaultsOfTheProtocolAreClosedWithTheirCode) {
  Stack& stack = Stack::shared();
  const std::string exec_id = stack.client().submit(long_plan(1, 60'000));
  struct Fault {
    int opcode;
    std::string payload;
    bool masked;
    int code;
  };
  const std::vector<Fault> faults{{1, "hello", true, 1003},    {2, std::string(1, '\0'), true, 1003},
                                  {1, "\xff\xfe", true, 1007}, {1, std::string(70'000, 'a'), true, 1009},
                                  {3, "", true, 1002},         {1, "hello", false, 1002},
                                  {8, "\x03\xE7", true, 1002}, {8, "\x03\xE8", true, 1000}};
  for (const Fault& fault : faults) {
    WatchClient watch(stack.api().port(), Way::kWebSocket, stream_path(exec_id), bearer(stack.admin_key()));
    ASSERT_EQ(watch.status(), 101);
    watch.send_frame(fault.opcode, fault.payload, fault.masked);
    Heard heard = watch.next();
    while (heard.kind == Kind::kEvent) heard = watch.next();
    EXPECT_EQ(heard.kind, Kind::kClosed) << fault.opcode;
    EXPECT_EQ(heard.code, fault.code)
        << "opcode " << fault.opcode << " of " << fault.payload.size() << " bytes";
  }
  WatchClient watch(stack.api().port(), Way::kWebSocket, stream_path(exec_id) + "?types=execution.completed",
                    bearer(stack.admin_key()));
  watch.send_frame(9, "are you there");
  EXPECT_EQ(watch.next().kind, Kind::kPong);
  stack.client().post("/api/v0/executions/" + exec_id + "/cancel");
}

TEST(Stream, WhatCanNotBeWatchedIsAnsweredAsEverywhere) {
  Stack& stack = Stack::shared();
  Client client = stack.client();
  const std::string exec_id = client.submit(kEchoPlan, R"({"n":1})");
  const std::string path = stream_path(exec_id);
  EXPECT_EQ(client.get(stream_path("01a1f843-7bc5-72b9-ae70-4a3a7e623b00")).status, 404);
  EXPECT_EQ(stack.client_with(kAllScopes, "stream-stranger").get(path).status, 404)
      << "a foreign id is an unknown one";
  EXPECT_EQ(client.get(path, {{"Last-Event-ID", "x"}}).status, 400);
  EXPECT_EQ(client.get(path + "?after_seq=-1").status, 400);
  EXPECT_EQ(client.get(path + "?types=step.nonsense").status, 400);
  EXPECT_EQ(client.get(path, {{"Authorization", ""}}).status, 401);
  EXPECT_EQ(client.get(path, {{"Origin", "http://evil.example"}}).code(), "origin_forbidden");
  EXPECT_EQ(stack.client_with(R"(["exec:write"])").get(path).status, 403);
  const HttpAnswer old = client.get(path, {{"Connection", "Upgrade"},
                                           {"Upgrade", "websocket"},
                                           {"Sec-WebSocket-Version", "8"},
                                           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  EXPECT_EQ(old.status, 426);
  EXPECT_EQ(old.code(), "upgrade_required");
  EXPECT_EQ(old.header("sec-websocket-version"), "13");
}

TEST(Stream, ATicketIsGoodOnceAtAnyApi) {
  Stack& stack = Stack::shared();
  const std::string exec_id = stack.client().submit(kEchoPlan, R"({"n":1})");
  const HttpAnswer made = stack.client(0).post("/api/v0/tickets");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string path = stream_path(exec_id) + "?ticket=" + made.text("ticket");
  EXPECT_EQ(Client(stack.api(1).port(), "")
                .get("/api/v0/executions/" + exec_id + "?ticket=" + made.text("ticket"))
                .status,
            401);
  EXPECT_EQ(WatchClient(stack.api(1).port(), Way::kWebSocket, path, {}).status(), 101);
  EXPECT_EQ(WatchClient(stack.api(1).port(), Way::kWebSocket, path, {}).status(), 401);
  EXPECT_EQ(WatchClient(stack.api(0).port(), Way::kSse, path, {}).status(), 401);
}

TEST(Stream, ARevokedKeyLosesItsOpenStreams) {
  Stack& stack = Stack::shared();
  const std::string exec_id = stack.client().submit(long_plan(1, 60'000));
  const HttpAnswer made = stack.client().post("/api/v0/keys", R"({"name":"watcher","scopes":["exec:read"]})");
  WatchClient watch(stack.api(1).port(), Way::kWebSocket, stream_path(exec_id) + "?types=step.log",
                    bearer(made.text("key")));
  ASSERT_EQ(watch.status(), 101);
  stack.client(0).remove("/api/v0/keys/" + made.text("id"));
  const Heard heard = watch.next(5s);
  EXPECT_EQ(heard.kind, Kind::kClosed);
  EXPECT_EQ(heard.code, 1008);
  stack.client().post("/api/v0/executions/" + exec_id + "/cancel");
}

TEST(Stream, TwoHundredWatchersSeeTheSame) {
  Stack& stack = Stack::shared();
  const std::string exec_id = stack.client().submit(long_plan(20, 100));
  std::vector<std::unique_ptr<WatchClient>> watchers;
  for (std::size_t i = 0; i < 200; ++i)
    watchers.push_back(std::make_unique<WatchClient>(stack.api(i % 2).port(),
                                                     i % 4 < 2 ? Way::kSse : Way::kWebSocket,
                                                     stream_path(exec_id), bearer(stack.admin_key())));
  for (const auto& watcher : watchers) {
    for (std::int64_t seq = 1; seq <= 43; ++seq) {
      const Heard heard = watcher->next(20s);
      ASSERT_EQ(heard.kind, Kind::kEvent);
      ASSERT_EQ(seq_of(heard), seq);
    }
  }
}

TEST(Stream, AllExecutionsOfATenantFiltered) {
  Stack& stack = Stack::shared();
  Client mine = stack.client_with(kAllScopes, "stream-overview"),
         other = stack.client_with(kAllScopes, "stream-overview-other");
  WatchClient watch(stack.api(1).port(), Way::kWebSocket,
                    "/api/v0/executions/stream?status=completed&label.team=red", bearer(mine.key()));
  ASSERT_EQ(watch.status(), 101);
  other.submit(kEchoPlan, "{}", R"(,"labels":{"team":"red"})");
  mine.submit(kEchoPlan, "{}", R"(,"labels":{"team":"blue"})");
  const std::string wanted = mine.submit(kEchoPlan, "{}", R"(,"labels":{"team":"red"})");
  const Heard heard = watch.next();
  ASSERT_EQ(heard.kind, Kind::kEvent);
  EXPECT_EQ(member(heard.event, "exec_id").as_string(), wanted);
  EXPECT_EQ(type_of(heard), "execution.completed");
  EXPECT_EQ(watch.next(2s).kind, Kind::kNothing) << "neither the other tenant's nor the blue one";
}

}  // namespace
}  // namespace pawl::testing
