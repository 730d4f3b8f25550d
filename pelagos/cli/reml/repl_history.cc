#include "pelagos/cli/reml/repl_history.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

// Escapes at most double an entry; and sessions that are open add to what is cut down.
constexpr size_t kLargestFile = 4 * ReplHistory::kMost * ReplHistory::kLongest;

std::string Escaped(absl::string_view entry) {
  std::string line;
  for (char c : entry) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else {
      line += c;
    }
  }
  return line + "\n";
}

std::string Unescaped(absl::string_view line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      entry += line[i];
      continue;
    }
    ++i;
    entry += line[i] == 'n' ? '\n' : line[i];
  }
  return entry;
}

absl::StatusOr<Fd> Lock(const std::string& path) {
  return sys::LockFile(path + ".lock", sys::LockMode::kWait);
}

}  // namespace

std::string ReplHistory::DefaultPath() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  // XDG Base Directory Specification: a path that is not absolute is none.
  const std::string state = variable("XDG_STATE_HOME");
  if (absl::StartsWith(state, "/")) return absl::StrCat(state, "/pelagos/reml_history");
  const std::string home = variable("HOME");
  if (!absl::StartsWith(home, "/")) return "";
  return absl::StrCat(home, "/.local/state/pelagos/reml_history");
}

absl::StatusOr<ReplHistory> ReplHistory::Open(const std::string& path) {
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(sys::FolderOf(path), 0700));
  ReplHistory history(path);
  PELAGOS_RETURN_IF_ERROR(history.Read());
  return history;
}

absl::Status ReplHistory::Read() {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock(path_));
  // Made here, so that one that cannot be written is found at once.
  PELAGOS_ASSIGN_OR_RETURN(const Fd file,
                           sys::OpenFile(path_, O_RDWR | O_CREAT | O_NOCTTY | O_NONBLOCK, 0600));
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadAll(file, kLargestFile, path_));
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    entries_.push_back(Unescaped(line));
  }
  if (entries_.size() <= kMost) return absl::OkStatus();
  entries_.erase(entries_.begin(), std::prev(entries_.end(), kMost));
  std::string kept;
  for (const std::string& entry : entries_) kept += Escaped(entry);
  return sys::WriteFileAtomically(path_, kept, 0600);
}

absl::Status ReplHistory::Add(absl::string_view entry) {
  if (entry.empty() || entry.size() > kLongest) return absl::OkStatus();
  if (!entries_.empty() && entries_.back() == entry) return absl::OkStatus();
  entries_.emplace_back(entry);
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock(path_));
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd file,
      sys::OpenFile(path_, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0600));
  return sys::WriteAll(file, Escaped(entry), path_);
}

}  // namespace pelagos::cli
