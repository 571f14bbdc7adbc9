#include "worker/tools/process/process_call.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "worker/tools/process/limits.h"
#include "worker/tools/process/text.h"

namespace pawl::tools {

ProcessCall::ProcessCall(Loop& loop, Reaper& reaper, ProcessRequest request,
                         std::unique_ptr<Sandboxed> sandboxed, Millis timeout,
                         std::function<void(json::Value)> progress, std::function<void(ToolResult)> done)
    : reaper_(reaper),
      request_(std::move(request)),
      sandboxed_(std::move(sandboxed)),
      progress_(std::move(progress)),
      done_(std::move(done)),
      time_left_(timeout),
      exit_(loop, sandboxed_->pidfd.get(), [this](FdEvents) { exited(); }),
      timer_(loop),
      loop_(loop) {
  exit_.watch(FdEvents::kRead);
  watch(out_, sandboxed_->out.get());
  watch(err_, sandboxed_->err.get());
  start_clock();
}

ProcessCall::~ProcessCall() {
  if (sandboxed_ && !sandboxed_->is_reaped) {
    out_.poll.reset();
    err_.poll.reset();
    exit_.watch(FdEvents::kNone);
    reaper_.take(std::move(sandboxed_));
  }
}

void ProcessCall::cancel() { end(Ended::kCancelled); }

bool ProcessCall::freeze() {
  if (!done_ || ended_ != Ended::kByItself || !sandboxed_->freeze()) return false;
  const auto ran = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - clock_started_);
  time_left_ = std::max(time_left_ - ran, Millis{0});
  timer_.stop();
  return true;
}

void ProcessCall::thaw() {
  if (!done_ || ended_ != Ended::kByItself || !sandboxed_->is_frozen) return;
  sandboxed_->thaw();
  start_clock();
}

void ProcessCall::start_clock() {
  clock_started_ = std::chrono::steady_clock::now();
  timer_.start(time_left_, [this] { end(Ended::kTimeout); });
}

void ProcessCall::end(Ended why) {
  if (!done_ || ended_ != Ended::kByItself) return;
  ended_ = why;
  sandboxed_->kill_tree();
  timer_.start(kKillAgainAfter, [this] {
    if (sandboxed_->cgroup) sandboxed_->cgroup->kill_all();
    sandboxed_->kill_tree();
  });
}

void ProcessCall::watch(Stream& stream, int fd) {
  stream.poll = std::make_unique<FdPoll>(loop_, fd, [this, &stream, fd](FdEvents) {
    if (!read_some(stream, fd)) stream.poll.reset();
  });
  stream.poll->watch(FdEvents::kRead);
}

bool ProcessCall::read_some(Stream& stream, int fd) {
  std::array<char, kReadBytes> buffer;
  const ssize_t n = read(fd, buffer.data(), buffer.size());
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  take(stream, std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  return true;
}

void ProcessCall::take(Stream& stream, std::string_view bytes) {
  if (ended_ == Ended::kTooMuchOutput) return;
  const auto so_far = static_cast<std::int64_t>(out_.bytes.size() + err_.bytes.size());
  const auto room = static_cast<std::size_t>(std::max<std::int64_t>(request_.max_output - so_far, 0));
  const bool is_over = bytes.size() > room;
  bytes = bytes.substr(0, room);
  stream.bytes += bytes;
  std::string chunk = std::exchange(stream.unfinished, {}) + std::string(bytes);
  const std::size_t rest = is_over ? 0 : unfinished_tail(chunk);
  stream.unfinished = chunk.substr(chunk.size() - rest);
  chunk.resize(chunk.size() - rest);
  if (!chunk.empty()) progress_(json::Object{{"stream", stream.name}, {"text", to_text(chunk)}});
  if (is_over) end(Ended::kTooMuchOutput);
}

void ProcessCall::exited() {
  exit_.watch(FdEvents::kNone);
  timer_.stop();
  reap(*sandboxed_);
  // Nobody writes any more: what the pipes still hold is the rest.
  for (const auto& [stream, fd] : {std::pair{&out_, sandboxed_->out.get()}, {&err_, sandboxed_->err.get()}}) {
    if (!stream->poll) continue;
    std::array<char, kReadBytes> buffer;
    for (ssize_t n = 0; (n = read(fd, buffer.data(), buffer.size())) > 0;)
      take(*stream, std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    stream->poll.reset();
  }
  ProcessEnd end;
  end.ended = ended_;
  end.report = sandboxed_->read_report();
  end.out = std::move(out_.bytes);
  end.err = std::move(err_.bytes);
  if (end.report) {
    end.resources.cpu_ms = end.report->cpu_us / 1000;
    end.resources.max_rss_bytes = end.report->max_rss_bytes;
  }
  end.resources.bytes_in = static_cast<std::int64_t>(end.out.size() + end.err.size());
  end.resources.bytes_out = static_cast<std::int64_t>(request_.command.stdin_text.size());
  if (const Cgroup* cgroup = sandboxed_->cgroup.get()) {
    end.was_out_of_memory = cgroup->was_out_of_memory();
    end.was_out_of_pids = cgroup->was_out_of_pids();
    end.is_memory_counted = cgroup->counts_memory();
    end.resources.cpu_ms = cgroup->cpu_ms().value_or(end.resources.cpu_ms);
    end.resources.max_rss_bytes = cgroup->peak_memory_bytes().value_or(end.resources.max_rss_bytes);
  }
  sandboxed_->clean_up();
  const auto done = std::exchange(done_, nullptr);
  done(judge(request_, end));  // may destroy this
}

}  // namespace pawl::tools
