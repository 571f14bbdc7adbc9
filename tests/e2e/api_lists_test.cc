// Lists: filters, limits, and keyset cursors that stay where they are while rows are added, and that nobody
// can forge.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kList = "/api/v0/executions";

class ApiLists : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  /// A tenant of each test's own.
  Client client =
      stack.client_with(kAllScopes, ::testing::UnitTest::GetInstance()->current_test_info()->name());

  std::string add(const std::string& label) {
    return client.submit(kEchoPlan, "{}", R"(,"labels":{"l":")" + label + "\"}");
  }
  static std::vector<std::string> ids_of(const HttpAnswer& answer) {
    std::vector<std::string> ids;
    const json::Value items = answer.data("items");
    if (!items.is_array()) return ids;
    for (const json::Value& item : items.as_array()) ids.push_back(member(item, "exec_id").as_string());
    return ids;
  }
  static std::string cursor_of(const HttpAnswer& answer) {
    const json::Value cursor = answer.data("next_cursor");
    return cursor.is_string() ? cursor.as_string() : "";
  }
};

TEST_F(ApiLists, PagesAreStableWhileRowsAreAdded) {
  std::vector<std::string> made;
  for (int i = 0; i < 12; ++i) made.insert(made.begin(), add("a"));
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const HttpAnswer page =
        client.get(std::string(kList) + "?limit=5" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(page.status, 200) << page.body;
    for (const std::string& id : ids_of(page)) seen.push_back(id);
    cursor = cursor_of(page);
    add("late");
  } while (!cursor.empty());
  EXPECT_EQ(seen, made);  // newest first; what came later is on no page
}

TEST_F(ApiLists, OnlyTheLimitsOfTheContractAreTaken) {
  for (const std::string list : {"executions", "tasks"}) {
    for (const std::string limit : {"0", "-1", "201", "abc", "1.5", "", "+5", "99999999999999999999"}) {
      const HttpAnswer answer = client.get("/api/v0/" + list + "?limit=" + limit);
      EXPECT_EQ(answer.status, 422) << limit;
      EXPECT_EQ(answer.code(), "validation_failed");
    }
    for (const std::string limit : {"1", "200"})
      EXPECT_EQ(client.get("/api/v0/" + list + "?limit=" + limit).status, 200);
  }
  for (int i = 0; i < 21; ++i) add("a");
  EXPECT_EQ(ids_of(client.get(kList)).size(), 20u);
}

TEST_F(ApiLists, CursorsCantBeForgedOrBorrowed) {
  for (int i = 0; i < 3; ++i) add("a");
  client.put("/api/v0/tasks/t1", kEchoPlan);
  client.put("/api/v0/tasks/t2", kEchoPlan);
  const std::string cursor = cursor_of(client.get(std::string(kList) + "?limit=1"));
  ASSERT_FALSE(cursor.empty());
  ASSERT_EQ(client.get(std::string(kList) + "?cursor=" + cursor).status, 200);
  const auto refused = [&](Client& from, const std::string& path) {
    const HttpAnswer answer = from.get(path);
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_EQ(answer.code(), "invalid_cursor") << path;
  };
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string flipped = cursor;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    refused(client, std::string(kList) + "?cursor=" + flipped);
  }
  refused(client, std::string(kList) + "?cursor=x");
  refused(client, std::string(kList) + "?cursor=" + cursor + "A");
  refused(client, std::string(kList) + "?cursor=%27%20OR%201=1");
  refused(client, "/api/v0/tasks?cursor=" + cursor);  // of another list
  Client other = stack.client_with(kAllScopes, "cursor-thief");
  refused(other, std::string(kList) + "?cursor=" + cursor);  // of another tenant
  Client second_api{stack.api(1).port(), client.key()};
  EXPECT_EQ(ids_of(second_api.get(std::string(kList) + "?cursor=" + cursor)),
            ids_of(client.get(std::string(kList) + "?cursor=" + cursor)));
}

