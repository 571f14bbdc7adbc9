// Keys, scopes and who is let in.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "api/auth/api_key.h"
#include "api/limits.h"
#include "api/trace.h"
#include "tests/unit/api/api_world.h"

namespace pawl::api {
namespace {

TEST(ApiKey, IsMadeOf256RandomBitsWithAPrefixAndAChecksum) {
  const NewApiKey one = make_api_key(), two = make_api_key();
  EXPECT_TRUE(one.text.starts_with("pawl_"));
  EXPECT_EQ(one.text.size(), 5u + 43u + 8u);
  EXPECT_NE(one.text, two.text);
  EXPECT_TRUE(one.text.starts_with(one.prefix));
  EXPECT_LE(one.prefix.size(), 12u);
  EXPECT_EQ(api_key_hash(one.text), one.hash);
}

TEST(ApiKey, OneWrongCharacterIsSeenWithoutALookUp) {
  const std::string key = make_api_key().text;
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string changed = key;
    changed[i] = changed[i] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(api_key_hash(changed)) << i;
  }
  EXPECT_FALSE(api_key_hash(""));
  EXPECT_FALSE(api_key_hash(key + "a"));
  EXPECT_FALSE(api_key_hash(key.substr(0, key.size() - 1)));
  EXPECT_FALSE(api_key_hash(std::string(key.size(), '\0')));
}

TEST(Scopes, AreEightAndReadBack) {
  ASSERT_EQ(all_scopes().size(), 8u);
  for (const std::string& name : all_scopes()) {
    const auto scope = parse_scope(name);
    ASSERT_TRUE(scope);
    EXPECT_EQ(to_string(*scope), name);
  }
  EXPECT_FALSE(parse_scope("exec:*"));
  EXPECT_FALSE(parse_scope(""));
}

TEST(Scopes, GrantOnlyThemselves) {
  for (const std::string& held : all_scopes()) {
    for (const std::string& needed : all_scopes()) {
      EXPECT_EQ(grants(scope_set({held}), *parse_scope(needed)), held == needed) << held << " " << needed;
    }
  }
  EXPECT_EQ(scope_set({"root", ""}), 0);
  EXPECT_FALSE(grants(0, Scope::kExecRead));
}

class Auth : public testing::Test {
 protected:
  ApiWorld world_;

  NewApiKey make(std::optional<WallTime> expires_at = {}) {
    const NewApiKey key = make_api_key();
    store::KeyRow row;
    row.id = UuidGenerator(world_.rng).next(WallTime{Micros{1'000'000}});
    row.tenant = row.id;
    row.name = "n";
    row.scopes = {"exec:read"};
    row.expires_at = expires_at;
    id_ = row.id;
    tenant_ = row.tenant;
    world_.store.create(std::move(row), key.hash, "", world_.loop.now() + Millis{1000},
                        [](const Result<store::KeyRow>& made) { EXPECT_TRUE(made); });
    world_.loop.run_for(Millis{0});
    return key;
  }
  /// "" when let in, else the code.
  std::string ask(const std::string& header) {
    http::Headers headers;
    if (!header.empty()) headers.add("Authorization", header);
    std::string code = "no answer";
    world_.authenticator.authenticate(
        headers, [&code](const Result<Principal>& who) { code = who ? "" : who.error().code; });
    for (int i = 0; i < 5 && code == "no answer"; ++i) world_.loop.run_for(Millis{0});
    return code;
  }

  Uuid id_, tenant_;
};

TEST_F(Auth, LetsAGoodKeyInAndNamesWhatIsWrongWithOthers) {
  const NewApiKey key = make();
  EXPECT_EQ(ask("Bearer " + key.text), "");
  EXPECT_EQ(ask("bearer   " + key.text), "");
  EXPECT_EQ(ask(""), "unauthenticated");
  EXPECT_EQ(ask("Basic " + key.text), "unauthenticated");
  EXPECT_EQ(ask("Bearer"), "unauthenticated");
  EXPECT_EQ(ask("Bearer nonsense"), "token_invalid");
  EXPECT_EQ(ask("Bearer " + make_api_key().text), "token_invalid");
}

TEST_F(Auth, AnExpiredKeyIsRefused) {
  EXPECT_EQ(ask("Bearer " + make(WallTime{Micros{1}}).text), "token_expired");
}

TEST_F(Auth, ARevokedKeyIsRefusedOnceItIsForgotten) {
  const NewApiKey key = make();
  EXPECT_EQ(ask("Bearer " + key.text), "");
  world_.store.revoke(tenant_, id_, world_.loop.now() + Millis{1000},
                      [](const Result<void>& done) { EXPECT_TRUE(done); });
  world_.loop.run_for(Millis{0});
  world_.authenticator.forget(id_);
  EXPECT_EQ(ask("Bearer " + key.text), "key_revoked");
}

TEST_F(Auth, AKeyThatCantBeCheckedIsNoWrongKey) {
  const NewApiKey key = make();
  world_.store.fault_next("find", store::StoreFault::kUnavailable);
  const std::string code = ask("Bearer " + key.text);
  EXPECT_EQ(code, "unavailable");
}

TEST(AuthCache, TrustsACheckedKeyForLessThanFiveSeconds) { EXPECT_LT(kKeyFresh, Millis{5000}); }

TEST(Trace, IsTakenOverWhenItIsWellFormed) {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  SeededRng rng(1);
  http::Headers headers;
  headers.add("traceparent", good);
  EXPECT_EQ(traceparent_of(headers, rng), good);
  for (const std::string bad : {"", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                                "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz"}) {
    EXPECT_FALSE(is_traceparent(bad)) << bad;
    http::Headers other;
    other.add("traceparent", bad);
    const std::string fresh = traceparent_of(other, rng);
    EXPECT_TRUE(is_traceparent(fresh)) << fresh;
    EXPECT_NE(fresh, bad);
  }
}

}  // namespace
}  // namespace pawl::api
