#include "pelagos/image/registry/blob.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::image {

uint64_t GrowingFile::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return size_;
}

absl::Status GrowingFile::Append(absl::string_view bytes) {
  uint64_t at = size();
  const uint64_t begin = at;
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "pwrite", "a blob in the store");
    }
    at += static_cast<uint64_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (abandoned_) return absl::CancelledError("nobody reads it");
  size_ += at - begin;
  grown_.notify_all();
  return absl::OkStatus();
}

void GrowingFile::Finish(const absl::Status& status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  finished_ = true;
  status_ = status;
  grown_.notify_all();
}

void GrowingFile::Abandon() {
  const std::lock_guard<std::mutex> lock(mutex_);
  abandoned_ = true;
  grown_.notify_all();
}

void GrowingFile::Source::Abandon() {
  const std::lock_guard<std::mutex> lock(file_.mutex_);
  abandoned_ = true;
  file_.grown_.notify_all();
}

absl::StatusOr<size_t> GrowingFile::Source::Read(char* buffer, size_t size) {
  uint64_t there = 0;
  {
    std::unique_lock<std::mutex> lock(file_.mutex_);
    file_.grown_.wait(lock, [&] {
      return file_.size_ > position_ || file_.finished_ || file_.abandoned_ || abandoned_;
    });
    if (file_.abandoned_ || abandoned_) return absl::CancelledError("the transfer was given up");
    there = file_.size_ - position_;
    if (there == 0) {
      if (!file_.status_.ok()) return file_.status_;
      return 0;
    }
  }
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(there, size));
  for (;;) {
    const ssize_t count = ::pread(file_.file_.get(), buffer, wanted, static_cast<off_t>(position_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "pread", "a blob in the store");
    if (count == 0) return absl::DataLossError("a blob in the store became shorter");
    position_ += static_cast<uint64_t>(count);
    return static_cast<size_t>(count);
  }
}

std::optional<uint64_t> ParseContentRange(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (!absl::ConsumePrefix(&text, "bytes ")) return std::nullopt;
  const size_t dash = text.find('-');
  uint64_t begin = 0;
  if (dash == absl::string_view::npos || !absl::SimpleAtoi(text.substr(0, dash), &begin)) {
    return std::nullopt;
  }
  return begin;
}

namespace {

constexpr int kPartialContent = 206;
constexpr int kRangeNotSatisfiable = 416;

// The body of one answer, put behind what is there.
class Receiver {
 public:
  Receiver(const Descriptor& blob, GrowingFile& file, Progress& progress, size_t line)
      : blob_(blob), file_(file), progress_(progress), line_(line), begin_(file.size()) {}

  absl::Status Take(const HttpResponse& response, absl::string_view bytes) {
    if (!started_) {
      started_ = true;
      uint64_t at = 0;
      if (response.status == kPartialContent) {
        const auto range = ParseContentRange(response.Header("content-range"));
        if (!range || *range > begin_) {
          return absl::DataLossError(absl::StrCat("asked for the bytes from ", begin_,
                                                  " on, the registry sends '",
                                                  response.Header("content-range"), "'"));
        }
        at = *range;
      }
      skip_ = begin_ - at;  // it sends again what is there
    }
    const uint64_t known = std::min<uint64_t>(skip_, bytes.size());
    skip_ -= known;
    bytes.remove_prefix(static_cast<size_t>(known));
    if (bytes.empty()) return absl::OkStatus();
    if (bytes.size() > blob_.size - std::min(blob_.size, file_.size())) {
      return absl::DataLossError(
          absl::StrCat("the manifest says that it has ", blob_.size, " bytes, but there are more"));
    }
    PELAGOS_RETURN_IF_ERROR(file_.Append(bytes));
    progress_.Advance(line_, bytes.size());
    return absl::OkStatus();
  }

 private:
  const Descriptor& blob_;
  GrowingFile& file_;
  Progress& progress_;
  const size_t line_;
  const uint64_t begin_;
  bool started_ = false;
  uint64_t skip_ = 0;
};

}  // namespace

absl::Status DownloadBlob(RegistrySession& session, const std::string& repository,
                          const Descriptor& blob, GrowingFile& file, Progress& progress,
                          size_t line) {
  Backoff backoff(session.http(), session.policy());
  const std::string scope = absl::StrCat("repository:", repository, ":pull");
  for (;;) {
    const uint64_t begin = file.size();
    if (begin == blob.size) return absl::OkStatus();
    progress.SetDone(line, begin);
    Receiver receiver(blob, file, progress, line);
    HttpRequest request;
    request.url = absl::StrCat("/v2/", session.endpoint().prefix, repository, "/blobs/",
                               blob.digest.ToString());
    // Compression by HTTP would be one more around it, and its ranges would count other bytes.
    request.headers = {"Accept-Encoding: identity"};
    if (begin > 0) request.headers.push_back(absl::StrCat("Range: bytes=", begin, "-"));
    request.sink = [&](const HttpResponse& response, absl::string_view bytes) {
      return receiver.Take(response, bytes);
    };
    const absl::StatusOr<HttpResponse> response = session.SendOnce(request, scope);
    const uint64_t end = file.size();
    if (end > begin) backoff.Reset();
    if (end == blob.size) return absl::OkStatus();
    if (!response.ok()) {
      if (!absl::IsUnavailable(response.status())) return response.status();
      progress.Status(line, "retrying");
      PELAGOS_RETURN_IF_ERROR(backoff.Pause(response.status()));
    } else if (response->status == 200 || response->status == kPartialContent) {
      // All was sent that it said it would send.
      PELAGOS_RETURN_IF_ERROR(backoff.Pause(absl::DataLossError(
          absl::StrCat("GET ", UrlForMessages(response->url), ": the registry sends ", end,
                       " bytes, the manifest says ", blob.size))));
    } else if (response->status == kRangeNotSatisfiable) {
      return absl::DataLossError(absl::StrCat("GET ", UrlForMessages(response->url),
                                              ": the registry has no more than ", end,
                                              " bytes, the manifest says ", blob.size));
    } else if (IsBusy(*response)) {
      progress.Status(line, "retrying");
      PELAGOS_RETURN_IF_ERROR(backoff.Pause(ErrorOf(*response, "GET", session.endpoint()),
                                            response->Header("retry-after")));
    } else {
      return ErrorOf(*response, "GET", session.endpoint());
    }
    progress.Status(line, "downloading");
  }
}

}  // namespace pelagos::image
