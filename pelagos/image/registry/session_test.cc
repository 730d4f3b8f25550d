#include "pelagos/image/registry/session.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "pelagos/image/registry/fake_registry.h"

namespace pelagos::image {
namespace {

constexpr char kPull[] = "repository:a/b:pull";

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    HttpOptions options;
    options.stall = absl::Seconds(1);
    http_ = *HttpClient::Start(options);
    policy_.attempts = 3;
    policy_.first = absl::Milliseconds(1);
    registry_.AddManifest("a/b", "1", "{}", "text/plain");
  }

  RegistrySession Session(const Credentials& credentials = {}) {
    Endpoint endpoint = EndpointOf(registry_.host());
    endpoint.credentials = credentials;
    return RegistrySession(*http_, endpoint, policy_);
  }
  absl::StatusOr<HttpResponse> Get(const Credentials& credentials = {}) {
    RegistrySession session = Session(credentials);
    return session.Send({.url = "/v2/a/b/manifests/1"}, kPull);
  }
  static void ExpectSays(const absl::Status& status, absl::string_view text) {
    EXPECT_TRUE(absl::StrContains(status.message(), text)) << status;
  }

  FakeRegistry registry_;
  std::unique_ptr<HttpClient> http_;
  RetryPolicy policy_;
};

TEST_F(SessionTest, PlainHttpOnThisMachineNeedsNoFlag) {
  const auto answer = Get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->Header("content-type"), "text/plain");
}

TEST_F(SessionTest, ElsewhereTlsIsNeeded) {
  Endpoint endpoint = EndpointOf(registry_.host());
  endpoint.plain_http = false;
  RegistrySession session(*http_, endpoint, policy_);
  const auto answer = session.Send({.url = "/v2/"}, "");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
  ExpectSays(answer.status(), "speaks no TLS: use --insecure");
}

TEST_F(SessionTest, BasicLogin) {
  registry_.RequireBasic("me", "secret");
  const auto without = Get();
  EXPECT_TRUE(absl::IsUnauthenticated(without.status()));
  ExpectSays(without.status(), "pelagos image login 127.0.0.1");
  const auto wrong = Get({.username = "me", .password = "wrong"});
  EXPECT_TRUE(absl::IsUnauthenticated(wrong.status()));
  ExpectSays(wrong.status(), "the user name or password is wrong");
  const auto answer = Get({.username = "me", .password = "secret"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "{}");
}

TEST_F(SessionTest, TokensAreFetchedOnceForAScope) {
  registry_.RequireToken("me", "secret");
  RegistrySession session = Session({.username = "me", .password = "secret"});
  for (int i = 0; i < 3; ++i) {
    const auto answer = session.Send({.url = "/v2/a/b/manifests/1"}, kPull);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, 200);
  }
  EXPECT_EQ(registry_.Count("GET", "/token"), 1u);
  const auto wrong = Get({.username = "me", .password = "wrong"});
  EXPECT_TRUE(absl::IsUnauthenticated(wrong.status()));
  ExpectSays(wrong.status(), "incorrect username or password");
}

