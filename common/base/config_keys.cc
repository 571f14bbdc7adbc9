// The list of configuration keys: names, types, bounds, defaults (operating.md §2). The only place a key is
// declared.
#include "common/base/config.h"

namespace pawl {
namespace {

constexpr double kSecond = 1000;
constexpr double kMinute = 60 * kSecond;
constexpr double kHour = 60 * kMinute;
constexpr double kDay = 24 * kHour;
constexpr double kMillion = 1e6;

using enum ConfigType;
constexpr ConfigKey kKeys[] = {
    // Where things are
    {"listen", kString, "127.0.0.1:7070", "address of the API", 0, 0, "host:port"},
    {"ops_listen", kString, "127.0.0.1:7071", "address of /livez, /readyz, /metrics and /admin", 0, 0,
     "host:port"},
    {"postgres_url", kString, "", "postgresql://user:password@host:port/database", 0, 0, "url", true},
    {"amqp_url", kString, "", "amqp:// or amqps://user:password@host:port/vhost", 0, 0, "url", true},
    {"amqp_management_url", kString, "", "http://user:password@host:port of the broker's management API", 0,
     0, "url", true},
    {"amqp_ca_file", kString, "", "PEM file of the authority that signed the broker's certificate"},
    {"tls_cert_file", kString, "", "PEM certificate chain of the API; plain HTTP without it"},
    {"tls_key_file", kString, "", "PEM private key of the API"},
    {"key_secret_file", kString, "", "file with the secret that signs cursors"},
    {"admin_key_file", kString, "", "file the first start writes its admin key to; stdout without it"},
    {"routing_file", kString, "",
     "TOML file with the routing rules of /api/tasks/run; read again when it changes"},
    {"tools_file", kString, "", "TOML file with the settings of each tool"},
    {"secrets_dir", kString, "", "folder with one file per secret(\"name\")"},
    {"file_root", kString, "",
     "folder the file tool and session workspaces live in, shared by all workers of a lane"},
    {"mailbox_root", kString, "", "folder of tasks/ and responses/ for bots that work by file"},
    // API
    {"accept_deadline", kDuration, "5s", "longest wait for Postgres before an accept is answered 503", 10,
     kMinute},
    {"rate_limit", kDouble, "0", "requests a second and key; 0 = none", 0, kMillion},
    {"max_in_flight", kInt, "1000000", "unfinished executions per tenant", 1, 1e9},
    {"allowed_origins", kList, "", "origins browsers may come from, exactly as they send them"},
    {"jwt_keys_file", kString, "", "JWKS file of the issuers whose tokens are taken; none without it"},
    {"jwt_issuers", kList, "", "values of iss that are taken"},
    {"jwt_audience", kString, "", "the value of aud that is required"},
    {"ops_token", kString, "", "bearer token for the ops port; open without it", 0, 0, "", true},
    // Worker
    {"worker_name", kString, "", "name shown in steps and /admin/workers; host and pid without it"},
    {"worker_slots", kInt, "100", "executions a worker holds at once", 1, 100'000},
    {"lanes", kList, "default,llm,terminal", "lanes this process serves (worker) or knows (API)"},
    {"lease", kDuration, "15s", "a worker that has not renewed for so long has lost its executions", 300,
     kHour},
    {"lease_renew", kDuration, "0s", "how often the lease is renewed; 0 = lease/3", 0, kHour},
    {"keeper_interval", kDuration, "250ms", "tick of the keeper", 10, kMinute},
    {"drain", kDuration, "25s", "time a stopping worker gives its steps", 0, kHour},
    {"crash_quarantine", kInt, "5",
     "owners that may die over an execution before it fails as worker_crash_loop", 1, 1000},
    {"max_frozen", kInt, "100", "paused executions whose process a worker keeps frozen", 0, 100'000},
    {"retention", kDuration, "30d", "how long finished executions are kept", kMinute, 36500 * kDay},
    {"sandbox", kString, "full", "how processes are confined", 0, 0, "full|landlock|none-i-accept-the-risk"},
    {"egress_allow", kList, "", "host, host:port or CIDR that the egress rules let through"},
    {"egress_allow_private", kBool, "false", "let requests reach private networks"},
    {"host_rate_limit", kDouble, "0", "outgoing requests a second and host; 0 = none", 0, kMillion},
    {"notify_secret", kString, "", "key of the HMAC in X-Pawl-Signature", 0, 0, "", true},
    // Resilience
    {"breaker_window", kString, "count:100", "calls a breaker looks back on, count:100 or time:20s", 0, 0,
     "window"},
    {"breaker_min_calls", kInt, "20", "calls needed before a rate counts", 1, kMillion},
    {"breaker_failure_rate", kDouble, "0.5", "share of failures that opens a breaker; 0 = off", 0, 1},
    {"breaker_consecutive_failures", kInt, "5", "failures in a row that open a breaker; 0 = off", 0,
     kMillion},
    {"breaker_open_for", kDuration, "5s", "first stay in the open state", 1, kDay},
    {"retry_budget_ratio", kDouble, "0.2", "retries per call to one target", 0, 100},
    {"retry_budget_floor", kDouble, "10", "retries a second to one target that are always granted", 0,
     kMillion},
    // Connections and logs
    {"db_connections", kInt, "4", "connections to Postgres per process", 1, 64},
    {"amqp_heartbeat", kDuration, "10s", "a broker silent for twice as long is gone", kSecond, 10 * kMinute},
    {"migrate_at_start", kBool, "false", "bring the database up to date before serving"},
    {"log_level", kString, "info", "least level that is written", 0, 0, "debug|info|warn|error"},
    {"log_format", kString, "json", "one JSON object or one line of text a record", 0, 0, "json|text"},
};

}  // namespace

std::span<const ConfigKey> config_keys() { return kKeys; }

}  // namespace pawl
