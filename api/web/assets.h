// The files of the dashboard as they are inside the program: no folder on disk is read when it runs.
#pragma once

#include <span>
#include <string_view>

namespace pawl::web {

struct Asset {
  std::string_view name;  ///< below /ui/; index.html also answers /ui/ itself
  std::string_view content_type;
  std::string_view (*text)();
};

/// All of them, in the order of the table in assets.cc.
std::span<const Asset> assets();

// One function a file of static/, made by embed.cmake.
std::string_view index_html();
std::string_view app_css();
std::string_view app_js();
std::string_view api_js();
std::string_view dom_js();
std::string_view live_js();
std::string_view format_js();
std::string_view forms_js();
std::string_view graph_js();
std::string_view timeline_js();
std::string_view drawer_js();
std::string_view signin_js();
std::string_view executions_js();
std::string_view execution_js();
std::string_view tasks_js();
std::string_view task_js();
std::string_view lanes_js();
std::string_view approvals_js();

}  // namespace pawl::web
