#include "pelagos/image/ingest.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/registries.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::image {
namespace {

constexpr absl::string_view kProgram = "pelagos-image";
constexpr size_t kMaxReport = size_t{4} << 20;

// Names in archives may hold what a terminal would obey.
std::string WithoutControls(absl::string_view text) {
  std::string clean;
  for (char c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      absl::StrAppendFormat(&clean, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      clean.push_back(c);
    }
  }
  return clean;
}

absl::StatusOr<LoadedImage> Import(std::vector<std::string> arguments, int stdin_fd,
                                   absl::string_view reference,
                                   const std::vector<std::string>& changes,
                                   const IngestOptions& options) {
  arguments.insert(arguments.end(), {"--reference", std::string(reference)});
  for (const std::string& change : changes) {
    arguments.insert(arguments.end(), {"--change", change});
  }
  PELAGOS_ASSIGN_OR_RETURN(std::vector<LoadedImage> images,
                           internal::RunImageProgram(std::move(arguments), stdin_fd, options));
  return std::move(images.front());
}

struct Report {
  std::string text;
  int exit_code = 0;
};

absl::Status WithoutReport(int exit_code) {
  return absl::InternalError(
      absl::StrCat("pelagos-image ended without a report, exit code ", exit_code));
}

// The error that a report with a bad exit code is.
absl::Status ErrorOf(absl::string_view report, int exit_code) {
  const std::vector<absl::string_view> fields = absl::StrSplit(report, absl::MaxSplits('\t', 2));
  int code = 0;
  if (fields.size() != 3 || fields[0] != "error" || !absl::SimpleAtoi(fields[1], &code) ||
      code <= 0 || code > static_cast<int>(absl::StatusCode::kUnauthenticated)) {
    return WithoutReport(exit_code);
  }
  return absl::Status(static_cast<absl::StatusCode>(code),
                      WithoutControls(absl::StripSuffix(fields[2], "\n")));
}

// What was asked for, or else what config.toml says, or else the program's own.
absl::Status AddLimits(const IngestOptions& options, std::vector<std::string>& arguments) {
  PELAGOS_ASSIGN_OR_RETURN(const RegistriesConfig config, ReadRegistriesConfig());
  const uint64_t bytes = options.max_bytes != 0 ? options.max_bytes : config.max_bytes;
  const uint64_t entries = options.max_entries != 0 ? options.max_entries : config.max_entries;
  if (bytes != 0) arguments.insert(arguments.end(), {"--max-bytes", absl::StrCat(bytes)});
  if (entries != 0) arguments.insert(arguments.end(), {"--max-entries", absl::StrCat(entries)});
  return absl::OkStatus();
}

// A file in memory: no other process sees it.
absl::StatusOr<Fd> MemoryFile(const char* name) {
  Fd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.valid()) return ErrnoStatus(errno, "memfd_create");
  return file;
}

// `stdout_fd`: where the program writes what it makes, and the report is on its standard error;
// -1: the report is on standard output.
absl::StatusOr<Report> RunForReport(std::vector<std::string> arguments, int stdin_fd,
                                    const IngestOptions& options, int stdout_fd = -1) {
  std::string program = options.program;
  if (program.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(program, sys::SiblingProgram(kProgram));
  }
  if (::access(program.c_str(), X_OK) != 0) {
    return ErrnoStatus(errno, "the program that unpacks images is missing: access", program);
  }
  if (arguments[0] == "load" || arguments[0] == "import" || arguments[0] == "pull" ||
      arguments[0] == "extract" || arguments[0] == "commit") {
    PELAGOS_RETURN_IF_ERROR(AddLimits(options, arguments));
  }
  arguments.insert(arguments.begin(), std::string(kProgram));
  // Not a pipe: nobody reads while the program runs, and no report may be too long for it.
  PELAGOS_ASSIGN_OR_RETURN(const Fd report, MemoryFile("pelagos-image report"));
  sys::ProgramOptions how;
  how.stdin_fd = stdin_fd;
  how.stdout_fd = stdout_fd < 0 ? report.get() : stdout_fd;
  if (stdout_fd >= 0) how.stderr_fd = report.get();
  Report result;
  PELAGOS_ASSIGN_OR_RETURN(result.exit_code, sys::RunProgram(program, std::move(arguments), how));
  if (::lseek(report.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "lseek", "report");
  PELAGOS_ASSIGN_OR_RETURN(result.text, sys::ReadAll(report, kMaxReport, "report"));
  return result;
}

}  // namespace

