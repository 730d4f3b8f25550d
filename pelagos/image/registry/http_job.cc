#include "pelagos/image/registry/http_job.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"

namespace pelagos::image {
namespace {

constexpr char kNoTls[] = "pelagos/no-tls";
constexpr long kMaxRedirects = 10;
constexpr size_t kMaxHeaders = size_t{256} << 10;  // bytes, of one answer
constexpr size_t kMaxErrorBody = size_t{64} << 10;

// Host names and addresses of this machine itself.
bool IsLoopbackUrl(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == absl::string_view::npos) return false;
  const absl::string_view host = url.substr(scheme + 3);
  return absl::StartsWith(host, "localhost:") || absl::StartsWith(host, "localhost/") ||
         absl::StartsWith(host, "127.") || absl::StartsWith(host, "[::1]");
}

size_t OnHeader(char* bytes, size_t size, size_t count, void* user) {
  HttpJob& job = *static_cast<HttpJob*>(user);
  const absl::string_view line =
      absl::StripTrailingAsciiWhitespace(absl::string_view(bytes, size * count));
  job.header_bytes += size * count;
  if (job.header_bytes > kMaxHeaders) {
    job.failure = absl::DataLossError(absl::StrCat("more than ", kMaxHeaders, " bytes of headers"));
    return 0;
  }
  if (absl::StartsWith(line, "HTTP/")) {  // also after a redirect or "100 Continue"
    job.response.headers.clear();
    job.response.status = 0;
    const size_t blank = line.find(' ');
    if (blank == absl::string_view::npos ||
        !absl::SimpleAtoi(line.substr(blank + 1, 3), &job.response.status)) {
      job.response.status = 0;
    }
    return size * count;
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return size * count;
  std::string& value = job.response.headers[absl::AsciiStrToLower(line.substr(0, colon))];
  absl::StrAppend(&value, value.empty() ? "" : ", ",
                  absl::StripAsciiWhitespace(line.substr(colon + 1)));
  return size * count;
}

size_t OnBody(char* bytes, size_t size, size_t count, void* user) {
  HttpJob& job = *static_cast<HttpJob*>(user);
  const absl::string_view piece(bytes, size * count);
  if (job.good() && job.request.sink) {
    job.failure = job.request.sink(job.response, piece);
    return job.failure.ok() ? piece.size() : 0;
  }
  const size_t most = job.good() ? job.request.max_body : kMaxErrorBody;
  if (job.response.body.size() + piece.size() > most) {
    if (!job.good()) return piece.size();  // enough for a message
    job.failure = absl::DataLossError(absl::StrCat("the answer is longer than ", most, " bytes"));
    return 0;
  }
  job.response.body.append(piece.data(), piece.size());
  return piece.size();
}

size_t OnUpload(char* buffer, size_t size, size_t count, void* user) {
  HttpJob& job = *static_cast<HttpJob*>(user);
  const size_t left = static_cast<size_t>(job.request.upload_size - job.sent);
  const size_t wanted = std::min(size * count, left);
  if (wanted == 0) return 0;
  const ssize_t got = ::pread(job.request.upload_fd, buffer, wanted,
                              static_cast<off_t>(job.request.upload_offset + job.sent));
  if (got <= 0) {
    job.failure = got < 0 ? ErrnoStatus(errno, "pread", "the blob to send")
                          : absl::DataLossError("the blob to send is shorter than it should be");
    return CURL_READFUNC_ABORT;
  }
  job.sent += static_cast<uint64_t>(got);
  if (job.request.on_sent) job.request.on_sent(static_cast<uint64_t>(got));
  return static_cast<size_t>(got);
}

int OnSeek(void* user, curl_off_t offset, int origin) {
  HttpJob& job = *static_cast<HttpJob*>(user);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  job.sent = static_cast<uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// Whether another attempt can help: the machine was reached once, or may be in a moment.
bool MayPass(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_AGAIN:
    case CURLE_SEND_FAIL_REWIND:
    // "no filter connected": of a connection that was taken from the pool while a proxy closed it.
    case CURLE_FAILED_INIT:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string UrlForMessages(absl::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  std::string text(url);
  const size_t scheme = text.find("://");
  if (scheme != std::string::npos) {
    const size_t host = scheme + 3, slash = text.find('/', host);
    const size_t at = text.substr(0, slash).rfind('@');
    if (at != std::string::npos && at >= host) text.erase(host, at + 1 - host);
  }
  return text;
}

bool SpeaksNoTls(const absl::Status& status) { return status.GetPayload(kNoTls).has_value(); }

absl::Status HttpJob::Prepare(const HttpOptions& options) {
  easy = curl_easy_init();
  if (easy == nullptr) return absl::ResourceExhaustedError("curl_easy_init: out of memory");
  const auto set = [&](CURLoption option, auto value) {
    // They fail only for options that this libcurl does not have, which the build would show.
    (void)curl_easy_setopt(easy, option, value);
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_ERRORBUFFER, detail);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR,
      absl::StartsWith(request.url, "https:") ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kMaxRedirects);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_BUFFERSIZE, 256L << 10);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options.connect)));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(std::max<int64_t>(1, absl::ToInt64Seconds(options.stall))));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  if (request.any_certificate) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!request.ca_file.empty()) {
    set(CURLOPT_CAINFO, request.ca_file.c_str());
  } else if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr && *file != '\0') {
    set(CURLOPT_CAINFO, file);
  }
  if (IsLoopbackUrl(request.url)) {
    set(CURLOPT_NOPROXY, "*");
  } else if (const char* proxy = std::getenv("HTTP_PROXY");
             proxy != nullptr && *proxy != '\0' && std::getenv("http_proxy") == nullptr &&
             absl::StartsWith(request.url, "http:")) {
    set(CURLOPT_PROXY, proxy);  // libcurl knows the lower case only; others know both
  }
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.sends_body && request.upload_fd >= 0) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_size));
    set(CURLOPT_READFUNCTION, &OnUpload);
    set(CURLOPT_READDATA, static_cast<void*>(this));
    set(CURLOPT_SEEKFUNCTION, &OnSeek);
    set(CURLOPT_SEEKDATA, static_cast<void*>(this));
    set(CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.sends_body) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  headers = curl_slist_append(headers, "Expect:");
  if (request.sends_body) {
    const bool typed =
        std::any_of(request.headers.begin(), request.headers.end(), [](const std::string& header) {
          return absl::StartsWithIgnoreCase(header, "content-type:");
        });
    if (!typed) headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
  }
  for (const std::string& header : request.headers) {
    headers = curl_slist_append(headers, header.c_str());
  }
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  return absl::OkStatus();
}

