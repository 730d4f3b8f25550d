#include "pelagos/cli/image/image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/image/limits.h"
#include "pelagos/cli/image/look.h"
#include "pelagos/cli/image/registry.h"
#include "pelagos/cli/image/store.h"
#include "pelagos/image/ingest.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/store.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

int Load(const Context& context, const Arguments& args) {
  std::vector<std::string> files = args.values("input");
  files.insert(files.end(), args.positionals().begin(), args.positionals().end());
  if (files.size() > 1) {
    return Fail(absl::StrCat("image load: one archive at a time, not also '", files[1], "'"),
                kUsage);
  }
  const std::string file = files.empty() ? "-" : files[0];
  image::IngestOptions options;
  options.tag = args.value("tag");
  if (args.has("tag")) {
    // Before a long archive is read for nothing.
    const absl::StatusOr<image::Reference> tag = image::ParseReference(options.tag);
    if (!tag.ok()) return Fail(tag.status(), kUsage);
    if (!tag->digest.empty()) {
      return Fail("image load: --tag takes NAME[:TAG]; an image has the digest that it has",
                  kUsage);
    }
  }
  if (!ReadLimits(args, options)) return kUsage;

  Fd opened;
  int fd = STDIN_FILENO;
  if (file != "-") {
    struct stat info = {};
    if (::stat(file.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      return Fail(absl::StrCat("image load: '", file,
                               "' is a folder, an archive is a tar: 'tar -C ", file,
                               " -c . | pelagos image load'"));
    }
    absl::StatusOr<Fd> archive = sys::OpenFile(file, O_RDONLY);
    if (!archive.ok()) return Fail(archive.status());
    opened = *std::move(archive);
    fd = opened.get();
  } else if (::isatty(fd) == 1) {
    return Fail("image load: expected FILE, or an archive on standard input", kUsage);
  }
  const auto images = image::Load(context.roots.data, fd, options);
  if (!images.ok()) {
    return Fail(absl::StrCat("loading ", file == "-" ? "standard input" : file, ": ",
                             images.status().message()));
  }
  for (const image::LoadedImage& image : *images) std::cout << "Loaded " << image.reference << "\n";
  return kDone;
}

absl::StatusOr<image::LoadedImage> ImportFrom(const std::string& data_root, const std::string& from,
                                              const std::string& reference,
                                              const std::vector<std::string>& changes,
                                              const image::IngestOptions& options) {
  if (from == "-") {
    return image::ImportTar(data_root, STDIN_FILENO, reference, changes, options);
  }
  struct stat info = {};
  if (::stat(from.c_str(), &info) != 0) return ErrnoStatus(errno, "stat", from);
  if (S_ISDIR(info.st_mode)) {
    return image::ImportFolder(data_root, from, reference, changes, options);
  }
  absl::StatusOr<Fd> tar = sys::OpenFile(from, O_RDONLY);
  if (!tar.ok()) return tar.status();
  return image::ImportTar(data_root, tar->get(), reference, changes, options);
}

int Import(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 2) {
    return Fail("image import: expected FILE, FOLDER or '-', then the image's name", kUsage);
  }
  const std::string& from = args.positionals()[0];
  const std::string& reference = args.positionals()[1];
  if (const auto name = image::ParseReference(reference); !name.ok()) {
    return Fail(name.status(), kUsage);
  }
  image::IngestOptions options;
  if (!ReadLimits(args, options)) return kUsage;
  const auto image =
      ImportFrom(context.roots.data, from, reference, args.values("change"), options);
  if (!image.ok()) {
    return Fail(absl::StrCat("importing ", from == "-" ? "standard input" : from, ": ",
                             image.status().message()));
  }
  std::cout << "Imported " << image->reference << "\n";
  return kDone;
}

int List(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("image ls: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  const std::string format =
      args.has("json") ? "json" : absl::AsciiStrToLower(args.value("format", "table"));
  if (format != "json" && format != "table") {
    return Fail(absl::StrCat("unknown format '", format, "': expected 'table' or 'json'"), kUsage);
  }
  const absl::StatusOr<image::Store> store = image::Store::Open(context.roots.data);
  if (!store.ok()) return Fail(store.status());
  const absl::StatusOr<std::vector<image::ImageSummary>> list = store->List();
  if (!list.ok()) return Fail(list.status());
  if (format == "json") {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const image::ImageSummary& image : *list) {
      nlohmann::ordered_json row = {{"reference", image.reference}};
      row["digest"] = image.manifest.empty() ? "" : image.manifest.ToString();
      row["layers"] = image.layers;
      if (!image.problem.empty()) row["problem"] = image.problem;
      rows.push_back(std::move(row));
    }
    std::cout << rows.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
    return kDone;
  }
  if (list->empty()) {
    std::cout << "No images found. Use 'pelagos image pull NAME' to get one.\n";
    return kDone;
  }
  size_t width = 30;
  for (const image::ImageSummary& image : *list) width = std::max(width, image.reference.size());
  const int columns = static_cast<int>(width);
  std::cout << absl::StrFormat("%-*s %-10s %s\n", columns, "REFERENCE", "LAYERS", "DIGEST");
  for (const image::ImageSummary& image : *list) {
    std::cout << absl::StrFormat("%-*s %-10d %s", columns, image.reference, image.layers,
                                 image.manifest.hex().substr(0, 12));
    if (!image.problem.empty()) std::cout << "  damaged: " << image.problem;
    std::cout << "\n";
  }
  return kDone;
}

