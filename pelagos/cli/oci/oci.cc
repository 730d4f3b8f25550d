#include "pelagos/cli/oci/oci.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/cli/oci/command.h"
#include "pelagos/cli/oci/help.h"
#include "pelagos/container/rootless.h"
#include "pelagos/oci/record.h"
#include "pelagos/sys/security.h"

namespace pelagos::cli {
namespace {

constexpr char kVersionText[] =
    "pelagos-oci version 0.1.0\n"
    "spec: 1.2.0\n";

std::vector<Flag> GlobalFlags() {
  return {{"root", 0, "DIR", "where the state of containers is kept"},
          {"log", 0, "FILE", "where errors and warnings go (default: standard error)"},
          {"log-format", 0, "FORMAT", "text or json"},
          {"debug", 0, "", "more messages"},
          {"systemd-cgroup", 0, "", "cgroups by systemd; cgroupsPath is slice:prefix:name"},
          {"cgroup-manager", 0, "NAME", "cgroupfs, systemd, or disabled: no cgroups at all"},
          {"rootless", 0, "BOOL", "true, false or auto; what the caller can do is found out"},
          {"criu", 0, "PATH", "not used"},
          {"version", 'v', "", "print the version"}};
}

std::vector<OciRow> Rows() {
  std::vector<OciRow> rows = OciLifeCycleRows();
  for (auto more : {OciExecRows(), OciLookRows(), OciUpdateRows()}) {
    for (OciRow& row : more) rows.push_back(std::move(row));
  }
  return rows;
}

// Root of a user namespace is an ordinary user's: Podman calls us so.
std::string DefaultRoot() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const bool has_own = runtime != nullptr && *runtime != '\0';
  if (has_own && (::geteuid() != 0 || !sys::InInitialUserNamespace())) {
    return absl::StrCat(runtime, "/pelagos-oci");
  }
  return "/run/pelagos/oci";
}

// As runc: the usage for people, and the mistake where clients look for it.
int Misused(OciContext& context, const OciRow& row, absl::string_view problem) {
  std::cout << "Incorrect Usage.\n\n" << OciHelp(row);
  std::cout.flush();
  return OciFail(context, problem);
}

int RunRow(const OciRow& row, OciContext& context, const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args =
      ParseFlags(row.flags, SpelledOut(row.flags, words, row.options_first), row.options_first);
  if (!args.ok()) return Misused(context, row, args.status().message());
  if (args->has("help")) {
    std::cout << OciHelp(row);
    return kDone;
  }
  const std::string problem = CountProblem(row, args->positionals().size());
  if (!problem.empty()) return Misused(context, row, problem);
  context.log.Debug(absl::StrCat("command ", row.name, ", pid ", ::getpid(), ", state in ",
                                 context.runtime.records().root()));
  if (row.launches && ::geteuid() != 0) {
    const absl::Status entered = container::EnterForBundles();
    if (!entered.ok()) return OciFail(context, entered);
  }
  return row.run(context, *args);
}

}  // namespace

int OciFail(OciContext& context, absl::string_view message, int code) {
  context.log.Error(message);
  return code;
}
int OciFail(OciContext& context, const absl::Status& status, int code) {
  return OciFail(context, status.message(), code);
}

int ParseCount(absl::string_view text) {
  int count = -1;
  return absl::SimpleAtoi(text, &count) && count >= 0 ? count : -1;
}

bool IsTopLevelOci(const std::string& word) {
  return word == "create" || word == "start" || word == "state" || word == "kill" ||
         word == "delete";
}

bool NamesBundle(const std::vector<std::string>& words) {
  size_t plain = 0;
  for (size_t i = 1; i < words.size() && plain < 2; ++i) {
    const absl::string_view word = words[i];
    if (word == "--") return false;
    if (!absl::StartsWith(word, "-")) {
      ++plain;
      continue;
    }
    const absl::string_view name = word.substr(0, word.find('='));
    if (name == "--bundle" || name == "-bundle" || absl::StartsWith(word, "-b")) return true;
    // Whose values are no words of their own.
    for (absl::string_view flag : {"console-socket", "pid-file", "preserve-fds", "config"}) {
      if (name == word && absl::StripPrefix(absl::StripPrefix(word, "-"), "-") == flag) ++i;
    }
    if (word == "-f") ++i;
  }
  return false;
}

std::string OciContainerIn(const std::vector<std::string>& words) {
  const auto id = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
    return !absl::StartsWith(word, "-");
  });
  const bool there = id != words.end() && oci::Records(DefaultRoot()).Read(*id).ok();
  return there ? *id : "";
}

int OciCommand(const std::vector<std::string>& args) {
  const absl::StatusOr<Arguments> global =
      ParseFlags(GlobalFlags(), SpelledOut(GlobalFlags(), args, true), true);
  if (!global.ok()) {
    OciLog().Error(global.status().message());
    return kFailed;
  }
  const std::string format = global->value("log-format", "text");
  const OciLog log(global->value("log"), format == "json", global->has("debug"));
  OciContext context = {log,
                        oci::Runtime(global->value("root", DefaultRoot()),
                                     {[log](const std::string& text) { log.Warn(text); },
                                      [log](const std::string& text) { log.Debug(text); }}),
                        global->has("systemd-cgroup")};
  if (global->has("version")) {
    std::cout << kVersionText;
    return kDone;
  }
  const std::string manager = global->value("cgroup-manager", "cgroupfs");
  context.no_cgroups = manager == "disabled";
  context.systemd_cgroup = context.systemd_cgroup || manager == "systemd";
  if (manager != "disabled" && manager != "systemd" && manager != "cgroupfs") {
    return OciFail(context, absl::StrCat("invalid cgroup-manager: \"", manager, "\""));
  }
  if (format != "text" && format != "json") {
    return OciFail(context, absl::StrCat("invalid log-format: \"", format, "\""));
  }
  if (const absl::Status writable = log.Check(); !writable.ok()) {
    OciLog().Error(writable.message());
    return kFailed;
  }
  std::vector<std::string> words = global->positionals();
  if (!words.empty() && (words[0] == "help" || words[0] == "h")) {
    words.erase(words.begin());
    if (!words.empty()) words = {words[0], "--help"};
  }
  if (global->has("help") || words.empty()) {
    std::cout << OciHelp(Rows(), GlobalFlags());
    return kDone;
  }
  const std::string name = words[0];
  words.erase(words.begin());
  for (const OciRow& row : Rows()) {
    if (row.name == name) return RunRow(row, context, words);
  }
  return OciFail(context, absl::StrCat("No help topic for '", name, "'"), 3);
}

}  // namespace pelagos::cli
