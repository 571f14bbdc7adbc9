#include "common/base/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace pawl {
namespace {

using Words = std::vector<std::string>;

Result<Config> load(const Words& arguments, const Words& environment = {}) {
  return Config::load(arguments, environment);
}

std::string error_of(const Words& arguments, const Words& environment = {}) {
  const auto config = load(arguments, environment);
  return config ? "" : config.error().message;
}

/// A configuration file that is gone with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    path_ = testing::TempDir() + "pawl_config_" + std::to_string(::getpid()) + ".toml";
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Config, HasTheDefaultsOfTheContract) {
  const Config config = Config::defaults();
  EXPECT_EQ(config.text("listen"), "127.0.0.1:7070");
  EXPECT_EQ(config.duration("lease"), Millis(15'000));
  EXPECT_EQ(config.duration("lease_renew"), Millis(5'000));
  EXPECT_EQ(config.duration("keeper_interval"), Millis(250));
  EXPECT_EQ(config.duration("drain"), Millis(25'000));
  EXPECT_EQ(config.integer("worker_slots"), 100);
  EXPECT_EQ(config.integer("crash_quarantine"), 5);
  EXPECT_EQ(config.integer("max_in_flight"), 1'000'000);
  EXPECT_EQ(config.real("breaker_failure_rate"), 0.5);
  EXPECT_EQ(config.text("sandbox"), "full");
  EXPECT_FALSE(config.flag("egress_allow_private"));
  EXPECT_EQ(config.list("lanes"), (Words{"default", "llm", "terminal"}));
  EXPECT_TRUE(config.list("egress_allow").empty());
}

TEST(Config, EveryDefaultIsLegalAndEveryKeyHasHelp) {
  for (const ConfigKey& key : config_keys()) {
    EXPECT_TRUE(Config::defaults().set(key.name, key.default_value, "test").has_value()) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
  }
}

TEST(Config, FlagsWinOverEnvironmentOverFileOverDefaults) {
  const TemporaryFile file("lease = \"1m\"\ndrain = \"2m\"\nworker_slots = 7\n");
  const auto config = load({"--config", file.path(), "--lease=3s"},
                           {"PAWL_LEASE=2s", "PAWL_DRAIN=9s", "HOME=/", "PAWL_URL=x"});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->duration("lease"), Millis(3'000));
  EXPECT_EQ(config->duration("drain"), Millis(9'000));
  EXPECT_EQ(config->integer("worker_slots"), 7);
  const std::string printed = config->print();
  EXPECT_NE(printed.find("lease = 3s  # --lease\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("lease_renew = 1s  # default (lease/3)\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("drain = 9s  # PAWL_DRAIN\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("worker_slots = 7  # " + file.path() + "\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("sandbox = full  # default\n"), std::string::npos) << printed;
}

TEST(Config, TakesEveryShapeOfFlag) {
  const auto config =
      load({"--worker-slots", "5", "--drain=3", "--set", "keeper_interval=500ms", "--set=lanes=a, b",
            "--egress-allow-private", "--migrate_at_start", "false", "serve", "--print-config"});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->integer("worker_slots"), 5);
  EXPECT_EQ(config->duration("drain"), Millis(3'000));
  EXPECT_EQ(config->duration("keeper_interval"), Millis(500));
  EXPECT_EQ(config->list("lanes"), (Words{"a", "b"}));
  EXPECT_TRUE(config->flag("egress_allow_private"));
  EXPECT_FALSE(config->flag("migrate_at_start"));
  EXPECT_EQ(config->rest(), (Words{"serve", "--print-config"}));
}

TEST(Config, ReadsListsNumbersAndBooleansFromTheFile) {
  const TemporaryFile file(
      "lanes = [\"a\", \"b\"]\nbreaker_failure_rate = 0.25\negress_allow_private = true\n");
  const auto config = load({}, {"PAWL_CONFIG=" + file.path()});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->list("lanes"), (Words{"a", "b"}));
  EXPECT_EQ(config->real("breaker_failure_rate"), 0.25);
  EXPECT_TRUE(config->flag("egress_allow_private"));
}

TEST(Config, RefusesUnknownKeysAndOffersTheNearest) {
  EXPECT_EQ(error_of({"--leese=3s"}),
            "unknown configuration key --leese (from command line); did you mean lease?");
  EXPECT_EQ(error_of({"--set", "leasing=3s"}),
            "unknown configuration key leasing (from --set); did you mean lease?");
  EXPECT_EQ(error_of({}, {"PAWL_WORKER_SLOT=3"}),
            "unknown configuration key PAWL_WORKER_SLOT (from environment); did you mean worker_slots?");
  EXPECT_EQ(
      error_of({"--entirely-different"}),
      "unknown configuration key --entirely-different (from command line); --print-config lists all keys");
  EXPECT_NE(error_of({"-x"}), "");
  const TemporaryFile file("[tools]\nx = 1\n");
  EXPECT_NE(error_of({"--config=" + file.path()}).find("key tools must be"), std::string::npos);
}

TEST(Config, LeavesTheVariablesOfOthersAlone) {
  EXPECT_EQ(
      error_of({}, {"PAWL_API_KEY=k", "PAWL_OPS_URL=u", "PAWL_API_URLS=u", "PAWL_WORKER_OPS_URLS=u",
                    "PAWL_DIR=d", "PAWL_PROFILE=p", "PAWL_SIM_SEED=1", "PAWL_EXECUTION=e", "PAWL_STEP=s",
                    "PAWL_ATTEMPT=1", "PAWL_EPOCH=1", "PAWL_IDEMPOTENCY_KEY=i", "PAWLX=1"}),
      "");
}

TEST(Config, RefusesEachKindOfBadValueInOneLine) {
  for (const char* bad : {"lease=0s",
                          "lease=-1s",
                          "lease=soon",
                          "lease=",
                          "lease=2h",
                          "worker_slots=0",
                          "worker_slots=1.5",
                          "worker_slots=many",
                          "worker_slots=99999999999999999999",
                          "breaker_failure_rate=1.1",
                          "breaker_failure_rate=nan",
                          "egress_allow_private=maybe",
                          "sandbox=none",
                          "log_level=trace",
                          "log_format=xml",
                          "listen=7070",
                          "listen=host:99999",
                          "listen=:80",
                          "postgres_url=not a url",
                          "breaker_window=100",
                          "breaker_window=count:0",
                          "breaker_window=time:0s",
                          "lanes=a,,b",
                          "worker_name=a\nb"}) {
    const std::string message = error_of({"--set", bad});
    EXPECT_TRUE(message.starts_with("bad value for ")) << bad << ": " << message;
    EXPECT_NE(message.find("(from --set)"), std::string::npos) << message;
    EXPECT_NE(message.find("; it must be "), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_EQ(error_of({"--sandbox=none"}),
            "bad value for sandbox (from --sandbox): 'none'; it must be one of "
            "full|landlock|none-i-accept-the-risk");
  EXPECT_EQ(error_of({"--lease=0s"}),
            "bad value for lease (from --lease): '0s'; it must be a duration from 300ms to 1h, as 15s");
}

TEST(Config, RefusesWhatDoesNotFitTogether) {
  EXPECT_NE(error_of({"--lease=3s", "--lease-renew=2s"}).find("at most half of lease"), std::string::npos);
  EXPECT_NE(error_of({"--tls-cert-file=c"}).find("go together"), std::string::npos);
  EXPECT_NE(error_of({"--lease"}).find("needs a value"), std::string::npos);
  EXPECT_NE(error_of({"--config"}).find("needs a value"), std::string::npos);
  EXPECT_NE(error_of({"--set", "lease"}).find("key=value"), std::string::npos);
}

TEST(Config, NamesAFileThatIsMissingOrNoToml) {
  EXPECT_NE(error_of({"--config=/nonexistent.toml"}).find("cannot be read"), std::string::npos);
  const TemporaryFile file("lease = \n= 3");
  const std::string message = error_of({"--config=" + file.path()});
  EXPECT_NE(message.find(file.path()), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(Config, NeverShowsASecret) {
  const auto config = load({"--postgres-url=postgresql://u:hunter2@h/d", "--ops-token=hunter2"});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->print().find("hunter2"), std::string::npos);
  EXPECT_NE(config->print().find("ops_token = ***  # --ops-token\n"), std::string::npos);
  EXPECT_EQ(error_of({"--postgres-url=hunter2"}).find("hunter2"), std::string::npos);
}

TEST(Config, AsksForAKeyByItsTypeOnly) {
  EXPECT_DEATH(static_cast<void>(Config::defaults().integer("lease")), "declared with");
  EXPECT_DEATH(static_cast<void>(Config::defaults().text("nothing")), "config_keys");
}

}  // namespace
}  // namespace pawl
