#include "api/web/assets.h"

#include <array>

namespace pawl::web {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kCss = "text/css; charset=utf-8";
constexpr std::string_view kScript = "text/javascript; charset=utf-8";

constexpr auto kAssets = std::to_array<Asset>({
    {"index.html", kHtml, index_html},
    {"app.css", kCss, app_css},
    {"app.js", kScript, app_js},
    {"api.js", kScript, api_js},
    {"dom.js", kScript, dom_js},
    {"live.js", kScript, live_js},
    {"format.js", kScript, format_js},
    {"forms.js", kScript, forms_js},
    {"graph.js", kScript, graph_js},
    {"timeline.js", kScript, timeline_js},
    {"drawer.js", kScript, drawer_js},
    {"signin.js", kScript, signin_js},
    {"executions.js", kScript, executions_js},
    {"execution.js", kScript, execution_js},
    {"tasks.js", kScript, tasks_js},
    {"task.js", kScript, task_js},
    {"lanes.js", kScript, lanes_js},
    {"approvals.js", kScript, approvals_js},
});

}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace pawl::web
