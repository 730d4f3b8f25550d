#include "pelagos/cli/oci/log.h"

#include <fcntl.h>

#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

// As logrus does, whose texts clients read.
std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}, {"\t", "\\t"}});
}

// The kernel's errors in the words of Go's runtimes, which clients look for: "no such file or
// directory", "device or resource busy".
std::string InGosWords(absl::string_view message) {
  constexpr int kMostErrno = 133;
  std::string text(message);
  for (int error = 1; error <= kMostErrno; ++error) {
    const std::string words = std::strerror(error);
    std::string lower = words;
    lower[0] = absl::ascii_tolower(static_cast<unsigned char>(lower[0]));
    if (absl::StrContains(text, words)) text = absl::StrReplaceAll(text, {{words, lower}});
  }
  return text;
}

absl::StatusOr<Fd> Open(const std::string& path) {
  return sys::OpenFile(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
}

}  // namespace

absl::Status OciLog::Check() const {
  if (path_.empty()) return absl::OkStatus();
  return Open(path_).status();
}

void OciLog::Error(absl::string_view words) const {
  const std::string message = InGosWords(words);
  Add("error", message);
  if (!path_.empty()) std::cerr << message << "\n";
}

void OciLog::Add(absl::string_view level, absl::string_view message) const {
  const std::string time =
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  std::string line;
  if (json_) {
    const nlohmann::ordered_json json = {
        {"level", std::string(level)}, {"msg", std::string(message)}, {"time", time}};
    line = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    line = absl::StrCat("time=\"", time, "\" level=", level, " msg=\"", Escaped(message), "\"\n");
  }
  if (path_.empty()) {
    std::cerr << line;
    return;
  }
  const absl::StatusOr<Fd> file = Open(path_);
  if (file.ok()) sys::WriteAll(*file, line, path_).IgnoreError();
}

}  // namespace pelagos::cli
