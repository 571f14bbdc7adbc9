// One admitted request: who calls, which route, the parsed parts; and the ways to answer it.
#pragma once

#include <memory>
#include <string>

#include "api/auth/authenticator.h"
#include "common/base/clock.h"
#include "common/http/answer.h"
#include "common/http/exchange.h"
#include "common/http/router.h"
#include "common/http/url.h"
#include "common/json/value.h"

namespace pawl::api {

struct Route;

struct Call {
  http::ExchangePtr exchange;
  const Route* route = nullptr;
  http::PathParams params;
  http::Query query;
  Principal principal;
  json::Value body;     ///< {} when there was none
  MonoTime deadline{};  ///< for everything that has to be waited for
  http::ErrorStyle style = http::ErrorStyle::kEnvelope;

  [[nodiscard]] const std::string& param(std::string_view name) const;
  /// The id in the path. Errors: kNotFound (what is no UUID can't be there).
  [[nodiscard]] Result<Uuid> exec_id() const;

  void answer(http::Response response) const { exchange->respond(std::move(response)); }
  void answer(int status, std::string_view message, json::Value data) const {
    answer(http::success(status, message, std::move(data)));
  }
  void fail(const Error& error) const { answer(http::failure(error, style)); }
};
using CallPtr = std::shared_ptr<Call>;

/// The error of an id that is not there, or not the caller's.
Error not_found(std::string_view what);

}  // namespace pawl::api
