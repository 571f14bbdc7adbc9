// A ticket to be published: it wakes a worker for one execution, and goes to the resume queue when that has
// started before.
#pragma once

#include <string>

#include "common/base/ids.h"
#include "common/model/status.h"

namespace pawl::store {

struct Ticket {
  Uuid exec_id;
  Uuid tenant;
  std::uint32_t epoch = 0;
  std::string lane;
  PriorityClass priority = PriorityClass::kNormal;
  bool resume = false;
  std::string traceparent = {};
};

}  // namespace pawl::store
