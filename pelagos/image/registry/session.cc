#include "pelagos/image/registry/session.h"

#include <algorithm>
#include <random>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"

namespace pelagos::image {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxToken = size_t{1} << 20;
constexpr size_t kMaxWords = 300;  // of a server, in a message

std::string UrlEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::string_view("-._~").find(c) != absl::string_view::npos) {
      out.push_back(c);
    } else {
      constexpr char kDigits[] = "0123456789ABCDEF";
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string BasicAuthorization(const Credentials& credentials) {
  return absl::StrCat(
      "Basic ", absl::Base64Escape(absl::StrCat(credentials.username, ":", credentials.password)));
}

// "UNAUTHORIZED: authentication required" of {"errors": [{"code", "message"}]}; or the text, short.
std::string WordsOf(const HttpResponse& response) {
  const Json json = Json::parse(response.body.begin(), response.body.end(), nullptr,
                                /*allow_exceptions=*/false);
  std::string words;
  if (json.is_object() && json.contains("errors") && json["errors"].is_array()) {
    for (const Json& error : json["errors"]) {
      if (!error.is_object()) continue;
      for (const char* field : {"code", "message"}) {
        const auto found = error.find(field);
        if (found == error.end() || !found->is_string()) continue;
        absl::StrAppend(&words, words.empty() ? "" : " ", found->get<std::string>());
      }
    }
  } else if (json.is_object() && json.contains("details") && json["details"].is_string()) {
    words = json["details"].get<std::string>();
  }
  if (words.empty() && !absl::StrContains(response.Header("content-type"), "html")) {
    words = std::string(absl::StripAsciiWhitespace(response.body));
  }
  return absl::CHexEscape(words.substr(0, kMaxWords));
}

absl::string_view NameOfStatus(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

}  // namespace

std::optional<absl::Duration> ParseRetryAfter(absl::string_view text, absl::Time now) {
  text = absl::StripAsciiWhitespace(text);
  uint32_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds)) return absl::Seconds(seconds);
  absl::Time at;
  std::string error;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", text, &at, &error)) return std::nullopt;
  return std::max(at - now, absl::ZeroDuration());
}

absl::Status Backoff::Pause(const absl::Status& failure, absl::string_view retry_after) {
  if (++failures_ >= policy_.attempts) {
    return absl::Status(failure.code(),
                        absl::StrCat(failure.message(), " (tried ", policy_.attempts, " times)"));
  }
  absl::Duration pause = policy_.first;
  for (int i = 1; i < failures_; ++i) pause = std::min(pause * 2, policy_.longest);
  if (const auto asked = ParseRetryAfter(retry_after, absl::Now()); asked) {
    if (*asked > policy_.patience) {
      return absl::Status(failure.code(),
                          absl::StrCat(failure.message(), "; the registry says: try again in ",
                                       absl::FormatDuration(*asked)));
    }
    pause = *asked;
  } else {
    // So that many clients do not come back at the same moment.
    thread_local std::minstd_rand random(std::random_device{}());
    pause *= std::uniform_real_distribution<double>(0.75, 1.25)(random);
  }
  return http_.Wait(pause);
}

bool IsBusy(const HttpResponse& response) {
  constexpr int kBusy[] = {408, 429, 500, 502, 503, 504};
  return std::find(std::begin(kBusy), std::end(kBusy), response.status) != std::end(kBusy);
}

absl::Status ErrorOf(const HttpResponse& response, absl::string_view method,
                     const Endpoint& endpoint) {
  std::string text = absl::StrCat(method, " ", UrlForMessages(response.url),
                                  ": the registry answered ", response.status);
  if (const absl::string_view name = NameOfStatus(response.status); !name.empty()) {
    absl::StrAppend(&text, " ", name);
  }
  if (const std::string words = WordsOf(response); !words.empty()) {
    absl::StrAppend(&text, ": ", words);
  }
  switch (response.status) {
    case 401:
      absl::StrAppend(&text,
                      endpoint.credentials.empty()
                          ? "; log in with 'pelagos image login "
                          : "; the user name or password is wrong, or has no right to it: "
                            "see 'pelagos image login ",
                      endpoint.registry, "'");
      return absl::UnauthenticatedError(text);
    case 403:
      return absl::PermissionDeniedError(absl::StrCat(
          text, "; '", endpoint.registry, "' knows ",
          endpoint.credentials.empty() ? "nobody here" : "this user", ", who may not do that"));
    case 404:
      return absl::NotFoundError(text);
    case 429:
      return absl::ResourceExhaustedError(text);
    default:
      break;
  }
  return IsBusy(response) ? absl::UnavailableError(text) : absl::InternalError(text);
}

