// HTTP for many threads at a time: one thread drives libcurl's multi interface, the others wait for
// their answers. Connections (HTTP/2 where the server has it) are shared.
//
//   layer thread --Perform--> queue --> network thread: curl_multi_poll, perform, info_read
//        ^------------------------------ answer, or the bytes as they come (HttpRequest::sink)
//
// Source: libcurl-multi(3), curl_easy_setopt(3). Redirects are followed, never from https to http;
// credentials are not sent on to another host. Proxies are taken from the environment
// (http_proxy, https_proxy, all_proxy, no_proxy, in either case), never for this machine itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pelagos::image {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; equal names joined by ", "
  std::string body;                            // unless a sink took it
  std::string url;                             // where it came from, after redirects

  // Empty if it is not there.
  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  std::vector<std::string> headers = {};  // "Name: value"
  // Sent if `sends_body`: these bytes, or `upload_size` bytes of a file from `upload_offset` on.
  bool sends_body = false;
  std::string body = {};
  int upload_fd = -1;
  uint64_t upload_offset = 0, upload_size = 0;
  std::function<void(uint64_t)> on_sent = {};  // bytes of the file that went out; network thread
  // Takes the body of a 2xx answer, in pieces, on the network thread; an error ends the transfer
  // and is its result. Without it the body is kept.
  std::function<absl::Status(const HttpResponse&, absl::string_view)> sink = {};
  // Longer bodies are an error; those that are kept.
  size_t max_body = size_t{8} << 20;
  bool any_certificate = false;  // TLS without checks
  std::string ca_file = {};      // PEM; empty: the machine's
};

// The URL without its query and user, which may hold secrets: fit for messages.
std::string UrlForMessages(absl::string_view url);

// https://HOST: the server answers, but not by TLS.
bool SpeaksNoTls(const absl::Status& status);

struct HttpOptions {
  std::string user_agent = "pelagos/0.1";
  absl::Duration connect = absl::Seconds(30);
  absl::Duration stall = absl::Seconds(30);  // no byte for so long: the connection is dead
};

// Thread-safe, but for its making and its end.
class HttpClient {
 public:
  static absl::StatusOr<std::unique_ptr<HttpClient>> Start(const HttpOptions& options);
  // Requires: nobody is in Perform.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer of the server, whatever its status. Unavailable: the connection broke or stalled,
  // another attempt may help. FailedPrecondition: it will not (no such host, refused, certificate).
  absl::StatusOr<HttpResponse> Perform(const HttpRequest& request);

  // Every transfer, now and later, fails with this.
  void Cancel(const absl::Status& why);

  // Waits; fails with Cancel's status as soon as that comes.
  absl::Status Wait(absl::Duration duration);

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pelagos::image
