// Everything an execution is in memory. Nodes live in one vector and name each other by index; a freed slot
// is used again under a new generation, so a handle that comes back late is told from the current one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/model/event.h"
#include "common/model/failure.h"
#include "common/model/step_record.h"
#include "common/plan/plan.h"
#include "worker/core/effect.h"
#include "worker/core/event.h"
#include "worker/core/execution.h"
#include "worker/core/resilience/backoff.h"

namespace pawl::core {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xFFFFFFFF;
inline constexpr NodeIndex kRoot = 0;

/// Time on the execution's own clock: since it started, less the time it was paused.
using OwnTime = Micros;
inline constexpr OwnTime kNoTime = OwnTime::max();

/// A node that may have gone since.
struct Handle {
  NodeIndex node = kNoNode;
  std::uint32_t generation = 0;
};

using FailurePtr = std::shared_ptr<const Failure>;

/// What stays of a step once it has ended.
struct Ended {
  StepStatus status = StepStatus::kPending;
  json::Value output = {};
  FailurePtr failure = {};
};

enum class NodeState : std::uint8_t {
  kFree,
  kQueued,     ///< a tool step that wants a slot
  kStarting,   ///< its start is in a checkpoint that is not saved yet
  kCalling,    ///< its call is out
  kBackoff,    ///< until its next attempt, or until a breaker or budget lets it
  kSleeping,   ///< a wait for a time, or a long sleep
  kSignal,     ///< a wait for a signal
  kApproval,   ///< a person is asked
  kResolving,  ///< the plan of a nested task is looked up
  kOpen,       ///< a group with children to come or under way
};

/// What a node is for; decides its path, whether it counts in progress, and whether it shows at all.
enum class Role : std::uint8_t { kStep, kCompensation, kCleanupList };

/// Why a node is being stopped.
enum class Cut : std::uint8_t { kNone, kCancel, kTimeout };

enum class Freeze : std::uint8_t { kNone, kAsked, kFrozen, kCant };

/// Of a step that runs attempts, waits or asks.
struct Leaf {
  int attempt = 1;
  int fallback = 0;
  int permission_retries = 0;
  bool approved = false;     ///< its approval was given
  bool fail_at_due = false;  ///< a deferral that reaches the deadline
  std::optional<DeferReason> deferred = {};
  std::string tool = {};
  json::Value with = {};            ///< rendered, with secret markers
  OwnTime first_started = kNoTime;  ///< of the current target
  OwnTime due = kNoTime;            ///< kBackoff, kSleeping, kSignal, kApproval
  Micros length{0};  ///< of a delay, counted from the time its start is in the ledger; 0 = `due` is absolute
  bool is_delay_unsaved = false;          ///< it does not end before it is known when it began
  std::optional<WallTime> calendar = {};  ///< wait.until: not shifted by pauses
  resilience::DelayMs previous_delay{0};
  std::optional<WallTime> started_at = {};
  std::optional<WallTime> finished_at = {};
  std::uint64_t signal_seq = 0;  ///< of the signal it took
  bool has_secrets = false;      ///< its template names one: masked in the record
  ResourceUse resources = {};
  Freeze freeze = Freeze::kNone;
  Millis slept{0};
  std::uint32_t active_slot = 0;  ///< place in State::active while starting or calling
};

enum class GroupKind : std::uint8_t { kList, kParallel, kForEach, kTask };
enum class Stage : std::uint8_t { kMain, kCompensating, kOnFailure, kOver };

/// Of a nested task or the root: what names inside it mean, and how it is cleaned up.
struct Frame {
  plan::PlanPtr plan;
  std::string task_id;
  json::Value input;
  int depth = 0;
  Stage stage = Stage::kMain;
  bool on_failure_begun = false;
  bool is_closed = false;
  Ended outcome = {};
  ExecutionStatus ending = ExecutionStatus::kCompleted;  ///< the root's
  json::Array cleanup_failures = {};
};

struct Group {
  GroupKind kind = GroupKind::kList;
  const plan::Steps* steps = nullptr;       ///< kList, kParallel, kTask
  const plan::ForEachSpec* each = nullptr;  ///< kForEach
  json::Value items = {};
  std::uint32_t count = 0;  ///< children in all
  std::uint32_t next = 0;   ///< first child not begun
  std::uint32_t live = 0;   ///< children under way
  std::uint32_t ended = 0;
  std::uint32_t completed = 0;
  std::uint32_t critical_failed = 0;
  std::uint32_t max_parallel = 0xFFFFFFFF;
  plan::Strategy strategy = plan::Strategy::kWaitAll;
  plan::Merge merge = plan::Merge::kCollect;
  bool is_over = false;    ///< nothing more begins
  bool is_listed = false;  ///< in State::unfolding
  bool is_dirty = false;   ///< in State::dirty
  int branch = -1;         ///< of a choose
  std::vector<Ended> results = {};
  NodeIndex first_child = kNoNode;
  std::unique_ptr<Frame> frame = {};
};

struct Node {
  NodeState state = NodeState::kFree;
  Role role = Role::kStep;
  Cut cut = Cut::kNone;
  bool announced = false;  ///< its start is in the ledger or on the way there
  std::uint32_t generation = 0;
  NodeIndex parent = kNoNode;
  NodeIndex previous_sibling = kNoNode;
  NodeIndex next_sibling = kNoNode;
  std::uint32_t slot = 0;            ///< which child of its parent
  std::uint32_t timer = 0;           ///< the current timer's number; older ones are stale
  const plan::Step* step = nullptr;  ///< none: the root, a compensation, a clean-up list
  std::uint64_t mark = 0;            ///< onward batch that bears its last event of that sort
  std::uint64_t first_mark = 0;      ///< and the one that bears its announcement
  std::int64_t position = 0;
  std::int64_t span = 0;
  std::int64_t share = 0;  ///< leaves counted in progress
  std::int64_t done = 0;
  OwnTime started = OwnTime{0};
  OwnTime limit = kNoTime;            ///< its own deadline, as a group
  OwnTime deadline = kNoTime;         ///< the smallest of its own and all its parents'
  std::string_view skip_reason = {};  ///< a literal
  bool asked = false;                 ///< its approval.requested is in the ledger or on the way
  int chosen = -1;                    ///< a choose taken up again: its branch
  json::Value start = {};             ///< taken up again: the data of its step.started
  std::string path = {};
  std::unique_ptr<Leaf> leaf = {};
  std::unique_ptr<Group> group = {};
};

/// An entry of the heap; live while the node is of that generation and its `timer` that number.
struct Timer {
  OwnTime due;
  NodeIndex node = kNoNode;
  std::uint32_t generation = 0;
  std::uint32_t number = 0;
};

/// What to undo, rendered when the step completed.
struct Compensation {
  std::string path;  ///< of the step
  std::string tool;
  json::Value with;
  FailurePtr failure = {};  ///< it could not be rendered
  std::int64_t position = 0;
};

struct Signal {
  std::uint64_t seq = 0;
  std::string name;
  json::Value payload;
};

struct Decision {
  bool approve = false;
  json::Value form;
  std::string by;
  std::string comment;
};

/// What the ledger says of one path, until the step is begun again.
struct Past {
  std::optional<Ended> ended = {};
  bool end_is_told = false;  ///< by an event, not only by a record
  bool started = false;
  bool attempt_open = false;  ///< started and neither failed nor deferred since
  bool asked = false;         ///< approval.requested
  bool fails = false;         ///< when `due` comes, rather than going on
  int attempt = 1;
  int fallback = 0;
  int permission_retries = 0;
  double previous_delay_ms = 0;
  OwnTime started_own{0};
  OwnTime first_started = kNoTime;  ///< of the current target
  WallTime started_at{};
  std::optional<OwnTime> due = {};   ///< of a retry or a deferral
  std::optional<OwnTime> wake = {};  ///< of a wait or a long sleep
  std::optional<OwnTime> expiry = {};
  std::optional<DeferReason> deferred = {};
  json::Value start = {};  ///< data of the last step.started