// The path of a URL of this endpoint (by whichever scheme a proxy before it believes in); else the
// URL as it is.
std::string RegistrySession::Localize(const std::string& url) const {
  absl::string_view left = url, base = endpoint_.url;
  for (absl::string_view* each : {&left, &base}) {
    if (!absl::ConsumePrefix(each, "https://")) absl::ConsumePrefix(each, "http://");
  }
  if (left.size() == url.size() || !absl::ConsumePrefix(&left, base)) return url;
  return absl::StartsWith(left, "/") ? std::string(left) : url;
}

absl::StatusOr<HttpResponse> RegistrySession::Perform(HttpRequest& request) {
  request.any_certificate = endpoint_.any_certificate;
  request.ca_file = endpoint_.ca_file;
  if (!absl::StartsWith(request.url, "/")) return http_.Perform(request);
  const std::string path = request.url;
  bool plain = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    plain = plain_;
  }
  const auto base = [&](bool http) {
    return http && absl::StartsWith(endpoint_.url, "https://")
               ? absl::StrCat("http://", endpoint_.url.substr(sizeof("https://") - 1))
               : endpoint_.url;
  };
  request.url = absl::StrCat(base(plain), path);
  absl::StatusOr<HttpResponse> response = http_.Perform(request);
  if (response.ok() || plain || !SpeaksNoTls(response.status())) return response;
  if (!endpoint_.plain_http) {
    return absl::FailedPreconditionError(
        absl::StrCat(response.status().message(), "; '", endpoint_.registry,
                     "' speaks no TLS: use --insecure, or 'insecure = true' in config.toml, if "
                     "you trust the network"));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    plain_ = true;
  }
  request.url = absl::StrCat(base(true), path);
  return http_.Perform(request);
}

absl::StatusOr<std::string> RegistrySession::FetchToken(const AuthChallenge& challenge,
                                                        const std::string& scope) {
  const std::string realm = challenge.Param("realm");
  const bool https = absl::StartsWith(realm, "https://");
  if (!https && !absl::StartsWith(realm, "http://")) {
    return absl::InvalidArgumentError(absl::StrCat("'", endpoint_.registry, "' names '",
                                                   absl::CHexEscape(realm.substr(0, 200)),
                                                   "' as the place for tokens: expected a URL"));
  }
  if (!https && !endpoint_.plain_http) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", endpoint_.registry, "' wants a token from ", UrlForMessages(realm),
                     ", which is not https: use --insecure if you trust the network"));
  }
  const std::string asked = challenge.Param("scope").empty() ? scope : challenge.Param("scope");
  HttpRequest request;
  request.max_body = kMaxToken;
  request.any_certificate = endpoint_.any_certificate;
  request.ca_file = endpoint_.ca_file;
  std::string query;
  const auto add = [&](absl::string_view name, absl::string_view value) {
    if (value.empty()) return;
    absl::StrAppend(&query, query.empty() ? "" : "&", name, "=", UrlEncode(value));
  };
  add("service", challenge.Param("service"));
  add("scope", asked);
  const Credentials& credentials = endpoint_.credentials;
  if (!credentials.identity_token.empty()) {
    add("grant_type", "refresh_token");
    add("refresh_token", credentials.identity_token);
    add("client_id", "pelagos");
    request.method = "POST";
    request.url = realm;
    request.sends_body = true;
    request.body = query;
    request.headers.push_back("Content-Type: application/x-www-form-urlencoded");
  } else {
    if (!credentials.empty()) {
      add("account", credentials.username);
      request.headers.push_back(absl::StrCat("Authorization: ", BasicAuthorization(credentials)));
    }
    request.url = absl::StrCat(realm, absl::StrContains(realm, "?") ? "&" : "?", query);
  }
  Backoff backoff(http_, policy_);
  for (;;) {
    absl::StatusOr<HttpResponse> response = http_.Perform(request);
    if (!response.ok()) {
      if (!absl::IsUnavailable(response.status())) return response.status();
      PELAGOS_RETURN_IF_ERROR(backoff.Pause(response.status()));
      continue;
    }
    if (IsBusy(*response)) {
      PELAGOS_RETURN_IF_ERROR(backoff.Pause(ErrorOf(*response, request.method, endpoint_),
                                            response->Header("retry-after")));
      continue;
    }
    if (response->status != 200) return ErrorOf(*response, request.method, endpoint_);
    const Json json = Json::parse(response->body.begin(), response->body.end(), nullptr,
                                  /*allow_exceptions=*/false);
    for (const char* field : {"token", "access_token"}) {
      if (!json.is_object()) break;
      const auto found = json.find(field);
      if (found == json.end() || !found->is_string()) continue;
      const std::string token = found->get<std::string>();
      const bool clean = std::all_of(token.begin(), token.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c));
      });
      if (!token.empty() && clean) return absl::StrCat("Bearer ", token);
    }
    return absl::InvalidArgumentError(
        absl::StrCat(request.method, " ", UrlForMessages(request.url),
                     ": the answer has no field 'token' or 'access_token' with a token"));
  }
}

