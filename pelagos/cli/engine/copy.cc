#include "pelagos/cli/engine/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <iostream>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/enter_for.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/container/copy_tree.h"
#include "pelagos/container/files.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/tell.h"
#include "pelagos/image/ingest.h"
#include "pelagos/image/store.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using container::ContainerFiles;
using container::FileUse;
using internal::CopyPlace;

constexpr int kMostLinks = 40;  // as the kernel's own limit, path_resolution(7)

// One end of a copy: where it is, and how paths are looked up there.
class End {
 public:
  static absl::StatusOr<End> Open(const store::Roots& roots, const CopyPlace& place, FileUse use) {
    End end(place);
    if (place.container.empty()) return end;
    PELAGOS_ASSIGN_OR_RETURN(const container::Found found,
                             container::Inventory(roots).Find(place.container));
    PELAGOS_ASSIGN_OR_RETURN(ContainerFiles files, ContainerFiles::Open(roots, found, use));
    end.files_.emplace(std::move(files));
    end.name_ = found.name;
    if (found.kind != container::Kind::kForeground) end.record_ = found.record;
    // As Docker has it: relative paths count from the root.
    if (!absl::StartsWith(end.path_, "/")) end.path_ = absl::StrCat("/", end.path_);
    return end;
  }

  bool of_container() const { return files_.has_value(); }
  const std::string& path() const { return path_; }
  IdMap ids() const { return files_ ? files_->ids() : IdMap(); }

  absl::StatusOr<Fd> Look(const std::string& path, uint64_t flags) const {
    if (files_) return files_->root().OpenIn(path, flags | O_PATH);
    return sys::OpenFile(path, static_cast<int>(flags) | O_PATH);
  }

  // What is mounted in a container that does not run is not there: nobody shall take what lies
  // below it for it.
  absl::Status CheckMounted(const Fd& fd) const {
    if (!files_) return absl::OkStatus();
    std::string path(4096, '\0');
    const ssize_t size =
        ::readlink(absl::StrCat("/proc/self/fd/", fd.get()).c_str(), path.data(), path.size());
    if (size < 0) return ErrnoStatus(errno, "readlink", "/proc/self/fd");
    path.resize(static_cast<size_t>(size));
    return CheckMountedPath(path);
  }
  // The same of a path as it was given.
  absl::Status CheckMountedPath(const std::string& path) const {
    const std::string mount = files_ ? files_->MissingMount(path) : "";
    if (mount.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("'", path, "' is in the mount '", mount,
                     "', which is there only while the container runs: start it first"));
  }

  // What was done to it, in the journal of events.
  void Say(const store::Roots& roots, store::EventAction action) const {
    if (record_) container::Tell(roots, *record_, action);
  }

  std::string Describe() const { return files_ ? absl::StrCat(name_, ":", path_) : path_; }

 private:
  explicit End(const CopyPlace& place) : path_(place.path) {}

  std::optional<ContainerFiles> files_;
  std::string name_, path_;
  std::optional<store::ContainerRecord> record_;  // of one that has events
};

// Where the copy goes.
struct Target {
  Fd folder;
  std::string name;  // in it; empty: the folder itself, which was there
};