namespace internal {

absl::StatusOr<std::vector<LoadedImage>> RunImageProgram(std::vector<std::string> arguments,
                                                         int stdin_fd,
                                                         const IngestOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const Report report,
                           RunForReport(std::move(arguments), stdin_fd, options));
  return ParseReport(report.text, report.exit_code);
}

absl::StatusOr<std::vector<LoadedImage>> ParseReport(absl::string_view report, int exit_code) {
  if (exit_code != 0) return ErrorOf(report, exit_code);
  std::vector<LoadedImage> images;
  for (absl::string_view line : absl::StrSplit(report, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
    LoadedImage image;
    if (fields.size() != 4 || fields[0] != "ok" || !absl::SimpleAtoi(fields[3], &image.layers)) {
      return WithoutReport(exit_code);
    }
    image.reference = std::string(fields[1]);
    image.digest = std::string(fields[2]);
    images.push_back(std::move(image));
  }
  if (images.empty()) return WithoutReport(exit_code);
  return images;
}

}  // namespace internal

absl::StatusOr<std::vector<LoadedImage>> Load(const std::string& data_root, int archive_fd,
                                              const IngestOptions& options) {
  std::vector<std::string> arguments = {"load", "--data-root", data_root};
  if (!options.tag.empty()) arguments.insert(arguments.end(), {"--tag", options.tag});
  return internal::RunImageProgram(std::move(arguments), archive_fd, options);
}

absl::StatusOr<LoadedImage> ImportTar(const std::string& data_root, int tar_fd,
                                      absl::string_view reference,
                                      const std::vector<std::string>& changes,
                                      const IngestOptions& options) {
  return Import({"import", "--data-root", data_root}, tar_fd, reference, changes, options);
}

absl::StatusOr<LoadedImage> ImportFolder(const std::string& data_root, const std::string& folder,
                                         absl::string_view reference,
                                         const std::vector<std::string>& changes,
                                         const IngestOptions& options) {
  return Import({"import", "--data-root", data_root, "--folder", folder}, -1, reference, changes,
                options);
}

absl::StatusOr<std::vector<LoadedImage>> Save(const std::string& data_root, int archive_fd,
                                              const std::vector<std::string>& references,
                                              ArchiveFormat format, const IngestOptions& options) {
  std::vector<std::string> arguments = {"save", "--data-root", data_root, "--format",
                                        format == ArchiveFormat::kOci ? "oci" : "docker-archive"};
  for (const std::string& reference : references) {
    arguments.insert(arguments.end(), {"--reference", reference});
  }
  return internal::RunImageProgram(std::move(arguments), archive_fd, options);
}

absl::StatusOr<LoadedImage> Commit(const std::string& data_root, const CommitRequest& request,
                                   const IngestOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd text, MemoryFile("pelagos-image request"));
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(text, PrintCommitRequest(request), "request"));
  if (::lseek(text.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "lseek", "request");
  PELAGOS_ASSIGN_OR_RETURN(
      std::vector<LoadedImage> images,
      internal::RunImageProgram({"commit", "--data-root", data_root}, text.get(), options));
  return std::move(images.front());
}

absl::Status WriteArchive(int entry_fd, int archive_fd, const EntryArchive& archive,
                          const IngestOptions& options) {
  std::vector<std::string> arguments = {"archive", "--name", archive.name, "--cross-mounts",
                                        archive.cross_mounts ? "yes" : "no"};
  const auto add = [&](const char* flag, const IdMapRanges& ranges) {
    for (const IdMapRange& range : ranges) {
      arguments.insert(arguments.end(),
                       {flag, absl::StrCat(range.inside, ":", range.host, ":", range.count)});
    }
  };
  add("--uids", archive.ids.uids);
  add("--gids", archive.ids.gids);
  PELAGOS_ASSIGN_OR_RETURN(const Report report,
                           RunForReport(std::move(arguments), entry_fd, options, archive_fd));
  return internal::ParseReport(report.text, report.exit_code).status();
}

absl::Status ExtractArchive(int archive_fd, const std::string& folder,
                            const IngestOptions& options) {
  return internal::RunImageProgram({"extract", "--folder", folder}, archive_fd, options).status();
}

absl::StatusOr<StoreCheck> Check(const std::string& data_root, const IngestOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const Report report,
                           RunForReport({"fsck", "--data-root", data_root}, -1, options));
  if (report.exit_code != 0) return ErrorOf(report.text, report.exit_code);
  return ParseStoreCheck(report.text);
}

}  // namespace pelagos::image
