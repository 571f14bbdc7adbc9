// A loop and a database of the shared server, with calls that wait for their answer.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "common/db/connection.h"
#include "common/db/params.h"
#include "tests/support/postgres.h"

namespace pawl::testing {

inline bool turn_until(Loop& loop, const std::function<bool()>& condition, Millis longest = Millis(10'000)) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.run_for(Millis(20));
  }
  return true;
}

using RowsResult = Result<std::vector<db::RowsPtr>>;

/// One connection of its own on `url`.
struct OneConnection {
  Loop& loop;
  std::unique_ptr<db::Connecting> connecting;
  std::unique_ptr<db::Connection> connection;
  std::string connect_error;
  std::string lost;

  OneConnection(Loop& on, db::ConnectionOptions options) : loop(on) {
    connecting = db::connect(
        loop, std::move(options), [this](const Error& why) { lost = why.code; },
        [this](Result<std::unique_ptr<db::Connection>> made) {
          if (made) {
            connection = std::move(*made);
          } else {
            connect_error = made.error().code;
          }
        });
    EXPECT_TRUE(turn_until(loop, [this] { return connection || !connect_error.empty(); }));
  }

  RowsResult run(std::vector<db::Call> calls, std::vector<Uuid> tenants = {},
                 MonoTime deadline = MonoTime::max()) {
    std::optional<RowsResult> answer;
    connection->run(std::move(calls), tenants, deadline,
                    [&](RowsResult result) { answer.emplace(std::move(result)); });
    EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    EXPECT_TRUE(turn_until(loop, [&] { return answer.has_value(); }));
    return std::move(*answer);
  }

  /// The first column of the only row.
  std::string one(const db::Statement& statement, db::Params params = {}) {
    std::vector<db::Call> calls;
    calls.push_back({&statement, std::move(params)});
    RowsResult result = run(std::move(calls));
    EXPECT_TRUE(result) << result.error().code << " " << result.error().message;
    return result ? std::string(result->front()->text(0, 0)) : "";
  }
};

inline db::ConnectionOptions options_for(const std::string& url) {
  db::ConnectionOptions options;
  options.url = url;
  options.application_name = "pawl-test";
  return options;
}

}  // namespace pawl::testing
