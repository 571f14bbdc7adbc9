#include "api/cli/watch.h"

#include <algorithm>

#include "api/cli/exit_code.h"
#include "api/cli/limits.h"
#include "api/cli/output.h"
#include "api/cli/step_tree.h"
#include "api/cli/text.h"
#include "api/cli/values.h"
#include "common/json/write.h"

namespace pawl::cli {
namespace {

/// Calls again while the API is away, for as long as a restart may take.
template <typename T>
Result<T> outliving_restarts(Context& context, const std::function<Result<T>()>& call) {
  std::optional<MonoTime> give_up;
  while (true) {
    auto result = call();
    const bool away = !result && (result.error().kind == ErrorKind::kUnavailable ||
                                  result.error().kind == ErrorKind::kTimeout);
    if (!away) return result;
    const MonoTime now = context.world.time.monotonic();
    if (!give_up) {
      give_up = now + kReconnectFor;
      context.screen.err("the API is away; trying again for " + short_duration(kReconnectFor) + "\n");
    }
    if (now >= *give_up) return result;
    context.world.time.sleep(kReconnectDelay);
  }
}

/// The execution, at once when it ended, else after a change or the time of a long poll.
Result<json::Value> poll(Context& context, Client& client, const std::string& exec_id, std::string_view wait,
                         const std::function<void()>& on_tick) {
  return outliving_restarts<json::Value>(context, [&]() -> Result<json::Value> {
    Call call{"GET", execution_target(exec_id).query("wait", wait)};
    call.timeout = kLongPoll + kCallMargin;
    call.on_tick = on_tick;
    return TRY(client.expect(call)).data;
  });
}

/// A picture that is drawn over itself.
class LivePicture {
 public:
  explicit LivePicture(Context& context) : context_(context) {
    context_.screen.out("\x1b[?25l");
    note_hidden_cursor();
  }
  ~LivePicture() {
    context_.screen.out("\x1b[?25h");
    note_shown_cursor();
  }
  LivePicture(const LivePicture&) = delete;
  LivePicture& operator=(const LivePicture&) = delete;

  void draw(const json::Value& execution, const json::Array& steps) {
    const Moment moment{context_.world.time.wall(), frame_++};
    const auto lines = draw_execution(execution, steps, context_.screen.face(), moment);
    std::string text = height_ > 0 ? "\x1b[" + std::to_string(height_) + "A" : "";
    for (const std::string& line : lines) text += "\r\x1b[2K" + line + "\n";
    context_.screen.out(text + "\x1b[J");
    height_ = lines.size();
  }

