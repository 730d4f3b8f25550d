#include "pelagos/cli/image/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/ingest.h"
#include "pelagos/image/store.h"
#include "pelagos/image/store_check.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

int Tag(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 2) {
    return Fail("image tag: expected the name of an image, and another name for it", kUsage);
  }
  absl::StatusOr<image::Store> store = image::Store::Open(context.roots.data);
  if (!store.ok()) return Fail(store.status());
  const auto names = store->Tag(args.positionals()[0], args.positionals()[1]);
  if (!names.ok()) {
    return Fail(names.status(), absl::IsInvalidArgument(names.status()) ? kUsage : kFailed);
  }
  std::cout << names->first << " -> " << names->second << "\n";
  return kDone;
}

// A condition that an image must fulfil to be pruned.
using Filter = std::function<bool(const nlohmann::json& config)>;

absl::StatusOr<Filter> UntilFilter(absl::string_view value) {
  absl::Time until;
  absl::Duration age;
  std::string error;
  if (absl::ParseDuration(value, &age) && age > absl::ZeroDuration()) {
    until = absl::Now() - age;
  } else if (!absl::ParseTime(absl::RFC3339_full, value, &until, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--filter: 'until=", value,
                     "': expected an age as 24h, or a time as 2026-01-31T00:00:00Z"));
  }
  return Filter([until](const nlohmann::json& config) {
    absl::Time created;
    std::string why;
    const auto found = config.find("created");
    return found != config.end() && found->is_string() &&
           absl::ParseTime(absl::RFC3339_full, found->get<std::string>(), &created, &why) &&
           created < until;
  });
}

Filter LabelFilter(absl::string_view value) {
  const size_t equals = value.find('=');
  const std::string name(value.substr(0, equals));
  const bool any = equals == absl::string_view::npos;
  const std::string wanted(any ? "" : value.substr(equals + 1));
  return [=](const nlohmann::json& config) {
    const nlohmann::json empty = nlohmann::json::object();
    const auto inner = config.find("config");
    if (inner == config.end() || !inner->is_object()) return false;
    const auto labels = inner->find("Labels");
    if (labels == inner->end() || !labels->is_object()) return false;
    const auto label = labels->find(name);
    return label != labels->end() && (any || (label->is_string() && *label == wanted));
  };
}

absl::StatusOr<std::vector<Filter>> FiltersFrom(const Arguments& args) {
  std::vector<Filter> filters;
  for (const std::string& text : args.values("filter")) {
    absl::string_view value = text;
    if (absl::ConsumePrefix(&value, "until=")) {
      PELAGOS_ASSIGN_OR_RETURN(Filter filter, UntilFilter(value));
      filters.push_back(std::move(filter));
    } else if (absl::ConsumePrefix(&value, "label=") && !value.empty()) {
      filters.push_back(LabelFilter(value));
    } else if (absl::ConsumePrefix(&value, "label!=") && !value.empty()) {
      filters.push_back(
          [has = LabelFilter(value)](const nlohmann::json& config) { return !has(config); });
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--filter: '", text,
                       "': expected until=AGE, until=TIME, label=NAME[=VALUE] or "
                       "label!=NAME[=VALUE]"));
    }
  }
  return filters;
}

int Prune(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("image prune: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  const absl::StatusOr<std::vector<Filter>> filters = FiltersFrom(args);
  if (!filters.ok()) return Fail(absl::StrCat("image prune: ", filters.status().message()), kUsage);
  const bool all = args.has("all");
  if (!all && !filters->empty()) {
    return Fail("image prune: --filter picks images, which only --all removes", kUsage);
  }
  if (all && !args.has("force")) {
    if (::isatty(STDIN_FILENO) == 0) {
      return Fail(
          "image prune: --all removes every image that no container runs on; say --force "
          "too",
          kUsage);
    }
    std::cerr << "Remove every image that no container runs on"
              << (filters->empty() ? "" : " and that the filters pick") << "? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y" && answer != "yes") return kFailed;
  }
  absl::StatusOr<image::Store> store = image::Store::Open(context.roots.data);
  if (!store.ok()) return Fail(store.status());
  std::function<bool(const image::StoredImage&)> doomed;
  if (all) {
    doomed = [&](const image::StoredImage& image) {
      const nlohmann::json config =
          nlohmann::json::parse(image.config_text.begin(), image.config_text.end(), nullptr,
                                /*allow_exceptions=*/false);
      for (const Filter& filter : *filters) {
        if (!config.is_object() || !filter(config)) return false;
      }
      return true;
    };
  }
  const absl::StatusOr<image::Pruned> pruned = store->Prune(doomed);
  if (!pruned.ok()) return Fail(pruned.status());
  for (const std::string& name : pruned->images) std::cout << "Removed image: " << name << "\n";
  std::cout << "Freed " << pruned->bytes << " bytes\n";
  return kDone;
}