TEST_F(ApiLists, FiltersNarrowTheList) {
  client.put("/api/v0/tasks/one", kEchoPlan);
  const std::string of_task =
      client.post("/api/v0/tasks/one/executions/async", R"({"labels":{"l":"x","m":"y"}})").text("exec_id");
  const std::string inline_one = add("x");
  const std::string failed =
      client.submit(R"({"steps":[{"id":"no","tool":"assert","with":{"that":false,"message":"no"}}]})");
  const std::string held = client.submit(kEchoPlan, "{}", R"(,"run_at":"2099-01-01T00:00:00Z")");
  for (const std::string& id : {of_task, inline_one, failed}) client.wait_end(id);
  const auto ids = [&](const std::string& query) {
    return ids_of(client.get(std::string(kList) + "?" + query));
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(ids("status=pending"), List{held});
  EXPECT_EQ(ids("status=failed"), List{failed});
  EXPECT_EQ(ids("status=failed,pending"), (List{held, failed}));
  EXPECT_EQ(ids("status=completed"), (List{inline_one, of_task}));
  EXPECT_EQ(ids("status=cancelled"), List{});
  EXPECT_EQ(ids("task_id=one"), List{of_task});
  EXPECT_EQ(ids("task_id=none"), List{});
  EXPECT_EQ(ids("label.l=x"), (List{inline_one, of_task}));
  EXPECT_EQ(ids("label.l=x&label.m=y"), List{of_task});
  EXPECT_EQ(ids("label.l=%27%20OR%20%271%27=%271"), List{});
  EXPECT_EQ(ids("label.l=x&status=completed&task_id=one"), List{of_task});
  EXPECT_EQ(ids("created_after=2099-01-01T00:00:00Z"), List{});
  EXPECT_EQ(ids("created_before=2001-01-01T00:00:00Z"), List{});
  EXPECT_EQ(ids("created_after=2001-01-01T00:00:00Z&created_before=2099-01-01T00:00:00Z").size(), 4u);
  for (const std::string query : {"status=nope", "status=failed,,pending", "created_after=x",
                                  "created_before=1", "nope=1", "label=1"}) {
    EXPECT_EQ(client.get(std::string(kList) + "?" + query).status, 422) << query;
  }
  const HttpAnswer list = client.get(std::string(kList) + "?task_id=one");
  EXPECT_TRUE(list.data("items.0.input").is_null());  // lists leave the large parts out
  EXPECT_EQ(list.text("items.0.links.self"), "/api/v0/executions/tasks/" + of_task);
  client.post("/api/v0/executions/" + held + "/cancel");
}

TEST_F(ApiLists, FilteredPagesFollowTheirCursors) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 9; ++i) {
    add("no");
    wanted.insert(wanted.begin(), add("yes"));
  }
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const HttpAnswer page =
        client.get(std::string(kList) + "?label.l=yes&limit=4" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const std::string& id : ids_of(page)) seen.push_back(id);
    cursor = cursor_of(page);
  } while (!cursor.empty());
  EXPECT_EQ(seen, wanted);
}

TEST_F(ApiLists, TasksAreListedNewestFirst) {
  for (const std::string id : {"alpha", "beta", "alphabet"}) client.put("/api/v0/tasks/" + id, kEchoPlan);
  const HttpAnswer all = client.get("/api/v0/tasks");
  ASSERT_EQ(all.data("items").as_array().size(), 3u) << all.body;
  EXPECT_EQ(all.text("items.0.id"), "alphabet");
  EXPECT_EQ(client.get("/api/v0/tasks?q=alpha").data("items").as_array().size(), 2u);
  EXPECT_EQ(client.get("/api/v0/tasks?q=%25").data("items").as_array().size(), 0u);  // no pattern, a text
  std::set<std::string> seen;
  std::string cursor;
  do {
    const HttpAnswer page = client.get("/api/v0/tasks?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor));
    seen.insert(page.text("items.0.id"));
    cursor = cursor_of(page);
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 3u);
}

}  // namespace
}  // namespace pawl::testing
