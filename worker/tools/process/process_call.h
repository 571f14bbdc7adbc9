// One call of the process tool: its output as it comes, its time, its end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/loop/fd_poll.h"
#include "common/loop/timer.h"
#include "worker/tools/process/outcome.h"
#include "worker/tools/process/reaper.h"
#include "worker/tools/process/request.h"
#include "worker/tools/process/sandbox.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

class ProcessCall final : public RunningCall {
 public:
  ProcessCall(Loop& loop, Reaper& reaper, ProcessRequest request, std::unique_ptr<Sandboxed> sandboxed,
              Millis timeout, std::function<void(json::Value)> progress,
              std::function<void(ToolResult)> done);
  ~ProcessCall() override;
  void cancel() override;
  bool freeze() override;
  void thaw() override;

 private:
  struct Stream {
    const char* name;
    std::string bytes;       // all of it
    std::string unfinished;  // the beginning of a character at the end of the last live chunk
    std::unique_ptr<FdPoll> poll;
  };

  void watch(Stream& stream, int fd);
  /// Reads what is there; false at the end of the stream.
  bool read_some(Stream& stream, int fd);
  void take(Stream& stream, std::string_view bytes);
  void start_clock();
  void end(Ended why);
  void exited();

  Reaper& reaper_;
  const ProcessRequest request_;
  std::unique_ptr<Sandboxed> sandboxed_;
  std::function<void(json::Value)> progress_;
  std::function<void(ToolResult)> done_;
  Stream out_{"stdout", {}, {}, {}};
  Stream err_{"stderr", {}, {}, {}};
  Ended ended_ = Ended::kByItself;
  Millis time_left_;
  MonoTime clock_started_;
  FdPoll exit_;
  Timer timer_;
  Loop& loop_;
};

}  // namespace pawl::tools
