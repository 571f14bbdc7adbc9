// How a FakeStore answers: the template its source files share.
#pragma once

#include <string>
#include <utility>

#include "common/store/fake_store.h"

namespace pawl::store {

template <typename T>
void FakeStore::answer(const char* operation, Done<T> done, std::function<Result<T>(FakeDatabase&)> act) {
  ++calls_[operation];
  const auto fault = take_fault(operation);
  if (!fault)
    return later([done = std::move(done), result = act(*database_)]() mutable { done(std::move(result)); });
  if (*fault == StoreFault::kUnavailable) {
    return later([done = std::move(done)] {
      done(fail(ErrorKind::kUnavailable, "unavailable", "the database is not available"));
    });
  }
  // A commit in doubt: these two look it up and answer what is so, only later; the others tell their caller.
  const std::string name = operation;
  if (name == "accept" || name == "checkpoint") {
    if (*fault == StoreFault::kAnswerLost) {
      return later([this, done = std::move(done), result = act(*database_)]() mutable {
        later([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
      });
    }
    return later([this, done = std::move(done), act = std::move(act)]() mutable {
      later([done = std::move(done), result = act(*database_)]() mutable { done(std::move(result)); });
    });
  }
  if (*fault == StoreFault::kAnswerLost) (void)act(*database_);
  later([done = std::move(done)] {
    done(fail(ErrorKind::kTimeout, "unavailable", "the database did not answer in time"));
  });
}

}  // namespace pawl::store
