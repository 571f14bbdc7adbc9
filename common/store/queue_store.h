// Where an execution that has not started stands in its lane. A port; sampled, for people.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace pawl::store {

struct QueuePlace {
  std::int64_t ahead = 0;    ///< of the same tenant and lane, that start before it
  bool fed = true;           ///< false: it waits until fewer tickets of its tenant are open in the lane
  std::int64_t workers = 0;  ///< live ones that serve the lane and don't drain
  std::int64_t slots = 0;    ///< theirs
  std::int64_t running = 0;  ///< and how many of these are taken
  std::optional<Millis> mean_run = {};  ///< of the tenant's last finished ones in this lane
  WallTime now{};
};

class QueueStore {
 public:
  virtual ~QueueStore() = default;
  /// Errors: kNotFound/not_found.
  virtual void place(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<QueuePlace> done) = 0;
};

}  // namespace pawl::store
