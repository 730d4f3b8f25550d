// pelagos-image: whatever needs libarchive and OpenSSL, and reads what strangers wrote. Started by
// pelagos/image/ingest.h, which speaks its protocol; people use `pelagos image`.
//
//   pelagos-image load   --data-root DIR [--tag REF] [--max-bytes N] [--max-entries N] < ARCHIVE
//   pelagos-image import --data-root DIR --reference REF [--folder DIR] [--change TEXT]... [< TAR]
//   pelagos-image save   --data-root DIR --format oci|docker-archive --reference REF... 0> ARCHIVE
//   pelagos-image fsck   --data-root DIR
//   pelagos-image commit --data-root DIR < REQUEST
//   pelagos-image archive [--name NAME] [--cross-mounts yes] [--uids A:B:N]... [--gids A:B:N]...
//                        < ENTRY > ARCHIVE
//   pelagos-image extract --folder DIR [--max-bytes N] [--max-entries N] < ARCHIVE
//   pelagos-image pull   --data-root DIR [--max-bytes N] [--max-entries N] < REQUEST
//   pelagos-image push   --data-root DIR < REQUEST
//   pelagos-image ping   --data-root "" < REQUEST
//
// REQUEST is the JSON of pelagos/image/transfer_request.h, or commit_request.h; progress goes to
// standard error. Standard output, in full at the end:  "ok TAB REFERENCE TAB DIGEST TAB LAYERS"
// for each image, the JSON of pelagos/image/store_check.h for fsck, or one "error TAB CODE TAB
// MESSAGE" (CODE as absl::StatusCode). Exit code 0 or 1; 2 for wrong arguments. Of `archive`, whose
// standard input is an open file or folder (O_PATH will do), and standard output the archive, the
// report is on standard error.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/commit_request.h"
#include "pelagos/image/program/archive_loader.h"
#include "pelagos/image/program/check.h"
#include "pelagos/image/program/committer.h"
#include "pelagos/image/program/confine.h"
#include "pelagos/image/program/folder_archive.h"
#include "pelagos/image/program/importer.h"
#include "pelagos/image/program/save.h"
#include "pelagos/image/program/transfers.h"
#include "pelagos/image/program/unpack.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/store.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/sys/file.h"

#if defined(__SANITIZE_ADDRESS__)
// Leaks are looked for through /proc, which is out of reach for a confined program.
extern "C" int __lsan_is_turned_off() { return 1; }
#endif

namespace pelagos::image {
namespace {

struct Arguments {
  std::string command, data_root, tag, reference, folder;
  std::vector<std::string> changes, references;
  std::string format, name;
  bool cross_mounts = false;
  IdMap ids;
  Limits limits;
};

bool AddRange(const std::string& text, IdMapRanges& ranges) {
  const std::optional<IdMapRange> range = ParseIdMapRange(text);
  if (range) ranges.push_back(*range);
  return range.has_value();
}

std::optional<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  if (argc < 2) return std::nullopt;
  arguments.command = argv[1];
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 >= argc) return std::nullopt;
    const absl::string_view flag = argv[i];
    const std::string value = argv[i + 1];
    bool good = true;
    if (flag == "--data-root") {
      arguments.data_root = value;
    } else if (flag == "--tag") {
      arguments.tag = value;
    } else if (flag == "--reference") {
      arguments.reference = value;
      arguments.references.push_back(value);
    } else if (flag == "--format") {
      arguments.format = value;
    } else if (flag == "--folder") {
      arguments.folder = value;
    } else if (flag == "--change") {
      arguments.changes.push_back(value);
    } else if (flag == "--name") {
      arguments.name = value;
    } else if (flag == "--cross-mounts") {
      arguments.cross_mounts = value == "yes";
    } else if (flag == "--uids") {
      good = AddRange(value, arguments.ids.uids);
    } else if (flag == "--gids") {
      good = AddRange(value, arguments.ids.gids);
    } else if (flag == "--max-bytes") {
      good = absl::SimpleAtoi(value, &arguments.limits.max_bytes);
    } else if (flag == "--max-entries") {
      good = absl::SimpleAtoi(value, &arguments.limits.max_entries);
    } else {
      good = false;
    }
    if (!good) return std::nullopt;
  }
  const bool load = arguments.command == "load";
  const bool import = arguments.command == "import" && !arguments.reference.empty();
  const bool fsck = arguments.command == "fsck" || arguments.command == "commit";
  const bool remote = arguments.command == "pull" || arguments.command == "push";
  if (arguments.command == "ping" || arguments.command == "archive") return arguments;
  if (arguments.command == "extract" && !arguments.folder.empty()) return arguments;
  if (arguments.command == "save" && !arguments.references.empty()) return arguments;
  if (arguments.data_root.empty() || !(load || import || remote || fsck)) return std::nullopt;
  return arguments;
}

