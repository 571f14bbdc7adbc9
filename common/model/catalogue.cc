#include "common/model/catalogue.h"

#include <algorithm>
#include <iterator>

#include "common/base/assert.h"

namespace pawl {
namespace {

using enum Category;

// Grouped by where a code comes from. Exact codes win over patterns.
constexpr CatalogueEntry kEntries[] = {
    // Network and HTTP
    {"connection_refused", kTransient,
     "Nothing listens at that address now. Check host and port, and that the target is up."},
    {"connection_reset", kTransient,
     "The target closed the connection. If it happens each time, look into the target's own log."},
    {"host_unreachable", kTransient,
     "No route to the target. Check the address, the network and its firewall rules."},
    {"timeout", kTransient,
     "The attempt took longer than the step's `timeout`. Raise it, or make the call smaller."},
    {"dns_failed", kTransient,
     "The host name could not be resolved. Check its spelling and the resolver of the workers."},
    {"tls_failed", kConfiguration,
     "The TLS handshake failed. Check the target's certificate, its host name and its date."},
    {"too_many_redirects", kConfiguration, "Raise `follow` (at most 5), or call the final URL directly."},
    {"invalid_url", kConfiguration, "Give an absolute http or https URL."},
    {"response_too_large", kConfiguration, "Ask the target for less, or raise `max_bytes`."},
    {"invalid_response", kConfiguration,
     "The answer is not what `parse` says. Use `parse: text`, or ask the target for JSON."},
    {"egress_blocked", kPermission,
     "The address is not public. An operator can let it through with `egress_allow`."},
    {"policy_denied", kPermission,
     "The policy of this installation forbids it. Use an allowed target, or ask the operator."},
    {"http_400", kConfiguration,
     "The target calls the request malformed. Compare `body` and `query` with its documentation."},
    {"http_401", kPermission, "The target wants a credential. Set `auth` to a secret that is still valid."},
    {"http_403", kPermission,
     "The credential is not allowed to do this. Ask the target's owner for the permission."},
    {"http_404", kConfiguration,
     "The target knows no such path. Check `url`; list 404 in `accept_status` if absence is an answer."},
    {"http_405", kConfiguration, "The target does not take this method here. Check `method`."},
    {"http_407", kPermission,
     "A proxy wants a credential. Calls are made without a proxy; check the target's address."},
    {"http_408", kTransient, "The target gave up waiting for the request. Send it again, or send less."},
    {"http_409", kConfiguration,
     "The target's state does not allow it. Read its state first, or list 409 in `accept_status`."},
    {"http_410", kConfiguration, "The target has removed it for good. Use the address that replaced it."},
    {"http_413", kConfiguration, "The request is too large for the target. Send it in parts."},
    {"http_415", kConfiguration,
     "The target does not take this content type. Set `Content-Type` in `headers`."},
    {"http_422", kConfiguration, "The target refuses the content. Its answer in `details` says which field."},
    {"http_429", kTransient, "The target limits the rate. Set `host_rate_limit`, or lower `max_parallel`."},
    {"http_500", kTransient,
     "The target failed inside. If it happens each time, tell its owner the time and the request id."},
    {"http_502", kTransient,
     "A gateway in front of the target got no valid answer. Check that the target is healthy."},
    {"http_503", kTransient,
     "The target is overloaded or down for a while. Give the step a longer `retry` or a `fallback`."},
    {"http_504", kTransient,
     "A gateway waited too long for the target. Make the call smaller, or give it more time."},
    {"http_1*", kConfiguration,
     "The target answered with an interim status only. Check that it speaks HTTP/1.1."},
    {"http_2*", kConfiguration, "The status is not in `accept_status`. Add it if it means success."},
    {"http_3*", kConfiguration, "The target redirects. Set `follow`, or call the address it points to."},
    {"http_4*", kConfiguration, "The target refuses the request. Its answer in `details` says why."},
    {"http_5*", kTransient, "The target failed inside. Try again later, or give the step a `fallback`."},

    // Processes
    {"exit_*", kLogic,
     "The program ended with a status it was not expected to. Read its stderr; list the status in "
     "`expect_exit` if it is fine."},
    {"signal_*", kLogic, "A signal ended the program. Read its stderr; it probably has a bug."},
    {"not_executable", kConfiguration,
     "Check argv[0]: the file must exist on the workers and be executable."},
    {"oom_killed", kResource,
     "The step used more memory than it may. Raise `resources.memory`, or give it less to do."},
    {"pids_limit", kResource, "The step started too many processes. Raise `resources.pids`, or start fewer."},
    {"no_space", kResource,
     "The disk or the step's share of it is full. Delete files, or raise `resources.disk`."},
    {"output_limit", kResource, "The program printed more than `max_output`. Raise it, or write to a file."},
    {"cpu_limit", kResource,
     "The step used up its processor time. Raise `resources.cpu`, or give it less to do."},
    {"sandbox_unavailable", kConfiguration,
     "This host can't confine processes. An operator installs bubblewrap or picks another `sandbox`."},
    {"spawn_failed", kResource,
     "The process could not be started. The host is short of memory, processes or descriptors."},
    {"session_ended", kLogic, "The session has ended. Make a new one and send the command there."},

    // Plans and expressions
    {"missing_binding", kConfiguration,
     "Check the name, or cover its absence with `??`; `optional: true` skips the step instead."},
    {"expression_error", kConfiguration,
     "Check the types in the expression; `json()` and `parse_json()` convert."},
    {"expression_limit", kConfiguration, "The expression does too much work. Do it in a `transform` step."},
    {"not_boolean", kConfiguration, "Make `when` a comparison, as `steps.a.output.n > 0`."},
    {"not_a_list", kConfiguration, "`items` must be a list; `values()` makes one of an object."},
    {"invalid_parameter", kConfiguration,
     "Change the parameter named in the message; GET /tools shows the schema."},
    {"unknown_tool", kConfiguration, "No worker offers this tool. GET /tools lists those there are."},
    {"unknown_secret", kConfiguration,
     "The workers have no secret of that name. Ask the operator to add it."},
    {"unknown_lane", kConfiguration, "No worker serves this lane. GET /admin/lanes lists those there are."},
    {"task_invalid", kConfiguration,
     "PUT the task that the step calls again; this version does not understand it."},
    {"task_not_found", kConfiguration, "PUT the task that the step calls, or correct its id."},
    {"assertion_failed", kLogic,
     "What the plan requires does not hold. Look at the values in the message and decide."},
    {"no_child_completed", kLogic, "Every child of the group failed. Look at the children's errors."},
    {"child_failed", kLogic, "A critical child of the group failed. Look at that child's error."},
    {"compensation_failed", kLogic, "A compensation failed, so an effect may be left. Undo it by hand."},
    {"max_steps_exceeded", kConfiguration,
     "Raise `limits.max_steps` of the task, or split it into smaller ones."},
    {"max_depth_exceeded", kConfiguration,
     "Tasks call each other too deep, or in a circle. Raise `limits.max_depth` only if it is no circle."},
    {"max_parallel_exceeded", kConfiguration, "Lower `max_parallel` to what the worker allows."},
    {"output_too_large", kResource, "A step's output is over 64 MiB. Write it to a file and pass its path."},
    {"output_invalid", kLogic, "The output does not match its schema. Change the producer or the schema."},
    {"result_not_storable", kLogic,
     "The database refused the result for its content, as a NUL in a text. Clean it in the step."},

    // Waits, approvals, ends
    {"signal_timeout", kLogic,
     "The signal did not come in time. Raise the wait's `timeout`, or set `on_timeout: continue`."},
    {"approval_rejected", kLogic, "A person said no. Read the comment, change the plan, run it again."},
    {"approval_expired", kLogic,
     "Nobody decided in time. Raise `expires_in`, or tell the approvers earlier."},
    {"cancelled", kCancelled, "Somebody cancelled it. Retry the execution if that was a mistake."},
    {"deadline_exceeded", kTransient,
     "The time of the task or of a parent step ran out. Raise its `timeout`."},
    {"pause_timeout", kCancelled,
     "It was paused for longer than the pause allowed. Retry the execution to go on."},
    {"outcome_unknown", kOutcomeUnknown,
     "The effect may or may not have happened and must not be repeated. Look at the target, then retry "
     "or go on by hand."},
    {"worker_crash_loop", kInternal,
     "Workers died again and again over this execution. Look into their logs for the step named here."},
    {"lease_lost", kInternal, "Another worker took over. Nothing is to be done; it runs again there."},
    {"plan_unreadable", kInternal,
     "This version does not understand the stored plan. Run it on the version that took it."},
    {"store_unavailable", kTransient,
     "The database did not answer. Nothing is to be done; it is tried again."},
    {"internal_error", kInternal, "A fault of Pawl. Report it with the execution's id."},

    // Load and resilience
    {"breaker_open", kTransient,
     "The target failed too often and is left alone for a while. It is tried again by itself."},
    {"retry_budget_exhausted", kTransient,
     "Too many calls to this target fail to retry them all. Mend the target first."},
    {"rate_limited", kResource,
     "Our own rate limit for this target or tool is reached. Lower `max_parallel`, or raise the limit."},
    {"quota_exceeded", kResource,
     "The quota of the tenant is used up. Delete what is not needed, or ask for more."},
    {"concurrency_limit", kResource, "Too many calls of this tool run at once. Lower `max_parallel`."},
    {"tool_unavailable", kTransient, "The tool reports that it is down; GET /tools says why."},

    // Files
    {"path_denied", kPermission,
     "Use a relative path inside the execution's folder, without `..` and links."},
    {"file_not_found", kConfiguration, "No such file. Check `path`; `op: list` shows what is there."},
    {"file_exists", kLogic, "The target exists already. Delete it first, or choose another name."},
    {"not_a_file", kConfiguration, "The path is not a regular file. Name a file."},
    {"not_a_directory", kConfiguration, "The path is not a folder. Name a folder."},
    {"directory_not_empty", kLogic, "The folder is not empty. Delete what is in it first."},
    {"permission_denied", kPermission,
     "The worker's user may not do this to the file. Change its mode or owner."},
    {"precondition_failed", kLogic,
     "The file changed since it was read (`if_match`). Read it again, then decide."},
    {"undo_conflict", kLogic,
     "The file was changed after this step, so it is not undone. Restore it by hand."},
    {"file_too_large", kConfiguration,
     "The file is over the limit of one read. Read it in parts, or by a process."},
    {"io_error", kTransient,
     "The disk reported an error. If it happens again, the operator should look at the host."},

    // Search, browser, notifications, models, mailbox
    {"no_provider", kConfiguration,
     "No search provider is configured. An operator adds one to `tools_file`."},
    {"provider_failed", kTransient, "Every provider failed. Try again later, or configure another one."},
    {"browser_unavailable", kTransient, "No browser could be started. Check chromedriver on the workers."},
    {"browser_crashed", kTransient,
     "The browser ended while the page was open. If it happens each time, the page is too heavy."},
    {"navigation_failed", kTransient, "The page could not be loaded. Check its address."},
    {"element_not_found", kLogic,
     "The page has no such element. Look at the screenshot and correct the selector."},
    {"invalid_selector", kConfiguration, "The selector is no valid CSS. Correct it."},
    {"script_failed", kLogic, "A script of the page failed. Look at the screenshot."},
    {"invalid_recipient", kConfiguration,
     "The address is not one this channel can deliver to. Correct `to`."},
    {"message_too_long", kConfiguration, "The message is over the channel's length. Shorten it."},
    {"content_rejected", kPermission,
     "A content rule of this installation refuses the message. Change the text."},
    {"delivery_failed", kTransient,
     "The channel did not confirm the delivery. Check its address and credential."},
    {"smtp_4*", kTransient, "The mail server asks to try again later."},
    {"smtp_5*", kConfiguration, "The mail server refuses the message. Its answer says why."},
    {"program_failed", kConfiguration, "The jq program failed. Run it on the input shown in `details`."},
    {"schema_mismatch", kLogic,
     "The answer does not match `response_schema`. Loosen it, or say in the prompt what is wanted."},
    {"context_too_long", kConfiguration, "The messages are longer than the model takes. Shorten them."},
    {"content_filtered", kLogic, "The provider refused to answer. Change the messages."},
    {"no_answer", kTransient, "The bot did not answer in time. Check that it watches its mailbox."},
};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

bool matches(std::string_view pattern, std::string_view code) {
  if (!pattern.ends_with('*')) return pattern == code;
  pattern.remove_suffix(1);
  return code.starts_with(pattern) && is_digits(code.substr(pattern.size()));
}

const CatalogueEntry* find_entry(std::string_view code) {
  const auto exact =
      std::find_if(std::begin(kEntries), std::end(kEntries), [&](const auto& e) { return e.code == code; });
  if (exact != std::end(kEntries) && !code.ends_with('*')) return &*exact;
  const auto near = std::find_if(std::begin(kEntries), std::end(kEntries),
                                 [&](const auto& e) { return matches(e.code, code); });
  return near == std::end(kEntries) || code.ends_with('*') ? nullptr : &*near;
}

}  // namespace

std::span<const CatalogueEntry> failure_catalogue() { return kEntries; }

std::string_view suggestion_for(std::string_view code) {
  const CatalogueEntry* entry = find_entry(code);
  return entry == nullptr ? std::string_view() : entry->suggestion;
}

Failure make_failure(std::string_view code, std::string message) {
  const CatalogueEntry* entry = find_entry(code);
  PAWL_ASSERT(entry != nullptr, "a step fails only with a code of the catalogue");
  return Failure{.category = entry->category,
                 .code = std::string(code),
                 .message = std::move(message),
                 .suggestion = std::string(entry->suggestion)};
}

}  // namespace pawl