TEST_F(SessionTest, IdentityTokensAreSentByPost) {
  registry_.RequireIdentityToken("refresh & more");
  // What Docker keeps beside it as the user is of no account.
  const auto answer =
      Get({.username = "00000000-0000-0000-0000-000000000000", .identity_token = "refresh & more"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(registry_.Count("GET", "/token"), 0u);
  ASSERT_EQ(registry_.Count("POST", "/token"), 1u);
  for (const SeenRequest& request : registry_.requests()) {
    if (request.method != "POST") continue;
    EXPECT_EQ(request.path, "/token");
    EXPECT_EQ(request.headers.count("authorization"), 0u);
    EXPECT_EQ(request.form,
              "service=fake&scope=repository%3Aa%2Fb%3Apull&grant_type=refresh_token&"
              "refresh_token=refresh%20%26%20more&client_id=pelagos");
  }
  const auto wrong = Get({.identity_token = "revoked"});
  EXPECT_TRUE(absl::IsUnauthenticated(wrong.status())) << wrong.status();
  ExpectSays(wrong.status(), "invalid refresh token");
  EXPECT_FALSE(absl::StrContains(wrong.status().message(), "revoked")) << wrong.status();
}

TEST_F(SessionTest, TokensForEverybody) {
  registry_.RequireToken("", "");
  const auto answer = Get();
  ASSERT_TRUE(answer.ok()) << answer.status();
}

TEST_F(SessionTest, BusyRegistriesAreAskedAgain) {
  registry_.Misbehave({.path = "manifests", .value = 503});
  registry_.Misbehave({.path = "manifests", .value = 429, .retry_after = "0"});
  const auto answer = Get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(registry_.Count("GET", "manifests"), 3u);
}

TEST_F(SessionTest, ButNotForEver) {
  registry_.Misbehave(
      {.path = "manifests", .value = 500, .times = 100, .body = "database is down"});
  const auto answer = Get();
  EXPECT_TRUE(absl::IsUnavailable(answer.status()));
  ExpectSays(answer.status(), "500 Internal Server Error: database is down (tried 3 times)");
}

TEST_F(SessionTest, ALongRetryAfterIsAnError) {
  registry_.Misbehave({.path = "manifests", .value = 429, .retry_after = "3600"});
  const auto answer = Get();
  EXPECT_TRUE(absl::IsResourceExhausted(answer.status()));
  ExpectSays(answer.status(), "try again in 1h");
}

TEST_F(SessionTest, BrokenConnections) {
  registry_.Misbehave({.path = "manifests", .kind = Fault::kCut, .value = 1});
  registry_.Misbehave({.path = "manifests", .kind = Fault::kStall, .value = 1});
  const auto answer = Get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "{}");
}

TEST_F(SessionTest, AnEndlessAnswerHasAnEnd) {
  registry_.Misbehave({.path = "manifests", .kind = Fault::kEndless, .times = 100});
  const auto answer = Get();
  EXPECT_TRUE(absl::IsDataLoss(answer.status())) << answer.status();
  ExpectSays(answer.status(), "longer than");
}

TEST_F(SessionTest, NobodyThere) {
  Endpoint endpoint = EndpointOf("127.0.0.1:1");
  RegistrySession session(*http_, endpoint, policy_);
  const auto answer = session.Send({.url = "/v2/"}, "");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition) << answer.status();
  ExpectSays(answer.status(), "https://127.0.0.1:1/v2/");
}

TEST_F(SessionTest, CancelEndsWhatWaits) {
  registry_.Misbehave({.path = "manifests", .value = 503, .times = 100, .retry_after = "100"});
  std::thread canceller([&] {
    while (registry_.Count("GET", "manifests") == 0) std::this_thread::yield();
    http_->Cancel(absl::CancelledError("enough"));
  });
  const auto answer = Get();
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(answer.status())) << answer.status();
}

TEST(RetryAfterTest, SecondsAndDates) {
  absl::Time now;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2026-01-01T00:00:00Z", &now, &error));
  EXPECT_EQ(ParseRetryAfter("120", now), absl::Seconds(120));
  EXPECT_EQ(ParseRetryAfter(" 0 ", now), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("Thu, 01 Jan 2026 00:01:00 GMT", now), absl::Minutes(1));
  EXPECT_EQ(ParseRetryAfter("Thu, 01 Jan 2025 00:01:00 GMT", now), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("soon", now), std::nullopt);
  EXPECT_EQ(ParseRetryAfter("", now), std::nullopt);
}

TEST(UrlTest, MessagesHoldNoSecrets) {
  EXPECT_EQ(UrlForMessages("https://a:b@host/v2/x?token=secret#x"), "https://host/v2/x");
  EXPECT_EQ(UrlForMessages("https://host/a@b"), "https://host/a@b");
}

}  // namespace
}  // namespace pelagos::image