absl::StatusOr<std::vector<NewImage>> Load(const Arguments& arguments, const Store& store,
                                           const Ingest& ingest) {
  std::optional<Reference> tag;
  if (!arguments.tag.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(tag, ParseReference(arguments.tag));
  }
  PELAGOS_RETURN_IF_ERROR(Confine({store.folder()}, {}));
  Budget budget(arguments.limits);
  FdSource input(STDIN_FILENO);
  return ArchiveLoader(ingest, budget).Load(input, tag);
}

absl::StatusOr<std::vector<NewImage>> Import(const Arguments& arguments, const Store& store,
                                             const Ingest& ingest) {
  PELAGOS_ASSIGN_OR_RETURN(const Reference name, ParseReference(arguments.reference));
  if (!name.digest.empty()) {
    return absl::InvalidArgumentError("an image that is made here gets a tag, not a digest");
  }
  ImageConfig config;
  for (const std::string& change : arguments.changes) {
    PELAGOS_RETURN_IF_ERROR(ApplyChange(change, config));
  }
  Budget budget(arguments.limits);
  std::vector<NewImage> images;
  if (arguments.folder.empty()) {
    PELAGOS_RETURN_IF_ERROR(Confine({store.folder()}, {}));
    FdSource input(STDIN_FILENO);
    PELAGOS_ASSIGN_OR_RETURN(NewImage image, ImportTar(input, ingest, budget, config, name));
    images.push_back(std::move(image));
  } else {
    PELAGOS_ASSIGN_OR_RETURN(const Fd folder,
                             sys::OpenFile(arguments.folder, O_RDONLY | O_DIRECTORY));
    PELAGOS_RETURN_IF_ERROR(Confine({store.folder()}, {arguments.folder}));
    PELAGOS_ASSIGN_OR_RETURN(NewImage image, ImportFolder(folder, ingest, budget, config, name));
    images.push_back(std::move(image));
  }
  return images;
}

constexpr char kDone[] = "ok\t-\t-\t0\n";

absl::StatusOr<std::string> Archive(const Arguments& arguments) {
  // Our own descriptor: by its name, which leads there and nowhere else.
  constexpr char kEntry[] = "/proc/self/fd/0";
  ArchiveOptions options;
  options.name = arguments.name;
  options.cross_mounts = arguments.cross_mounts;
  options.ids = arguments.ids;
  struct stat info = {};
  if (::fstat(STDIN_FILENO, &info) != 0) return ErrnoStatus(errno, "fstat", "standard input");
  // A copy of it, so that it is an Fd's.
  const Fd entry(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!entry.valid()) return ErrnoStatus(errno, "fcntl");
  PELAGOS_RETURN_IF_ERROR(Confine(
      {}, S_ISLNK(info.st_mode) ? std::vector<std::string>() : std::vector<std::string>{kEntry}));
  PELAGOS_RETURN_IF_ERROR(S_ISDIR(info.st_mode) ? WriteFolderArchive(entry, STDOUT_FILENO, options)
                                                : WriteFileArchive(entry, STDOUT_FILENO, options));
  return kDone;
}

absl::StatusOr<std::string> Extract(const Arguments& arguments) {
  PELAGOS_RETURN_IF_ERROR(Confine({arguments.folder}, {}));
  Budget budget(arguments.limits);
  FdSource input(STDIN_FILENO);
  PELAGOS_RETURN_IF_ERROR(
      UnpackLayer(input, arguments.folder, budget, WhiteoutNames::kNames).status());
  return kDone;
}

