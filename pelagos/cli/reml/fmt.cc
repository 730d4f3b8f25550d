#include "pelagos/cli/reml/fmt.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/reml/programs.h"
#include "pelagos/reml/format.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/syntax_tree.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHeapBytes = size_t{8} << 30;  // no text of that size reads into more

void Complain(Streams& streams, absl::string_view message) {
  streams.out.flush();
  streams.err << "pelagos: error: " << message << "\n" << std::flush;
}

// The text as it should be; nullopt: it has been said why not.
std::optional<std::string> Formatted(const std::string& name, const std::string& text,
                                     Streams& streams) {
  std::optional<std::string> formatted = reml::Format(reml::SyntaxTree(text));
  // What the reader refuses is no program: a dot in the wrong place, say.
  SourceMap sources;
  Diagnostics diagnostics;
  reml::Heap heap(kHeapBytes);
  if (!reml::Read(heap, sources, sources.Add(name, text), diagnostics)) {
    streams.out.flush();
    streams.err << Render(sources, diagnostics) << std::flush;
    return std::nullopt;
  }
  if (!formatted) {
    Complain(streams,
             absl::StrCat(name, ": nests too deeply to be laid out, and is left as it is"));
  }
  return formatted;
}

// Whether the temporary file is what a killed run left: the beginning of what it was to become, and
// nobody writes it. The next run of the same file has the same to do, and so finds it.
bool IsLeftOver(const std::string& temporary, absl::string_view content) {
  const absl::StatusOr<Fd> fd = sys::OpenFile(temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat info = {};
  if (!fd.ok() || ::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      ::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    return false;
  }
  const absl::StatusOr<std::string> begun = sys::ReadFile(temporary, content.size());
  return begun.ok() && absl::StartsWith(content, *begun);
}

// Readers see the old content or the new. Mode and owner stay; a link stays, and its target is
// written. Requires: nobody else writes the file meanwhile.
absl::Status Rewrite(const std::string& path, absl::string_view content) {
  std::error_code error;
  const std::string target = fs::canonical(path, error).string();
  if (error) return ErrnoStatus(error.value(), "realpath", path);
  struct stat info = {};
  if (::stat(target.c_str(), &info) != 0) return ErrnoStatus(errno, "stat", target);
  if (::access(target.c_str(), W_OK) != 0) return ErrnoStatus(errno, "write", target);
  const std::string temporary =
      absl::StrCat(sys::FolderOf(target), "/.", fs::path(target).filename().string(), ".reml-fmt");
  if (IsLeftOver(temporary, content)) ::unlink(temporary.c_str());
  PELAGOS_ASSIGN_OR_RETURN(
      Fd fd, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  ::flock(fd.get(), LOCK_EX | LOCK_NB);  // says that it is being written; nobody waits for it
  const auto write = [&]() -> absl::Status {
    struct stat made = {};
    if (::fstat(fd.get(), &made) != 0) return ErrnoStatus(errno, "fstat", temporary);
    const bool same_owner = made.st_uid == info.st_uid && made.st_gid == info.st_gid;
    if (!same_owner && ::fchown(fd.get(), info.st_uid, info.st_gid) != 0) {
      return ErrnoStatus(errno, "keeping the owner of", target);
    }
    if (::fchmod(fd.get(), info.st_mode & 07777) != 0) {
      return ErrnoStatus(errno, "keeping the mode of", target);
    }
    PELAGOS_RETURN_IF_ERROR(sys::WriteAll(fd, content, temporary));
    if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync", temporary);
    if (::rename(temporary.c_str(), target.c_str()) != 0) {
      return ErrnoStatus(errno, "rename", target);
    }
    return absl::OkStatus();
  };
  const absl::Status status = write();
  if (!status.ok()) ::unlink(temporary.c_str());  // the error that counts is `status`
  return status;
}

int FormatStandardInput(bool check, Streams& streams) {
  const std::string text{std::istreambuf_iterator<char>(streams.in), {}};
  if (text.size() > kLargestProgram) {
    Complain(streams, absl::StrCat("<stdin> is larger than ", kLargestProgram, " bytes"));
    return kFailed;
  }
  const std::optional<std::string> formatted = Formatted("<stdin>", text, streams);
  if (!formatted) return kFailed;
  if (!check) {
    streams.out << *formatted << std::flush;
    return kDone;
  }
  if (*formatted == text) return kDone;
  streams.out << "<stdin>\n" << std::flush;
  return kFailed;
}

// Whether all is well with it.
bool FormatFile(const std::string& path, bool check, Streams& streams) {
  const absl::StatusOr<std::string> text = ReadProgram(path);
  if (!text.ok()) {
    Complain(streams, text.status().message());
    return false;
  }
  const std::optional<std::string> formatted = Formatted(path, *text, streams);
  if (!formatted) return false;
  if (*formatted == *text) return true;
  if (!check) {
    if (const absl::Status status = Rewrite(path, *formatted); !status.ok()) {
      Complain(streams, status.message());
      return false;
    }
  }
  streams.out << path << "\n" << std::flush;
  return !check;
}

int RunFormat(const Context&, const Arguments& args) {
  return FormatReml(args, {std::cin, std::cout, std::cerr});
}

}  // namespace

int FormatReml(const Arguments& args, Streams streams) {
  const std::vector<std::string>& files = args.positionals();
  const bool check = args.has("check");
  if (files.empty()) {
    Complain(streams, "reml fmt: give a FILE, a folder, or - for standard input");
    return kUsage;
  }
  if (std::find(files.begin(), files.end(), "-") != files.end()) {
    if (files.size() == 1) return FormatStandardInput(check, streams);
    Complain(streams, "reml fmt: - stands for standard input, and goes with no other FILE");
    return kUsage;
  }
  bool fine = true;
  std::vector<std::string> programs;
  for (const std::string& file : files) {
    if (const absl::Status status = AddPrograms(file, programs); !status.ok()) {
      Complain(streams, status.message());
      fine = false;
    }
  }
  for (const std::string& program : programs) {
    fine = FormatFile(program, check, streams) && fine;
  }
  return fine ? kDone : kFailed;
}

std::vector<Command> FormatCommands() {
  return {
      {.name = "reml fmt",
       .usage = "[--check] FILE... | -",
       .summary = "Lay out programs in place, and list those that changed.",
       .example = "pelagos reml fmt --check compose.reml",
       .flags = {{"check", 0, "", "write nothing; fail if a program is not laid out, and list it"}},
       .run = RunFormat},
  };
}

}  // namespace pelagos::cli