int Check(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("image fsck: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  const absl::StatusOr<image::StoreCheck> check = image::Check(context.roots.data);
  if (!check.ok()) return Fail(check.status());
  for (const image::StoreFinding& finding : check->findings) {
    std::cout << finding.ToString() << "\n";
  }
  const size_t damaged = check->Count(image::StoreFinding::Kind::kDamage);
  std::cout << "Checked " << check->images << " images, " << check->layers << " layers, "
            << check->blobs << " blobs (" << check->bytes << " bytes): ";
  if (damaged == 0) {
    std::cout << "the store is whole\n";
    return kDone;
  }
  std::cout << "damage: " << damaged << "\n";
  return kFailed;
}

// The archive's file, which appears under its name when it is whole.
absl::Status SaveTo(const std::string& data_root, const std::vector<std::string>& names,
                    image::ArchiveFormat format, const std::string& file) {
  struct stat info = {};
  if (::stat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    // A pipe or a device is written as it is.
    PELAGOS_ASSIGN_OR_RETURN(const Fd out, sys::OpenFile(file, O_WRONLY | O_NOCTTY));
    return image::Save(data_root, out.get(), names, format).status();
  }
  const std::string temporary = absl::StrCat(file, ".new.", ::getpid());
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd out, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
  absl::Status status = image::Save(data_root, out.get(), names, format).status();
  if (status.ok() && ::rename(temporary.c_str(), file.c_str()) != 0) {
    status = ErrnoStatus(errno, "rename", file);
  }
  if (!status.ok()) ::unlink(temporary.c_str());  // the error that counts is `status`
  return status;
}

int Save(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("image save: expected the names of images", kUsage);
  }
  const std::string word = args.value("format", "oci");
  if (word != "oci" && word != "docker-archive") {
    return Fail(absl::StrCat("image save: --format: '", word, "': expected oci or docker-archive"),
                kUsage);
  }
  const image::ArchiveFormat format =
      word == "oci" ? image::ArchiveFormat::kOci : image::ArchiveFormat::kDockerArchive;
  const std::string file = args.value("output", "-");
  if (file == "-") {
    if (::isatty(STDOUT_FILENO) == 1) {
      return Fail("image save: an archive is nothing for a terminal: -o FILE, or > FILE", kUsage);
    }
    const auto saved = image::Save(context.roots.data, STDOUT_FILENO, args.positionals(), format);
    return saved.ok() ? kDone : Fail(saved.status());
  }
  const absl::Status saved = SaveTo(context.roots.data, args.positionals(), format, file);
  if (!saved.ok()) return Fail(saved);
  std::cout << "Saved " << args.positionals().size() << " image(s) to " << file << "\n";
  return kDone;
}

}  // namespace

std::vector<Command> StoreCommands() {
  return {
      {"image save",
       "[-o FILE] [--format oci|docker-archive] REF...",
       "Write images as an archive (a tar), which 'image load', Docker, podman and skopeo read.",
       "pelagos image save redis:7 busybox -o images.tar",
       {{"output", 'o', "FILE", "the archive (default: standard output)"},
        {"format", 0, "FORMAT", "oci (a layout; default) or docker-archive, for old readers"}},
       false,
       Save},
      {"image tag",
       "REF NAME[:TAG]",
       "Give an image of the store another name.",
       "pelagos image tag redis:7 registry.example.com/mine/redis:7",
       {},
       false,
       Tag},
      {"image prune",
       "[--all [--filter FILTER]... [--force]]",
       "Remove what no image needs: layers, blobs, parts of broken transfers. With --all images "
       "too.",
       "pelagos image prune --all --filter until=240h --force",
       {{"all", 'a', "", "remove every image that no container runs on"},
        {"filter", 0, "FILTER",
         "until=AGE, until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE]; all must fit"},
        {"force", 'f', "", "do not ask"}},
       false,
       Prune},
      {"image fsck",
       "",
       "Compare the whole store with its digests; say what is damaged (exit code 1) or left over.",
       "pelagos image fsck && pelagos image save redis:7 -o redis.tar",
       {},
       false,
       Check},
  };
}

}  // namespace pelagos::cli