bool IsFolder(const Fd& fd) {
  struct stat info = {};
  return ::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string ParentOf(absl::string_view path) {
  absl::ConsumeSuffix(&path, "/");
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Links that lead to a file are followed, to the name it has where it is. Docker's rules for what
// is not there: its folder must be; "x/" is a folder's name.
absl::StatusOr<Target> FindTarget(const End& end, bool folder_is_copied) {
  std::string path = end.path();
  for (int i = 0; i <= kMostLinks; ++i) {
    absl::StatusOr<Fd> there = end.Look(path, 0);
    if (there.ok() && IsFolder(*there)) return Target{*std::move(there), ""};
    if (!there.ok() && FindErrno(there.status()) != ENOENT) return there.status();
    if (!there.ok() && absl::EndsWith(path, "/") && !folder_is_copied) {
      return absl::NotFoundError(absl::StrCat("the folder '", path, "' does not exist"));
    }
    path = WithoutSlashes(path);
    Target target;
    target.name = internal::LastName(path);
    if (target.name.empty()) return ErrnoStatus(ENOENT, "no folder", end.path());
    absl::StatusOr<Fd> parent = end.Look(ParentOf(path), O_DIRECTORY);
    if (FindErrno(parent.status()) == ENOENT) {
      return absl::NotFoundError(absl::StrCat("the folder '", ParentOf(path), "' does not exist"));
    }
    PELAGOS_RETURN_IF_ERROR(parent.status());
    target.folder = *std::move(parent);
    const absl::StatusOr<Fd> entry = end.Look(path, O_NOFOLLOW);
    if (!entry.ok()) return target;
    struct stat info = {};
    if (::fstat(entry->get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
    if (!S_ISLNK(info.st_mode)) return target;
    std::string link(4096, '\0');
    const ssize_t size = ::readlinkat(entry->get(), "", link.data(), link.size());
    if (size < 0) return ErrnoStatus(errno, "readlink", path);
    link.resize(static_cast<size_t>(size));
    path = absl::StartsWith(link, "/") ? link : absl::StrCat(ParentOf(path), "/", link);
  }
  return ErrnoStatus(ELOOP, "too many links", end.path());
}

container::CopyRules RulesFor(const End& from, const End& to, bool archive) {
  container::CopyRules rules;
  rules.keep_owners = archive;
  rules.from = from.ids();
  rules.to = to.ids();
  rules.privileges = to.of_container() || archive;
  if (to.of_container()) {
    rules.uid = rules.to.empty() ? 0 : HostIdOf(rules.to.uids, 0).value_or(0);
    rules.gid = rules.to.empty() ? 0 : HostIdOf(rules.to.gids, 0).value_or(0);
  } else {
    rules.uid = ::geteuid();
    rules.gid = ::getegid();
  }
  return rules;
}

void Report(const container::Copied& copied, const End& to, bool quiet) {
  for (const std::string& what : copied.left_out) {
    std::cerr << "pelagos: note: left out: " << what << "\n";
  }
  if (quiet) return;
  std::cerr << "Successfully copied " << HumanSize(copied.bytes) << " to " << to.Describe() << "\n";
}

absl::StatusOr<Fd> FindSource(const End& from, bool follow) {
  absl::StatusOr<Fd> source = from.Look(from.path(), follow ? 0 : O_NOFOLLOW);
  if (FindErrno(source.status()) == ENOENT) {
    PELAGOS_RETURN_IF_ERROR(from.CheckMountedPath(from.path()));
    return absl::NotFoundError(absl::StrCat("'", from.Describe(), "' does not exist"));
  }
  PELAGOS_RETURN_IF_ERROR(source.status());
  PELAGOS_RETURN_IF_ERROR(from.CheckMounted(*source));
  return source;
}

absl::Status Copy(const End& from, const End& to, const Arguments& args) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd source, FindSource(from, args.has("follow-link")));
  const bool folder = IsFolder(source);
  const std::string name = internal::LastName(from.path());
  if (name.empty() && !folder) return ErrnoStatus(ENOTDIR, "no folder", from.path());
  PELAGOS_ASSIGN_OR_RETURN(const Target target, FindTarget(to, folder));
  PELAGOS_RETURN_IF_ERROR(to.CheckMounted(target.folder));
  container::TreeCopier copier(RulesFor(from, to, args.has("archive")));
  absl::Status copied;
  if (target.name.empty() && name.empty()) {
    copied = copier.CopyContent(source, target.folder);
  } else {
    copied = copier.CopyAs(source, target.folder, target.name.empty() ? name : target.name);
  }
  PELAGOS_RETURN_IF_ERROR(copied);
  Report(copier.copied(), to, args.has("quiet"));
  return absl::OkStatus();
}

absl::Status CopyOut(const End& from, const Arguments& args) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd source, FindSource(from, args.has("follow-link")));
  if (container::IsKernels(source)) {
    return absl::InvalidArgumentError(absl::StrCat("'", from.Describe(), "' is the kernel's"));
  }
  image::EntryArchive archive;
  archive.name = internal::LastName(from.path());
  archive.cross_mounts = true;
  archive.ids = from.ids();
  return image::WriteArchive(source.get(), STDOUT_FILENO, archive);
}