int Remove(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("image rm: expected the names of images", kUsage);
  }
  absl::StatusOr<image::Store> store = image::Store::Open(context.roots.data);
  if (!store.ok()) return Fail(store.status());
  int code = kDone;
  const bool force = args.has("force");
  for (const std::string& name : args.positionals()) {
    const absl::StatusOr<std::string> removed = store->Remove(name, force);
    if (removed.ok()) {
      std::cout << "Removed image: " << *removed << "\n";
    } else if (absl::IsNotFound(removed.status())) {
      const int failed = Fail(absl::StrCat("image '", name, "' is not in the store"));
      if (!force) code = failed;  // as Docker has it: what is gone is gone
    } else if (absl::IsFailedPrecondition(removed.status())) {
      code =
          Fail(absl::StrCat(removed.status().message(), "; --force removes its name all the same"));
    } else {
      code = Fail(removed.status());
    }
  }
  return code;
}

std::vector<Command> OwnCommands() {
  return {
      {"image load",
       "[--tag REF] [-i FILE | FILE | -]",
       "Load the images of an OCI image layout or a docker-archive: a tar, perhaps gzip or zstd.",
       "docker save redis:7 | pelagos image load",
       {{"input", 'i', "FILE", "the archive (default: standard input)"},
        {"tag", 0, "REF", "name the image so, whatever the archive says"},
        kMaxBytes,
        kMaxEntries},
       false,
       Load},
      {"image import",
       "[--change TEXT]... FILE|FOLDER|- REF",
       "Make an image of a root file system: a tar, a folder, or a tar on standard input.",
       "pelagos image import --change 'CMD [\"/bin/bash\"]' ./rootfs debian:mine",
       {{"change", 'c', "TEXT",
         "an instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ..."},
        kMaxBytes,
        kMaxEntries},
       false,
       Import},
      {"image ls",
       "[--format table|json]",
       "List the images of the store.",
       "pelagos image ls --json",
       {{"format", 0, "FORMAT", "table or json"}, {"json", 0, "", "the same as --format json"}},
       false,
       List},
      {"image rm",
       "[--force] REF...",
       "Remove images, and the layers that no other image needs.",
       "pelagos image rm redis:7",
       {{"force", 'f', "",
         "also while a container runs on it, and without an error where there is none"}},
       false,
       Remove},
  };
}

std::string Help(const std::vector<Command>& commands) {
  std::string text = "usage: pelagos image COMMAND ...\n\n";
  for (const Command& command : commands) {
    absl::StrAppendFormat(&text, "  %-14s %s\n", command.name, command.summary);
  }
  absl::StrAppend(&text, "\nexample:\n  ", commands.front().example, "\n");
  return text;
}

}  // namespace

std::vector<Command> ImageCommands() {
  std::vector<Command> commands;
  for (const auto& some : {RegistryCommands(), OwnCommands(), LookCommands(), StoreCommands()}) {
    commands.insert(commands.end(), some.begin(), some.end());
  }
  return commands;
}

int ImageCommand(const std::string& data_root, const std::string& run_root,
                 const std::vector<std::string>& args) {
  const std::vector<Command> commands = ImageCommands();
  if (args.empty()) {
    std::cerr << Help(commands);
    return kUsage;
  }
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    std::cout << Help(commands);
    return kDone;
  }
  Context context;
  context.roots.data = data_root;
  context.roots.run = run_root;
  std::vector<std::string> names;
  for (const Command& command : commands) {
    const std::string name(command.name.substr(sizeof("image")));
    if (name == args[0]) return RunCommand(command, context, {args.begin() + 1, args.end()});
    names.push_back(name);
  }
  const std::string near = Suggest(args[0], names);
  return Fail(absl::StrCat("unknown command 'image ", args[0], "'",
                           near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?"),
                           " (see 'pelagos image --help')"),
              kUsage);
}

}  // namespace pelagos::cli