  void fall_back();
};

/// One checkpoint that is being put together.
struct Pending {
  std::vector<NewEvent> settled = {};
  std::vector<StepRecord> steps = {};
  std::vector<NewEvent> onward = {};
  std::vector<StepRecord> onward_steps = {};
  std::vector<Handle> starts = {};         ///< calls to make once it is saved
  std::vector<Handle> delays = {};         ///< that begin with the settled part
  std::vector<Handle> onward_delays = {};  ///< that begin with the onward part
  bool step_committed = false;
  std::optional<Park> park = {};
  std::optional<Final> final = {};
  std::uint64_t batch = 0;  ///< in flight: the number of its onward part, 0 = it has none
  [[nodiscard]] bool has_settled() const { return !settled.empty() || !steps.empty(); }
  [[nodiscard]] bool has_onward() const { return !onward.empty() || park || final; }
};

struct State {
  Facts facts;
  Counters counters;
  Phase phase = Phase::kPending;
  Fate fate = Fate::kHeld;
  bool begun = false;
  bool is_restoring = false;  ///< the past is being walked again: nothing new starts
  bool beyond_help = false;   ///< its data was refused: only the end is still to be saved

  // The tree. A deque: nodes don't move when others are added.
  std::deque<Node> nodes;
  std::vector<NodeIndex> free_nodes;
  std::vector<Handle> unfolding;        ///< lists that may begin a child; the last is asked first
  std::vector<Handle> unfolding_items;  ///< the same for for_each, which also wants a free slot
  std::deque<Handle> queued;            ///< tool steps that want a slot, oldest first
  std::deque<Handle> dirty;             ///< groups to look at because a child ended
  std::vector<NodeIndex> active;        ///< starting or calling
  std::vector<Handle> waiting;          ///< for a signal or a decision, oldest first
  int queued_live = 0;                  ///< entries of `queued` that still want it
  int resolving = 0;
  int calls = 0;
  int parallel = 4;           ///< the limit, halved when resources ran out
  std::int64_t unfolded = 0;  ///< steps counted against max_steps