absl::StatusOr<Committed> Commit(const Arguments& arguments, const Store& store,
                                 const Ingest& ingest) {
  const Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!input.valid()) return ErrnoStatus(errno, "fcntl");
  constexpr size_t kLargestRequest = size_t{4} << 20;
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadAll(input, kLargestRequest, "the request"));
  PELAGOS_ASSIGN_OR_RETURN(const CommitRequest request, ParseCommitRequest(text));
  PELAGOS_ASSIGN_OR_RETURN(const Fd upper, sys::OpenFile(request.upper, O_RDONLY | O_DIRECTORY));
  PELAGOS_RETURN_IF_ERROR(Confine({store.folder()}, {request.upper}));
  Budget budget(arguments.limits);
  return CommitUpper(request, upper, store, ingest, budget);
}

absl::StatusOr<std::string> Run(const Arguments& arguments) {
  if (arguments.command == "archive") return Archive(arguments);
  if (arguments.command == "extract") return Extract(arguments);
  if (arguments.command == "pull") return RunPull(arguments.data_root, arguments.limits);
  if (arguments.command == "push") return RunPush(arguments.data_root);
  if (arguments.command == "ping") return RunPing();
  PELAGOS_ASSIGN_OR_RETURN(Store store, Store::Open(arguments.data_root));
  if (arguments.command == "fsck") {
    PELAGOS_ASSIGN_OR_RETURN(Fd lock, store.Lock());
    PELAGOS_RETURN_IF_ERROR(Confine({}, {store.folder()}));
    PELAGOS_ASSIGN_OR_RETURN(const StoreCheck check, CheckStore(store, std::move(lock)));
    return PrintStoreCheck(check);
  }
  if (arguments.command == "save") {
    PELAGOS_RETURN_IF_ERROR(Confine({}, {store.folder()}));
    // Standard input is the archive, opened for writing: standard output has the report.
    return SaveImages(store, arguments.references, arguments.format, STDIN_FILENO);
  }
  PELAGOS_ASSIGN_OR_RETURN(const Ingest ingest, store.StartIngest());
  std::vector<NewImage> images;
  LayerHold hold;  // until it is published
  if (arguments.command == "commit") {
    PELAGOS_ASSIGN_OR_RETURN(Committed committed, Commit(arguments, store, ingest));
    images.push_back(std::move(committed.image));
    hold = std::move(committed.hold);
  } else {
    PELAGOS_ASSIGN_OR_RETURN(images, arguments.command == "load"
                                         ? Load(arguments, store, ingest)
                                         : Import(arguments, store, ingest));
  }
  PELAGOS_RETURN_IF_ERROR(store.Publish(ingest, images));
  std::string report;
  for (const NewImage& image : images) {
    absl::StrAppend(&report, "ok\t", image.reference.ToString(), "\t",
                    image.manifest_digest.ToString(), "\t", image.layers.size(), "\n");
  }
  return report;
}

int Main(int argc, char** argv) {
  // A reader that went away is an error where it is written to, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  const std::optional<Arguments> arguments = ParseArguments(argc, argv);
  if (!arguments) {
    std::cerr << "pelagos-image is started by pelagos; see 'pelagos image --help'\n";
    return 2;
  }
  absl::StatusOr<std::string> report = absl::UnknownError("");
  try {
    report = Run(*arguments);
  } catch (const std::exception& error) {  // the standard library's: out of memory
    report = absl::ResourceExhaustedError(error.what());
  }
  std::ostream& out = arguments->command == "archive" ? std::cerr : std::cout;
  if (!report.ok()) {
    out << "error\t" << static_cast<int>(report.status().code()) << "\t"
        << report.status().message() << "\n"
        << std::flush;
    return 1;
  }
  out << *report << std::flush;
  return out.good() ? 0 : 1;
}

}  // namespace
}  // namespace pelagos::image

int main(int argc, char** argv) { return pelagos::image::Main(argc, argv); }
