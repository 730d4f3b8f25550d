#include "pelagos/cli/engine/layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/enter_for.h"
#include "pelagos/cli/engine/open_engine.h"
#include "pelagos/container/changes.h"
#include "pelagos/container/files.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/lifecycle.h"
#include "pelagos/container/tell.h"
#include "pelagos/image/ingest.h"
#include "pelagos/image/registries.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using container::Found;

// Where the runtime mounts something, and makes what it needs for that.
std::vector<std::string> MountedIn(const ContainerSpec& spec) {
  std::vector<std::string> paths = {"/dev",        "/etc/hostname",     "/etc/hosts", "/proc",
                                    "/sys",        "/etc/resolv.conf",  "/dev/shm",   "/dev/pts",
                                    "/dev/mqueue", "/sbin/pelagos-init"};
  for (const Mount& mount : spec.mounts.mounts()) paths.push_back(mount.target);
  return paths;
}

absl::StatusOr<Found> FindOne(const Context& context, const Arguments& args,
                              absl::string_view command) {
  if (args.positionals().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(command, ": expected the name of a container"));
  }
  PELAGOS_RETURN_IF_ERROR(EnterFor(context, args.positionals()[0]));
  return container::Inventory(context.roots).Find(args.positionals()[0]);
}

int Diff(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 1) return Fail("diff: expected the name of a container", kUsage);
  const std::string format =
      absl::AsciiStrToLower(args.value("format", args.has("json") ? "json" : "text"));
  if (format != "json" && format != "text") {
    return Fail(absl::StrCat("diff: --format: '", format, "': expected text or json"), kUsage);
  }
  const absl::StatusOr<Found> found = FindOne(context, args, "diff");
  if (!found.ok()) return Fail(found.status());
  const auto layers = container::LayersOf(context.roots, *found);
  if (!layers.ok()) return Fail(layers.status());
  const auto changes = container::FindChanges(*layers, MountedIn(found->record.spec));
  if (!changes.ok()) return Fail(changes.status());
  if (format == "json") {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const container::Change& change : *changes) {
      rows.push_back({{"Kind", std::string(1, change.kind)}, {"Path", change.path}});
    }
    std::cout << rows.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
    return kDone;
  }
  for (const container::Change& change : *changes) {
    std::cout << change.kind << " " << change.path << "\n";
  }
  return kDone;
}

absl::Status ExportTo(const container::ContainerFiles& files, int out) {
  image::EntryArchive archive;
  archive.ids = files.ids();
  return image::WriteArchive(files.root().fd().get(), out, archive);
}

// The archive's file, which appears under its name when it is whole.
absl::Status ExportToFile(const container::ContainerFiles& files, const std::string& file) {
  struct stat info = {};
  if (::stat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd out, sys::OpenFile(file, O_WRONLY | O_NOCTTY));
    return ExportTo(files, out.get());
  }
  const std::string temporary = absl::StrCat(file, ".new.", ::getpid());
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd out, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  absl::Status status = ExportTo(files, out.get());
  if (status.ok() && ::rename(temporary.c_str(), file.c_str()) != 0) {
    status = ErrnoStatus(errno, "rename", file);
  }
  if (!status.ok()) ::unlink(temporary.c_str());  // the error that counts is `status`
  return status;
}

int Export(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 1) {
    return Fail("export: expected the name of a container", kUsage);
  }
  const std::string file = args.value("output", "-");
  if (file == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return Fail("export: an archive is nothing for a terminal: -o FILE, or > FILE", kUsage);
  }
  const absl::StatusOr<Found> found = FindOne(context, args, "export");
  if (!found.ok()) return Fail(found.status());
  const auto files = container::ContainerFiles::OpenBare(context.roots, *found);
  if (!files.ok()) return Fail(files.status());
  const absl::Status done =
      file == "-" ? ExportTo(*files, STDOUT_FILENO) : ExportToFile(*files, file);
  if (!done.ok()) return Fail(absl::StrCat("exporting '", found->name, "': ", done.message()));
  if (found->kind != container::Kind::kForeground) {
    container::Tell(context.roots, found->record, store::EventAction::kExport);
  }
  return kDone;
}

absl::StatusOr<std::string> NameFor(const Found& found, const Arguments& args) {
  std::string name =
      args.positionals().size() > 1
          ? args.positionals()[1]
          : absl::StrCat("localhost/", absl::AsciiStrToLower(found.name), ":",
                         absl::FormatTime("%Y%m%d-%H%M%S", absl::Now(), absl::UTCTimeZone()));
  PELAGOS_ASSIGN_OR_RETURN(const image::Reference reference, image::ResolveReference(name));
  if (!reference.digest.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "': an image has the digest that it has; expected NAME[:TAG]"));
  }
  return reference.ToString();
}