// First into a folder of our own, where the archive can do no harm, then by the copier.
absl::Status CopyIn(const store::Roots& roots, const End& to, bool quiet) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd target, to.Look(to.path(), O_DIRECTORY));
  PELAGOS_RETURN_IF_ERROR(to.CheckMounted(target));
  PELAGOS_ASSIGN_OR_RETURN(image::Store store, image::Store::Open(roots.data));
  PELAGOS_ASSIGN_OR_RETURN(const image::Ingest ingest, store.StartIngest());
  const std::string folder = absl::StrCat(ingest.folder(), "/0");
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(folder, 0700));
  PELAGOS_RETURN_IF_ERROR(image::ExtractArchive(STDIN_FILENO, folder));
  PELAGOS_ASSIGN_OR_RETURN(const Fd source, sys::OpenFile(folder, O_PATH | O_DIRECTORY));
  container::CopyRules rules;
  rules.keep_owners = true;  // the archive's own, as they are called inside
  rules.to = to.ids();
  rules.privileges = true;
  container::TreeCopier copier(rules);
  PELAGOS_RETURN_IF_ERROR(copier.CopyContent(source, target));
  Report(copier.copied(), to, quiet);
  return absl::OkStatus();
}

int RunCopy(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 2) {
    return Fail("cp: expected SOURCE and TARGET: NAME:PATH of a container, PATH of the host, or -",
                kUsage);
  }
  const CopyPlace from = internal::ParseCopyPlace(args.positionals()[0]);
  const CopyPlace to = internal::ParseCopyPlace(args.positionals()[1]);
  if (from.container.empty() && to.container.empty()) {
    return Fail("cp: one of both must be a container's: NAME:PATH", kUsage);
  }
  if (from.path.empty() || to.path.empty()) return Fail("cp: a path is empty", kUsage);
  const bool in = from.container.empty() && from.path == "-";
  const bool out = to.container.empty() && to.path == "-";
  if (out && ::isatty(STDOUT_FILENO) == 1) {
    return Fail("cp: an archive is nothing for a terminal: > FILE, or | tar -x", kUsage);
  }
  for (const CopyPlace* place : {&from, &to}) {
    if (place->container.empty()) continue;
    const absl::Status entered = EnterFor(context, place->container);
    if (!entered.ok()) return Fail(entered);
  }
  const auto run = [&]() -> absl::Status {
    if (in) {
      PELAGOS_ASSIGN_OR_RETURN(const End end, End::Open(context.roots, to, FileUse::kWrite));
      PELAGOS_RETURN_IF_ERROR(CopyIn(context.roots, end, args.has("quiet")));
      end.Say(context.roots, store::EventAction::kExtractToDir);
      return absl::OkStatus();
    }
    PELAGOS_ASSIGN_OR_RETURN(const End source, End::Open(context.roots, from, FileUse::kRead));
    if (out) {
      PELAGOS_RETURN_IF_ERROR(CopyOut(source, args));
    } else {
      PELAGOS_ASSIGN_OR_RETURN(const End target, End::Open(context.roots, to, FileUse::kWrite));
      PELAGOS_RETURN_IF_ERROR(Copy(source, target, args));
      target.Say(context.roots, store::EventAction::kExtractToDir);
    }
    source.Say(context.roots, store::EventAction::kArchivePath);
    return absl::OkStatus();
  };
  const absl::Status done = run();
  return done.ok() ? kDone : Fail(done);
}

}  // namespace

namespace internal {

CopyPlace ParseCopyPlace(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon == 0 || text[0] == '/' || text[0] == '.') {
    return {"", std::string(text)};
  }
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string LastName(absl::string_view path) {
  while (absl::EndsWith(path, "/")) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  const absl::string_view name = slash == absl::string_view::npos ? path : path.substr(slash + 1);
  return name == "." || name == ".." ? "" : std::string(name);
}

}  // namespace internal

std::vector<Command> CopyCommands() {
  return {
      {"cp",
       "[--archive] [--follow-link] [--quiet] NAME:PATH|PATH|- NAME:PATH|PATH|-",
       "Copy files and folders out of a container or into one, running or not; '-' is a tar.",
       "pelagos cp web:/etc/nginx/. ./nginx && pelagos cp ./index.html web:/srv",
       {{"archive", 'a', "", "keep owners and set-id bits; else all is root's, or yours"},
        {"follow-link", 'L', "", "if SOURCE is a link, copy what it leads to"},
        {"quiet", 'q', "", "do not say what was copied"}},
       false,
       RunCopy},
  };
}

}  // namespace pelagos::cli
