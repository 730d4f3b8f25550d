#include "pelagos/cli/engine/rootfs.h"

#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/listing.h"
#include "pelagos/store/rootfs.h"

namespace pelagos::cli {
namespace {

int Import(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 2) {
    return Fail("rootfs import: expected NAME, then the folder", kUsage);
  }
  const std::string& name = args.positionals()[0];
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::canonical(args.positionals()[1], error);
  if (error) {
    return Fail(absl::StrCat("rootfs import: '", args.positionals()[1], "': ", error.message()));
  }
  const absl::Status named = store::NameRootFolder(context.roots, name, folder.string());
  if (!named.ok()) {
    return Fail(absl::StrCat("rootfs import: ", named.message()),
                absl::IsInvalidArgument(named) ? kUsage : kFailed);
  }
  std::cout << "Imported rootfs '" << name << "' -> " << folder.string() << "\n";
  return kDone;
}

int List(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("rootfs ls: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  static const std::vector<Column> columns = {
      {"Name", "NAME"}, {"Path", "PATH"}, {"State", "STATE", false}};
  absl::StatusOr<Listing> listing = Listing::From(args, columns, {.quiet = "Name"});
  if (!listing.ok()) return Fail(absl::StrCat("rootfs ls: ", listing.status().message()), kUsage);
  const auto folders = store::ListRootFolders(context.roots);
  if (!folders.ok()) return Fail(folders.status());
  for (const store::RootFolder& folder : *folders) {
    Row row;
    row.cells = {folder.name, folder.path, folder.there ? "there" : "missing"};
    if (listing->json()) {
      row.json = {{"name", folder.name}, {"path", folder.path}, {"missing", !folder.there}};
    }
    listing->Add(std::move(row));
  }
  std::cout << listing->Text();
  return kDone;
}

int Remove(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) return Fail("rootfs rm: expected names", kUsage);
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const absl::Status removed = store::ForgetRootFolder(context.roots, name);
    if (removed.ok()) {
      std::cout << "Removed rootfs '" << name << "'\n";
      continue;
    }
    std::string near;
    if (absl::IsNotFound(removed)) {
      const auto folders = store::ListRootFolders(context.roots);
      std::vector<absl::string_view> names;
      if (folders.ok()) {
        for (const store::RootFolder& folder : *folders) names.push_back(folder.name);
      }
      near = Suggest(name, names);
    }
    code = Fail(absl::StrCat(removed.message(),
                             near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
  }
  return code;
}

}  // namespace

std::vector<Command> RootfsCommands() {
  return {
      {"rootfs import",
       "NAME FOLDER",
       "Give a root folder of the host a name, for 'run --rootfs NAME'; it stays where it is.",
       "pelagos rootfs import alpine ./alpine && pelagos run --rootfs alpine /bin/sh",
       {},
       false,
       Import},
      {"rootfs ls",
       "[-q] [--format FORMAT]",
       "List the root folders that have a name.",
       "pelagos rootfs ls",
       {kQuietFlag, kFormatFlag, kJsonFlag},
       false,
       List},
      {"rootfs rm",
       "NAME...",
       "Forget the names of root folders; the folders stay.",
       "pelagos rootfs rm alpine",
       {},
       false,
       Remove},
  };
}

}  // namespace pelagos::cli
