#include "api/cli/settings.h"

#include <gtest/gtest.h>

#include "api/cli/env_file.h"
#include "api/cli/profiles.h"

namespace pawl::cli {
namespace {

using Files = std::map<std::string, std::string>;

Result<Settings> load(const std::map<std::string, std::string>& flags, const Assignments& environment,
                      const Files& files) {
  Arguments arguments;
  for (const auto& [key, value] : flags) arguments.set(key, {value});
  return load_settings(arguments, environment, [&files](const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(EnvFile, ReadsAssignmentsAsAShellDoes) {
  const auto values = parse_env_file(
      "# a stack\nPAWL_URL=http://127.0.0.1:7070\nexport A='it''s $HOME'\nB=\"x \\\"y\\\" \\$z\" # "
      "why\nC=a\\ b\r\n\nD=\n");
  EXPECT_EQ(values.at("PAWL_URL"), "http://127.0.0.1:7070");
  EXPECT_EQ(values.at("A"), "its $HOME");
  EXPECT_EQ(values.at("B"), "x \"y\" $z");
  EXPECT_EQ(values.at("C"), "a b");
  EXPECT_EQ(values.at("D"), "");
}

TEST(EnvFile, RunsAndExpandsNothing) {
  const auto values = parse_env_file("A=$(reboot)\nif true; then\nB='open\n1X=y\nC D=z\n");
  EXPECT_EQ(values.at("A"), "$(reboot)");
  EXPECT_EQ(values.size(), 1u);
}

TEST(Settings, FlagsBeatEnvironmentBeatsFolderBeatsProfile) {
  const Files files = {{"/h/.config/pawl/profiles.toml", "[default]\nurl='http://profile'\napi_key='p'\n"},
                       {".pawl/env", "PAWL_URL=http://folder\nPAWL_API_KEY=f\n"}};
  const Assignments home = {{"HOME", "/h"}};
  EXPECT_EQ(
      load({}, home, {{"/h/.config/pawl/profiles.toml", files.at("/h/.config/pawl/profiles.toml")}})->url,
      "http://profile");
  EXPECT_EQ(load({}, home, files)->url, "http://folder");
  EXPECT_EQ(load({}, {{"HOME", "/h"}, {"PAWL_URL", "http://variable"}}, files)->url, "http://variable");
  EXPECT_EQ(load({{"url", "http://flag/"}}, {{"HOME", "/h"}, {"PAWL_URL", "http://variable"}}, files)->url,
            "http://flag");
}

TEST(Settings, AProfilesKeyNeverGoesToAFoldersAddress) {
  const auto settings =
      load({}, {{"XDG_CONFIG_HOME", "/c"}},
           {{"/c/pawl/profiles.toml", "[default]\nurl='http://mine'\napi_key='secret'\nops_url='http://o'\n"},
            {"env", "PAWL_URL=http://theirs\n"}});
  EXPECT_EQ(settings->url, "http://theirs");
  EXPECT_EQ(settings->api_key, "");
  EXPECT_EQ(settings->ops_url, "");
}

TEST(Settings, AProfileAskedForByNameBeatsTheFolder) {
  const Files files = {{"/c/pawl/profiles.toml", "[prod]\nurl='https://prod'\napi_key_file='/k'\n"},
                       {"/k", "pawl_1\n"},
                       {".pawl/env", "PAWL_URL=http://folder\n"}};
  const Assignments environment = {{"XDG_CONFIG_HOME", "/c"}};
  const auto settings = load({{"profile", "prod"}}, environment, files);
  EXPECT_EQ(settings->url, "https://prod");
  EXPECT_EQ(settings->api_key, "pawl_1");
  EXPECT_EQ(load({{"profile", "nope"}}, environment, files).error().code, "no_profile");
}

TEST(Settings, RefusesWhatIsNoAddress) {
  EXPECT_EQ(load({{"url", "ftp://x"}}, {}, {}).error().code, "bad_url");
  EXPECT_EQ(load({{"api-key-file", "/nowhere"}}, {}, {}).error().kind, ErrorKind::kInvalid);
}

TEST(Profiles, FaultsAreOneLine) {
  for (const auto* text : {"[a]\nurl = 5\n", "url = 'x'\n", "[a]\ncolour = 'x'\n", "[a\n"}) {
    const auto profiles = parse_profiles(text, "p.toml");
    ASSERT_FALSE(profiles) << text;
    EXPECT_EQ(profiles.error().message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace pawl::cli
