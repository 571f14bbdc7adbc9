// A world for the command line in memory: answers from a table, a screen that records, time that a test
// moves.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "api/cli/application.h"

namespace pawl::cli {

class FakeScreen final : public Screen {
 public:
  void out(std::string_view text) override { written += text; }
  void err(std::string_view text) override { errors += text; }
  [[nodiscard]] Face face() const override { return shown; }

  std::string written;
  std::string errors;
  Face shown;
};

class FakeTime final : public Time {
 public:
  [[nodiscard]] WallTime wall() const override {
    return WallTime{std::chrono::seconds{1'800'000'000}} + passed;
  }
  [[nodiscard]] MonoTime monotonic() const override { return MonoTime{} + passed; }
  void sleep(Millis duration) override { passed += duration; }

  Millis passed{0};
};

class FakeHost final : public Host {
 public:
  std::optional<int> run_quietly(const std::vector<std::string>& argv) override {
    const auto found = programs.find(argv.size() > 2 ? "unshare" : argv.front());
    return found == programs.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] bool can_write(const std::string&) const override { return writable; }
  [[nodiscard]] int landlock_version() const override { return landlock; }
  Result<std::string> exchange(const std::string&, std::uint16_t, std::string_view) override {
    return greeting;
  }
  Result<std::uint32_t> schema_version(const std::string&) override { return schema; }

  std::map<std::string, int> programs{{"bwrap", 0}, {"unshare", 0}};
  bool writable = true;
  int landlock = 4;
  Result<std::string> greeting = std::string("\x01\0\0\0\0\0\x10\0\x0a\0\x0a\0", 12);
  Result<std::uint32_t> schema = 0u;
};

/// Answers by "METHOD target", each list one after the other and its last for ever; a target unknown is 404.
struct FakeServer {
  struct Seen {
    std::string url, key;
    HttpRequest request;
  };
  void answer(const std::string& what, int status, const std::string& body) {
    answers[what].push_back({status, {}, body});
  }

  Result<HttpAnswer> take(const HttpRequest& request) {
    if (down > 0 && down-- > 0)
      return fail(ErrorKind::kUnavailable, "unreachable", "cannot reach http://api", "is it running?");
    const auto found = answers.find(request.method + " " + request.target);
    if (found == answers.end()) {
      return HttpAnswer{
          404, {}, R"({"status":404,"error":{"code":"not_found","message":"there is no such thing"}})"};
    }
    HttpAnswer answer = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    if (request.on_data && answer.status < 300) {
      request.on_data(answer.body);
      answer.body.clear();
    }
    return answer;
  }

  std::map<std::string, std::deque<HttpAnswer>> answers;
  std::vector<Seen> seen;
  int down = 0;  ///< so many exchanges fail before the server is there
};

class FakeTransport final : public Transport {
 public:
  FakeTransport(FakeServer& server, std::string url, std::string key)
      : server_(server), url_(std::move(url)), key_(std::move(key)) {}
  Result<HttpAnswer> send(const HttpRequest& request) override {
    server_.seen.push_back({url_, key_, request});
    return server_.take(request);
  }

 private:
  FakeServer& server_;
  std::string url_, key_;
};

struct FakeWorld {
  int run(const std::vector<std::string>& words) {
    screen.written.clear();
    screen.errors.clear();
    return run_application(words, world);
  }
  [[nodiscard]] const HttpRequest& last() const { return server.seen.back().request; }

  FakeServer server;
  FakeScreen screen;
  FakeTime time;
  FakeHost host;
  std::map<std::string, std::string> files;
  std::vector<std::string> handed_over;
  World world{
      {{"PAWL_URL", "http://api"}, {"PAWL_OPS_URL", "http://ops"}, {"PAWL_API_KEY", "pawl_k"}},
      [this](const std::string& path) {
        const auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional(found->second);
      },
      screen,
      time,
      [this](const std::string& url, const std::string& key) {
        return std::make_unique<FakeTransport>(server, url, key);
      },
      [this](const std::string& program, const std::vector<std::string>& arguments, const Assignments&) {
        handed_over = arguments;
        handed_over.insert(handed_over.begin(), program);
        return Error{ErrorKind::kNotFound, "no_program", program + " is not there", "build it"};
      },
      host};
};

inline std::string envelope(int status, const std::string& data) {
  return R"({"status":)" + std::to_string(status) + R"(,"message":"m","data":)" + data + "}";
}
inline std::string refusal(int status, const std::string& code, const std::string& message) {
  return R"({"status":)" + std::to_string(status) + R"(,"message":"m","error":{"code":")" + code +
         R"(","message":")" + message + R"("}})";
}

}  // namespace pawl::cli
