// A conversation with one endpoint about one repository: who we are, and once more if it was busy.
//
//   request -> 401 with a challenge -> Basic, or a token from the challenge's realm -> request
//           -> 429, 5xx, broken connection -> pause (Retry-After, or longer each time) -> request
//
// Source: distribution-spec 1.1; token authentication of the distribution project
// ("docs/spec/auth": token, oauth). Thread-safe: layers share a session and its tokens.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/image/endpoint.h"
#include "pelagos/image/registry/challenge.h"
#include "pelagos/image/registry/http.h"

namespace pelagos::image {

struct RetryPolicy {
  int attempts = 6;                                // of one request, the first included
  absl::Duration first = absl::Milliseconds(500);  // doubled each time
  absl::Duration longest = absl::Seconds(20);
  absl::Duration patience = absl::Minutes(3);  // a longer Retry-After is an error
};

// The pauses between attempts at one thing.
class Backoff {
 public:
  Backoff(HttpClient& http, const RetryPolicy& policy) : http_(http), policy_(policy) {}

  // Waits before the next attempt; `retry_after` of the answer or empty. Fails with `failure` if
  // there was the last one, or with that of HttpClient::Cancel.
  absl::Status Pause(const absl::Status& failure, absl::string_view retry_after = "");
  // Something arrived: counts from the start.
  void Reset() { failures_ = 0; }

 private:
  HttpClient& http_;
  const RetryPolicy& policy_;
  int failures_ = 0;
};

// Seconds, or a date of HTTP (RFC 9110, 10.2.3); nullopt if it is neither.
std::optional<absl::Duration> ParseRetryAfter(absl::string_view text, absl::Time now);

// 408, 429, 500, 502, 503, 504: the same request may succeed later.
bool IsBusy(const HttpResponse& response);

// What an answer that is no success says, with the registry's own words and what to do.
absl::Status ErrorOf(const HttpResponse& response, absl::string_view method,
                     const Endpoint& endpoint);

class RegistrySession {
 public:
  // `http` must outlive it.
  RegistrySession(HttpClient& http, Endpoint endpoint, RetryPolicy policy)
      : http_(http), endpoint_(std::move(endpoint)), policy_(policy) {}

  // `url` of the request: a path that begins with "/v2/", or whole. Any answer is a result but 401:
  // that is Unauthenticated when there is nothing (more) to log in with. `scope` is what a token is
  // asked for where the challenge does not say: "repository:library/redis:pull".
  absl::StatusOr<HttpResponse> SendOnce(HttpRequest request, const std::string& scope);
  // Tries again where that may help; for requests that may be repeated as they are.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, const std::string& scope);

  const Endpoint& endpoint() const { return endpoint_; }
  const RetryPolicy& policy() const { return policy_; }
  HttpClient& http() { return http_; }

 private:
  std::string Localize(const std::string& url) const;
  absl::StatusOr<HttpResponse> Perform(HttpRequest& request);
  absl::StatusOr<std::string> Authorize(const HttpResponse& refused, absl::string_view method,
                                        const std::string& scope);
  absl::StatusOr<std::string> FetchToken(const AuthChallenge& challenge, const std::string& scope);

  HttpClient& http_;
  const Endpoint endpoint_;
  const RetryPolicy policy_;
  std::mutex mutex_;
  bool plain_ = false;                                 // it speaks no TLS
  std::map<std::string, std::string> authorizations_;  // by scope
};

}  // namespace pelagos::image