absl::StatusOr<HttpResponse> HttpJob::Result(CURLcode code) {
  const std::string where = absl::StrCat(request.method, " ", UrlForMessages(request.url));
  if (!failure.ok()) {
    absl::Status status(failure.code(), absl::StrCat(where, ": ", failure.message()));
    failure.ForEachPayload(
        [&](absl::string_view url, const absl::Cord& payload) { status.SetPayload(url, payload); });
    return status;
  }
  if (code == CURLE_OK) {
    const char* url = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != nullptr) {
      response.url = url;
    }
    return std::move(response);
  }
  std::string why = curl_easy_strerror(code);
  if (detail[0] != '\0') absl::StrAppend(&why, " (", detail, ")");
  const std::string text = absl::StrCat(where, ": ", why);
  if (MayPass(code)) return absl::UnavailableError(text);
  absl::Status status = absl::FailedPreconditionError(text);
  const absl::string_view said = detail;
  if (code == CURLE_SSL_CONNECT_ERROR && absl::StrContains(said, "wrong version number")) {
    status.SetPayload(kNoTls, absl::Cord("1"));
  } else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    status = absl::FailedPreconditionError(absl::StrCat(
        text, "; name the authority's certificate with 'ca' in config.toml, or use --insecure"));
  }
  return status;
}

}  // namespace pelagos::image