  // Clock.
  WallTime origin{};
  Micros paused_total{0};
  bool paused = false;  ///< saved as paused; the clock stands at paused_at
  WallTime paused_at{};
  WallTime resumed_at{};      ///< of the last resume in the ledger
  std::vector<Timer> timers;  ///< a heap by due
  std::optional<WallTime> armed = {};

  // Saving.
  Pending pending;
  std::optional<Pending> in_flight = {};
  std::uint64_t batch = 1;        ///< number of the onward part being put together
  std::uint64_t saved_batch = 0;  ///< of the last one saved
  std::uint64_t inbox_seen = 0;
  bool reading_inbox = false;

  // Control.
  Control control;
  std::uint64_t last_seq = 0;  ///< of the inbox events taken
  bool cancelling = false;
  bool pause_timeout_asked = false;
  std::vector<NewEvent> pause_events;  ///< of the pause that is being saved
  std::vector<Signal> signals;         ///< not consumed yet
  std::unordered_map<std::string, std::vector<Decision>> decisions;

  // What was, and what to undo.
  std::unordered_map<std::string, Past> past;
  std::unordered_map<std::string, int> past_children;
  std::vector<Compensation> compensations;  ///< in the order of completion

  // Progress.
  std::int64_t total = 0;
  std::int64_t completed = 0;
  int percent = 0;

  // Where ids stand in long lists; built when first needed.
  mutable std::unordered_map<const plan::Steps*, std::unordered_map<std::string_view, std::uint32_t>> places;
};

}  // namespace pawl::core