absl::StatusOr<image::LoadedImage> CommitOne(const Context& context, const Found& found,
                                             const Arguments& args) {
  if (found.record.image.digest.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' is not made of an image; 'pelagos export ",
                     found.name, " | pelagos image import - NAME' makes one of all its files"));
  }
  PELAGOS_ASSIGN_OR_RETURN(const container::LayerFolders layers,
                           container::LayersOf(context.roots, found));
  image::CommitRequest request = internal::RequestOf(found.record);
  PELAGOS_ASSIGN_OR_RETURN(request.reference, NameFor(found, args));
  request.upper = layers.upper;
  request.created = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  request.author = args.value("author");
  request.message = args.value("message");
  request.changes = args.values("change");
  // Of a container that was never started there is no folder: an empty layer then.
  PELAGOS_RETURN_IF_ERROR(container::MakeLayer(layers, found.record.spec.ids));

  const bool pause = found.status == container::Status::kRunning && !args.denied("pause");
  if (!pause) return image::Commit(context.roots.data, request);
  PELAGOS_ASSIGN_OR_RETURN(const auto engine, OpenEngine(context));
  const absl::Status paused = container::Pause(*engine, found);
  if (!paused.ok()) {
    return absl::Status(paused.code(),
                        absl::StrCat(paused.message(), "; --pause=false commits it as it runs"));
  }
  absl::StatusOr<image::LoadedImage> image = image::Commit(context.roots.data, request);
  PELAGOS_ASSIGN_OR_RETURN(const Found now, container::Inventory(context.roots).Find(found.id));
  const absl::Status resumed = container::Unpause(*engine, now);
  // It may have been killed meanwhile.
  if (!resumed.ok() && now.status == container::Status::kPaused) return resumed;
  return image;
}

int Commit(const Context& context, const Arguments& args) {
  const size_t count = args.positionals().size();
  if (count < 1 || count > 2) {
    return Fail("commit: expected the name of a container, and that of the image", kUsage);
  }
  const absl::StatusOr<Found> found = FindOne(context, args, "commit");
  if (!found.ok()) return Fail(found.status());
  const absl::StatusOr<image::LoadedImage> image = CommitOne(context, *found, args);
  if (!image.ok()) {
    return Fail(absl::StrCat("committing '", found->name, "': ", image.status().message()));
  }
  if (found->kind != container::Kind::kForeground) {
    container::Tell(context.roots, found->record, store::EventAction::kCommit, std::nullopt,
                    {{"comment", args.value("message")},
                     {"imageID", image->digest},
                     {"imageRef", image->reference}});
  }
  if (count == 1 && !args.has("quiet")) {
    std::cerr << "pelagos: note: the image is called " << image->reference << "\n";
  }
  std::cout << image->digest << "\n";
  return kDone;
}

}  // namespace

namespace internal {

image::CommitRequest RequestOf(const store::ContainerRecord& record) {
  const ContainerSpec& spec = record.spec;
  image::CommitRequest request;
  request.base = record.image.digest;
  request.ids = spec.ids;
  std::vector<std::string> command = spec.command;
  if (command.empty()) {
    command = spec.entrypoint ? *spec.entrypoint : record.image.entrypoint;
    const bool image_cmd = spec.arguments.empty() && !spec.entrypoint;
    const std::vector<std::string>& rest = image_cmd ? record.image.cmd : spec.arguments;
    command.insert(command.end(), rest.begin(), rest.end());
  }
  request.command = absl::StrJoin(command, " ");
  for (const EnvVariable& variable : spec.env) {
    request.env.push_back(absl::StrCat(variable.key, "=", variable.value));
  }
  if (!spec.command.empty()) {
    request.entrypoint.emplace();
    request.cmd = spec.command;
  } else {
    if (spec.entrypoint) {
      request.entrypoint = spec.entrypoint;
      request.cmd = spec.arguments;
    } else if (!spec.arguments.empty()) {
      request.cmd = spec.arguments;
    }
  }
  request.workdir = spec.workdir;
  request.user = spec.user;
  if (spec.stop_signal) request.stop_signal = absl::StrCat(*spec.stop_signal);
  request.labels = spec.lifecycle.labels;
  return request;
}

}  // namespace internal

std::vector<Command> LayerCommands() {
  return {
      {"diff",
       "[--format text|json] NAME",
       "List what a container has added (A), changed (C) and deleted (D) in its image's files.",
       "pelagos diff web",
       {{"format", 0, "FORMAT", "text or json"}, {"json", 0, "", "the same as --format json"}},
       false,
       Diff},
      {"export",
       "[-o FILE] NAME",
       "Write all files of a container as a tar, without what is mounted in it.",
       "pelagos export web | pelagos image import - web:flat",
       {{"output", 'o', "FILE", "the archive (default: standard output)"}},
       false,
       Export},
      {"commit",
       "[--author NAME] [--message TEXT] [--change INSTRUCTION]... [--pause=false] NAME [REF]",
       "Make an image of a container: its image, and one layer of what it has written.",
       "pelagos commit --change 'CMD [\"nginx\"]' --message tuned web web:tuned",
       {{"author", 'a', "NAME", "who made it"},
        {"message", 'm', "TEXT", "what for"},
        {"change", 'c', "INSTRUCTION",
         "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR, as a "
         "Dockerfile"},
        {"pause", 'p', "", "its processes stand still meanwhile (the default)"},
        {"quiet", 'q', "", "do not say how the image is called"}},
       false,
       Commit},
  };
}

}  // namespace pelagos::cli