// The value of the header Authorization that the refused request should have had.
absl::StatusOr<std::string> RegistrySession::Authorize(const HttpResponse& refused,
                                                       absl::string_view method,
                                                       const std::string& scope) {
  const std::vector<AuthChallenge> challenges =
      ParseAuthChallenges(refused.Header("www-authenticate"));
  for (const AuthChallenge& challenge : challenges) {
    if (challenge.scheme == "bearer") return FetchToken(challenge, scope);
  }
  for (const AuthChallenge& challenge : challenges) {
    if (challenge.scheme != "basic") continue;
    if (endpoint_.credentials.username.empty()) return ErrorOf(refused, method, endpoint_);
    if (absl::StartsWith(refused.url, "http:") && !endpoint_.plain_http) {
      return absl::FailedPreconditionError(
          absl::StrCat("'", endpoint_.registry, "' asks for a password over plain HTTP"));
    }
    return BasicAuthorization(endpoint_.credentials);
  }
  return ErrorOf(refused, method, endpoint_);
}

absl::StatusOr<HttpResponse> RegistrySession::SendOnce(HttpRequest request,
                                                       const std::string& scope) {
  const std::vector<std::string> headers = request.headers;
  const std::string url = Localize(request.url);
  // What is ours to know is not for another host.
  const bool own = absl::StartsWith(url, "/");
  std::string used;
  for (bool again : {false, true}) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto known = authorizations_.find(scope);
      used = known == authorizations_.end() ? "" : known->second;
    }
    request.url = url;
    request.headers = headers;
    if (own && !used.empty()) request.headers.push_back(absl::StrCat("Authorization: ", used));
    PELAGOS_ASSIGN_OR_RETURN(HttpResponse response, Perform(request));
    if (response.status != 401) return response;
    if (again || !own) return ErrorOf(response, request.method, endpoint_);
    {
      // Another thread may have got a new token meanwhile.
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto known = authorizations_.find(scope);
      if (known != authorizations_.end() && known->second != used) continue;
    }
    PELAGOS_ASSIGN_OR_RETURN(const std::string fresh, Authorize(response, request.method, scope));
    if (fresh == used) return ErrorOf(response, request.method, endpoint_);
    const std::lock_guard<std::mutex> lock(mutex_);
    authorizations_[scope] = fresh;
  }
  return absl::InternalError("not reached");
}

absl::StatusOr<HttpResponse> RegistrySession::Send(const HttpRequest& request,
                                                   const std::string& scope) {
  Backoff backoff(http_, policy_);
  for (;;) {
    absl::StatusOr<HttpResponse> response = SendOnce(request, scope);
    if (!response.ok()) {
      if (!absl::IsUnavailable(response.status())) return response.status();
      PELAGOS_RETURN_IF_ERROR(backoff.Pause(response.status()));
      continue;
    }
    if (!IsBusy(*response)) return response;
    PELAGOS_RETURN_IF_ERROR(backoff.Pause(ErrorOf(*response, request.method, endpoint_),
                                          response->Header("retry-after")));
  }
}

}  // namespace pelagos::image
