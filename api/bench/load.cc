#include "api/bench/load.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <optional>

#include "common/loop/stream.h"
#include "common/loop/timer.h"

namespace pawl::bench {
namespace {

/// How often a fixed rate looks at what is due; finer than any latency that is judged by it.
constexpr Millis kPace{2};

struct Parsed {
  int status = 0;
  std::string_view body;
  std::size_t length = 0;
};

/// The first whole answer in `bytes`. Only what our own servers send: Content-Length, no chunks.
std::optional<Parsed> parse_answer(std::string_view bytes) {
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos || bytes.size() < 12) return std::nullopt;
  Parsed parsed;
  std::from_chars(bytes.data() + 9, bytes.data() + 12, parsed.status);
  std::size_t body_length = 0;
  for (std::size_t line = bytes.find("\r\n"); line < head_end; line = bytes.find("\r\n", line + 2)) {
    constexpr std::string_view kName = "content-length:";
    const std::string_view rest = bytes.substr(line + 2);
    const bool is_length = std::equal(kName.begin(), kName.end(), rest.begin(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
    if (!is_length) continue;
    const std::size_t digits = rest.find_first_of("0123456789");
    std::from_chars(rest.data() + digits, rest.data() + rest.find("\r\n"), body_length);
  }
  parsed.length = head_end + 4 + body_length;
  if (bytes.size() < parsed.length) return std::nullopt;
  parsed.body = bytes.substr(head_end + 4, body_length);
  return parsed;
}

std::string exec_id_of(std::string_view body) {
  constexpr std::string_view kKey = "\"exec_id\":\"";
  const auto at = body.find(kKey);
  return at == std::string_view::npos ? std::string() : std::string(body.substr(at + kKey.size(), 36));
}

class Load {
 public:
  Load(Loop& loop, const LoadOptions& options) : loop_(loop), options_(options), pace_(loop) {}

  Result<LoadResult> run() {
    clients_.resize(static_cast<std::size_t>(std::min(options_.connections, options_.count)));
    for (auto& client : clients_) open(client);
    const MonoTime end = clock_.monotonic() + options_.deadline;
    const auto all_answered = [this] {
      return result_.samples.size() == static_cast<std::size_t>(options_.count);
    };
    while (!error_ && !all_answered()) {
      if (clock_.monotonic() > end)
        return fail(ErrorKind::kTimeout, "timeout", "the load did not end in time");
      loop_.run_for(Millis{100});
    }
    pace_.stop();
    close_all();
    if (error_) return fail(*error_);
    result_.took = std::chrono::duration_cast<Micros>(last_answer_ - first_sent_);
    return std::move(result_);
  }

 private:
  struct Client {
    std::unique_ptr<PendingConnect> pending;
    std::unique_ptr<Stream> stream;
    std::string received;
    MonoTime due{};
    WallTime due_wall{};
    bool is_busy = false;
  };

  void open(Client& client) {
    client.pending =
        connect_stream(loop_, {.host = options_.host, .port = options_.port},
                       [this, &client](Result<std::unique_ptr<Stream>> made) {
                         if (!made) return give_up(made.error());
                         client.stream = std::move(*made);
                         client.stream->set_handler(
                             {.on_data = [this, &client](std::string_view bytes) { on_data(client, bytes); },
                              .on_close = [this](const Error& why) { give_up(why); }});
                         if (++connected_ == clients_.size()) begin();
                       });
  }

  void give_up(const Error& why) {
    if (!error_)
      error_ = Error{ErrorKind::kUnavailable, why.code, "connection to the API: " + why.message, {}, {}};
  }

  /// All connections are there: the clock starts.
  void begin() {
    first_sent_ = clock_.monotonic();
    result_.started = clock_.wall();
    for (auto& client : clients_) idle_.push_back(&client);
    if (options_.rate > 0) {
      pace_.every(kPace, [this] { send_due(); });
    } else {
      while (!idle_.empty() && sent_ < options_.count) send_next(clock_.monotonic(), clock_.wall());
    }
  }

  /// At a fixed rate: sends all whose time has come; those that find no idle connection are late, and keep
  /// their time.
  void send_due() {
    while (sent_ < options_.count && !idle_.empty()) {
      const Micros after(static_cast<Micros::rep>(1e6 * sent_ / options_.rate));
      if (first_sent_ + after > clock_.monotonic()) return;
      send_next(first_sent_ + after, result_.started + after);
    }
  }

  void send_next(MonoTime due, WallTime due_wall) {
    Client& client = *idle_.front();
    idle_.pop_front();
    ++sent_;
    client.is_busy = true;
    client.due = due;
    client.due_wall = due_wall;
    client.stream->write(options_.request);
  }

  void on_data(Client& client, std::string_view bytes) {
    client.received.append(bytes);
    const auto answer = parse_answer(client.received);
    if (!answer || !client.is_busy) return;
    last_answer_ = clock_.monotonic();
    result_.samples.push_back({client.due_wall, std::chrono::duration_cast<Micros>(last_answer_ - client.due),
                               answer->status, exec_id_of(answer->body)});
    client.received.erase(0, answer->length);
    client.is_busy = false;
    idle_.push_back(&client);
    if (options_.rate > 0)
      send_due();
    else if (sent_ < options_.count)
      send_next(clock_.monotonic(), clock_.wall());
  }

  void close_all() {
    for (auto& client : clients_) {
      client.pending.reset();
      client.stream.reset();
    }
  }

  Loop& loop_;
  const LoadOptions& options_;
  SystemClock clock_;
  Timer pace_;
  std::deque<Client> clients_;  // stable addresses
  std::deque<Client*> idle_;
  std::size_t connected_ = 0;
  int sent_ = 0;
  MonoTime first_sent_{};
  MonoTime last_answer_{};
  LoadResult result_;
  std::optional<Error> error_;
};

}  // namespace

Result<LoadResult> run_load(Loop& loop, const LoadOptions& options) { return Load(loop, options).run(); }

Result<Answer> ask(Loop& loop, const std::string& host, std::uint16_t port, const std::string& request) {
  constexpr Millis kPatience{30'000};
  std::optional<Result<Answer>> answer;
  std::unique_ptr<Stream> stream;
  std::string received;
  const auto pending =
      connect_stream(loop, {.host = host, .port = port}, [&](Result<std::unique_ptr<Stream>> made) {
        if (!made) {
          answer = fail(made.error());
          return;
        }
        stream = std::move(*made);
        stream->set_handler({.on_data =
                                 [&](std::string_view bytes) {
                                   received.append(bytes);
                                   const auto parsed = parse_answer(received);
                                   if (parsed && !answer)
                                     answer = Answer{parsed->status, std::string(parsed->body)};
                                 },
                             .on_close =
                                 [&](const Error& why) {
                                   if (!answer) answer = fail(why);
                                 }});
        stream->write(request);
      });
  SystemClock clock;
  const MonoTime end = clock.monotonic() + kPatience;
  while (!answer && clock.monotonic() < end) loop.run_for(Millis{100});
  if (!answer) return fail(ErrorKind::kTimeout, "timeout", "no answer");
  return std::move(*answer);
}

std::string make_request(std::string_view method, std::string_view target, std::string_view api_key,
                         std::string_view body) {
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: bench\r\n");
  if (!api_key.empty()) request.append("Authorization: Bearer ").append(api_key).append("\r\n");
  request.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
  return request.append("\r\n\r\n").append(body);
}

}  // namespace pawl::bench