 private:
  Context& context_;
  std::size_t height_ = 0;
  unsigned frame_ = 0;
};

Result<json::Value> watch_live(Context& context, Client& client, const std::string& exec_id) {
  json::Value execution = TRY(poll(context, client, exec_id, "", {}));
  LivePicture picture(context);
  while (true) {
    json::Value page = TRY(outliving_restarts<json::Value>(context, [&]() -> Result<json::Value> {
      return TRY(client.get(execution_target(exec_id, {"steps"}))).data;
    }));
    const json::Array steps = items_at(page, "items");
    picture.draw(execution, steps);
    if (is_final_status(text_at(execution, "status"))) return execution;
    // A change between two polls is seen by the next one at the latest, so they are short.
    execution = TRY(poll(context, client, exec_id, "1s", [&] { picture.draw(execution, steps); }));
    context.world.time.sleep(kTick);
  }
}

/// Reads and prints the events after `seq`, all there are. Moves `seq`.
Result<void> print_new_events(Context& context, Client& client, const std::string& exec_id, std::int64_t& seq,
                              const std::function<void(const json::Value&)>& print) {
  while (true) {
    Target target = execution_target(exec_id, {"events"});
    target.query("after_seq", std::to_string(seq)).query("limit", std::to_string(kEventPage));
    const json::Value page = TRY(outliving_restarts<json::Value>(
        context, [&]() -> Result<json::Value> { return TRY(client.get(target)).data; }));
    const json::Array& items = items_at(page, "items");
    for (const json::Value& event : items) {
      print(event);
      seq = std::max(seq, integer_at(event, "seq"));
    }
    if (items.size() < static_cast<std::size_t>(kEventPage)) return {};
  }
}

Result<json::Value> follow(Context& context, Client& client, const std::string& exec_id, std::int64_t seq,
                           const std::function<void(const json::Value&)>& print) {
  std::string_view wait;
  while (true) {
    // Read before the events: what ended has all of them.
    json::Value execution = TRY(poll(context, client, exec_id, wait, {}));
    TRY(print_new_events(context, client, exec_id, seq, print));
    if (is_final_status(text_at(execution, "status"))) return execution;
    wait = "1s";
  }
}

}  // namespace

Result<json::Value> await_end(Context& context, Client& client, const std::string& exec_id) {
  while (true) {
    json::Value execution = TRY(poll(context, client, exec_id, "10s", {}));
    if (is_final_status(text_at(execution, "status"))) return execution;
  }
}

Result<int> watch_execution(Context& context, Client& client, const std::string& exec_id) {
  if (context.ids_only) {
    const json::Value execution = TRY(await_end(context, client, exec_id));
    return print_outcome(context, execution);
  }
  if (context.format == Format::kTable && context.screen.face().terminal) {
    const json::Value execution = TRY(watch_live(context, client, exec_id));
    return print_outcome(context, execution);
  }
  // What is asked for as JSON stays alone on stdout.
  const bool aside = context.format != Format::kTable;
  const json::Value execution = TRY(follow(context, client, exec_id, 0, [&](const json::Value& event) {
    const std::string line = event_line(event, context.screen.face()) + "\n";
    if (aside)
      context.screen.err(line);
    else
      context.screen.out(line);
  }));
  return print_outcome(context, execution);
}

Result<int> follow_events(Context& context, Client& client, const std::string& exec_id,
                          std::int64_t after_seq) {
  const json::Value execution =
      TRY(follow(context, client, exec_id, after_seq, [&](const json::Value& event) {
        if (context.format == Format::kTable)
          context.screen.out(event_line(event, context.screen.face()) + "\n");
        else
          context.screen.out(escaped_lines(json::write(event)) + "\n");
      }));
  return exit_code_of_status(text_at(execution, "status"));
}

std::string event_line(const json::Value& event, const Face& face) {
  const std::string type = text_at(event, "type"), at = text_at(event, "at");
  const auto attempt = integer_at(event, "attempt");
  std::string step = text_at(event, "step");
  if (!step.empty() && attempt > 1) step += " (try " + std::to_string(attempt) + ")";
  std::string detail = text_at(event, "data.error.message");
  if (!detail.empty()) detail = text_at(event, "data.error.code") + ": " + detail;
  for (const auto* key :
       {"data.reason", "data.delay", "data.delay_ms", "data.wake_at", "data.signal", "data.message"}) {
    if (detail.empty()) detail = text_at(event, key);
  }
  const std::size_t dot = type.find('.');
  const std::string outcome = type.substr(dot == std::string::npos ? 0 : dot + 1);
  const Paint paint = outcome == "committed"        ? Paint::kGreen
                      : outcome == "attempt_failed" ? Paint::kYellow
                                                    : paint_of_status(outcome);
  std::string line = padded(escaped(text_at(event, "seq")), 4) + "  " +
                     escaped(at.size() >= 23 ? at.substr(11, 12) : at) + "  ";
  line += painted(padded(escaped(type), 23), paint, face) + "  " + padded(escaped(step), 16);
  if (!detail.empty()) line += "  " + escaped(detail);
  if (face.terminal && !face.color) line = cut(line, face.width);
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

int print_outcome(Context& context, const json::Value& execution) {
  const std::string status = text_at(execution, "status");
  const int code = exit_code_of_status(status);
  if (context.ids_only) {
    context.screen.out(escaped(text_at(execution, "exec_id")) + "\n");
  } else if (context.format != Format::kTable) {
    print_document(context, execution);
  } else {
    const std::string line = outcome_line(execution, context.screen.face()) + "\n";
    const json::Value* const output = execution.find("output");
    if (code == kExitCompleted) {
      context.screen.out(line);
      if (output != nullptr && !output->is_null()) print_document(context, *output);
    } else {
      context.screen.err(line + what_to_do(text_at(execution, "error.suggestion")) + "see: pawl steps " +
                         escaped(text_at(execution, "exec_id")) + "\n");
    }
  }
  return code;
}

}  // namespace pawl::cli
