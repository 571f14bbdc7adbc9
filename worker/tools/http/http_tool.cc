#include "worker/tools/http/http_tool.h"

#include <utility>

#include "worker/tools/answer.h"
#include "worker/tools/http/http_call.h"
#include "worker/tools/http/limits.h"
#include "worker/tools/http/request.h"
#include "worker/tools/parameters.h"
#include "worker/tools/schema.h"

namespace pawl::tools {
namespace {

json::Value with_schema() {
  using namespace schema;
  return object({{"method", one_of({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})},
                 {"url", text()},
                 {"headers", map()},
                 {"query", map()},
                 {"body", json::Object{{"type", json::Array{"object", "array", "string", "null"}}}},
                 {"auth", object({{"bearer", text()}, {"basic", text()}}, {})},
                 {"accept_status", list(integer(100, 599))},
                 {"parse", one_of({"auto", "json", "text", "base64"})},
                 {"max_bytes", integer(0, kHighestMaxBytes)},
                 {"follow", integer(0, kMaxFollow)}},
                {"url"});
}

class HttpTool final : public Tool {
 public:
  HttpTool(Loop& loop, const Clock& clock, egress::Policy policy) : shared_(loop, clock, std::move(policy)) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    static const ToolDescription description{
        .name = "http",
        .summary = "Sends one HTTP request",
        .with_schema = with_schema(),
        .output_schema = schema::object({{"status", schema::integer(100, 599)},
                                         {"headers", schema::map()},
                                         {"body", schema::anything()},
                                         {"duration_ms", schema::integer(0)}},
                                        {"status", "headers", "body", "duration_ms"}),
        .default_timeout = Millis{60'000},
        .idempotent = false};
    return description;
  }

  [[nodiscard]] std::vector<Fault> validate(const json::Value& with) const override {
    std::vector<Fault> faults;
    read_http_request(with, shared_.policy, faults);
    return faults;
  }

  [[nodiscard]] std::string target(const json::Value& with) const override {
    const json::Value* url = with.find("url");
    if (url == nullptr || !url->is_string()) return "";
    const auto parsed = egress::parse_url(url->as_string());
    return parsed ? parsed->endpoint() : "";
  }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)>,
                                     std::function<void(ToolResult)> done) override {
    std::vector<Fault> faults;
    HttpRequest request = read_http_request(input.with, shared_.policy, faults);
    if (faults.empty() && request.url.host.kind == egress::Host::Kind::kMalformed)
      faults.push_back({"/url", "invalid_url",
                        "is no absolute http or https URL"});  // a rendered value that looks unrendered
    if (!faults.empty()) return answer_soon(shared_.loop, failed_for(faults), std::move(done));
    return std::make_unique<HttpCall>(shared_, std::move(request), std::move(input.identity), input.timeout,
                                      std::move(done));
  }

 private:
  HttpShared shared_;
};

}  // namespace

std::unique_ptr<Tool> make_http_tool(Loop& loop, const Clock& clock, egress::Policy policy) {
  return std::make_unique<HttpTool>(loop, clock, std::move(policy));
}

}  // namespace pawl::tools
