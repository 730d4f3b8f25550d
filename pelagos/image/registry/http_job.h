// One transfer of HttpClient: its libcurl handle with all options, what arrived, and how it ended
// as an answer or an error. Part of http.cc.
//
// Source: curl_easy_setopt(3), libcurl-errors(3).
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/image/registry/http.h"

namespace pelagos::image {

// One transfer: made by the thread that waits for it, used by the network thread until done.
struct HttpJob {
  explicit HttpJob(const HttpRequest& asked) : request(asked) {}
  ~HttpJob() {
    curl_slist_free_all(headers);
    if (easy != nullptr) curl_easy_cleanup(easy);
  }
  HttpJob(const HttpJob&) = delete;
  HttpJob& operator=(const HttpJob&) = delete;

  // Network thread: the handle with its options, and how the transfer ended.
  absl::Status Prepare(const HttpOptions& options);
  absl::StatusOr<HttpResponse> Result(CURLcode code);

  bool good() const { return response.status >= 200 && response.status < 300; }

  const HttpRequest& request;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  char detail[CURL_ERROR_SIZE] = {};
  HttpResponse response;
  size_t header_bytes = 0;
  uint64_t sent = 0;
  absl::Status failure;  // of a callback
  bool done = false;
  absl::StatusOr<HttpResponse> result = absl::UnknownError("");
};

}  // namespace pelagos::image
