#include "pelagos/cli/run_security.h"

#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"
#include "pelagos/launch/seccomp_named.h"
#include "pelagos/policy/landlock.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/security_label.h"
#include "pelagos/spec/seccomp_json.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

// What the options have said so far.
struct State {
  const Caller& caller;
  ContainerSpec& spec;
  std::optional<SelinuxParts> selinux;  // set by the first label=PART:...
};

// The end of a sentence about what was expected, or "".
using Problem = std::string;

Problem SelinuxLabel(State& state, absl::string_view label) {
  if (label.empty()) return "expected USER:ROLE:TYPE[:LEVEL]";
  const absl::string_view problem = SelinuxProblem(label);
  if (!problem.empty()) return absl::StrCat("the label ", problem);
  state.spec.labels.selinux = std::string(label);
  return "";
}

Problem MaskedPath(State& state, absl::string_view path) {
  const absl::string_view problem = InsidePathProblem(path);
  if (!problem.empty()) return absl::StrCat("the path '", path, "' ", problem);
  state.spec.masked_paths.emplace_back(path);
  return "";
}

// As Podman: several, with colons between them.
Problem Mask(State& state, absl::string_view paths) {
  for (const absl::string_view path : absl::StrSplit(paths, ':')) {
    if (Problem problem = MaskedPath(state, path); !problem.empty()) return problem;
  }
  return "";
}

Problem NoNewPrivileges(State& state, absl::string_view value) {
  if (value != "" && value != "true" && value != "false") return "expected true or false";
  state.spec.no_new_privileges = value != "false";
  return "";
}

Problem AppArmor(State& state, absl::string_view value) {
  if (value.empty()) return "expected the name of a profile, or unconfined";
  if (const absl::string_view problem = AppArmorProblem(value); !problem.empty()) {
    return absl::StrCat("the profile's name ", problem);
  }
  // As Docker has it: no profile is changed to.
  state.spec.labels.apparmor = value == "unconfined" ? "" : std::string(value);
  return "";
}

Problem Label(State& state, absl::string_view value) {
  if (value == "disable") {
    state.selinux.reset();
    state.spec.labels.selinux.clear();
    state.spec.labels.selinux_mount.clear();
    return "";
  }
  if (!state.selinux) state.selinux.emplace();
  const size_t colon = value.find(':');
  std::string* part = FindSelinuxPart(*state.selinux, value.substr(0, colon));
  if (part == nullptr || colon == absl::string_view::npos || colon + 1 == value.size()) {
    return "expected disable, or user:, role:, type:, level: or filetype: with a value";
  }
  *part = std::string(value.substr(colon + 1));
  state.spec.labels.selinux = state.selinux->process();
  state.spec.labels.selinux_mount = state.selinux->mount();
  const absl::string_view problem = SelinuxProblem(state.spec.labels.selinux);
  return problem.empty() ? "" : absl::StrCat("the label ", problem);
}

// Docker calls its own profile builtin, the original "", and none what Docker calls unconfined.
// What the user may want to know of a file goes to stderr.
Problem Seccomp(State& state, absl::string_view value) {
  if (value.empty() || value == "builtin") value = "default";
  if (value == "none") value = "unconfined";
  if (const auto profile = FindSeccompProfile(value)) {
    state.spec.seccomp = {*profile};
    return "";
  }
  if (auto filter = launch::NamedSeccompFilter(value)) {
    state.spec.seccomp = CustomSeccomp(*std::move(filter));
    return "";
  }
  const absl::StatusOr<std::string> path = AbsolutePath(state.caller, value);
  if (!path.ok()) return std::string(path.status().message());
  const absl::StatusOr<std::string> text = sys::ReadFile(*path, kMostSeccompText + 1);
  if (!text.ok()) return std::string(text.status().message());
  absl::StatusOr<SeccompFile> file = ParseSeccomp(*text);
  if (!file.ok()) {
    return absl::StrCat("the profile is wrong:\n  ",
                        absl::StrReplaceAll(file.status().message(), {{"\n", "\n  "}}));
  }
  for (const std::string& note : file->notes) {
    if (state.caller.is_other()) break;
    std::cerr << "pelagos: note: " << value << ": " << note << "\n";
  }
  state.spec.seccomp = CustomSeccomp(std::move(file->filter));
  return "";
}

Problem SystemPaths(State& state, absl::string_view value) {
  if (value != "unconfined") return "expected unconfined";
  state.spec.mask_paths = false;
  return "";
}

struct SecurityOption {
  absl::string_view name;
  Problem (*apply)(State& state, absl::string_view value);
  absl::string_view expected;  // after "=", which must be there; "": it need not
};

constexpr SecurityOption kSecurityOptions[] = {
    {"apparmor", AppArmor, "the name of a profile, or unconfined"},
    {"label", Label, "disable, or user:, role:, type:, level: or filetype: with a value"},
    {"mask", Mask, "absolute paths with colons between them"},
    {"no-new-privileges", NoNewPrivileges, ""},
    {"seccomp", Seccomp, "a profile's file, default, minimal, iouring or unconfined"},
    {"systempaths", SystemPaths, "unconfined"},
};

absl::Status ApplyOption(State& state, const std::string& text) {
  // Docker takes "label:type:x" too.
  const size_t separator = text.find_first_of("=:");
  const absl::string_view name = absl::string_view(text).substr(0, separator);
  const absl::string_view value =
      separator == std::string::npos ? "" : absl::string_view(text).substr(separator + 1);
  for (const SecurityOption& option : kSecurityOptions) {
    if (option.name != name) continue;
    const bool lacks_value = separator == std::string::npos && !option.expected.empty();
    const Problem problem = lacks_value ? absl::StrCat("expected ", option.expected, " after =")
                                        : option.apply(state, value);
    if (problem.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("--security-opt '", text, "': ", problem));
  }
  std::vector<absl::string_view> names;
  for (const SecurityOption& option : kSecurityOptions) names.push_back(option.name);
  const std::string near = Suggest(name, names);
  return absl::InvalidArgumentError(absl::StrCat(
      "--security-opt '", text, "': unknown option '", name, "'",
      near.empty() ? "; there are apparmor, label, mask, no-new-privileges, seccomp and systempaths"
                   : absl::StrCat("; did you mean '", near, "'?")));
}

}  // namespace

std::vector<Flag> SecurityFlags() {
  return {
      {"security-opt", 0, "OPTION",
       "no-new-privileges[=false], seccomp=FILE, apparmor=PROFILE, label=type:TYPE, mask=PATH"},
      {"apparmor-profile", 0, "PROFILE", "the same as --security-opt apparmor=PROFILE"},
      {"selinux-label", 0, "LABEL", "the program's label in full: USER:ROLE:TYPE[:LEVEL]"},
      {"masked-path", 0, "PATH", "one more path that nobody inside may look into"},
      {"landlock", 0, "ACCESS:PATH", "allow only this, by Landlock: ro:/etc, rx:/usr, rwx:/tmp"},
  };
}

absl::Status ApplySecurity(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  State state = {caller, spec, std::nullopt};
  for (const std::string& text : args.values("security-opt")) {
    PELAGOS_RETURN_IF_ERROR(ApplyOption(state, text));
  }
  struct Named {
    const char* flag;
    Problem (*apply)(State& state, absl::string_view value);
  };
  constexpr Named kNamed[] = {
      {"apparmor-profile", AppArmor}, {"selinux-label", SelinuxLabel}, {"masked-path", MaskedPath}};
  for (const Named& named : kNamed) {
    for (const std::string& value : args.values(named.flag)) {
      const Problem problem = named.apply(state, value);
      if (problem.empty()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--", named.flag, " '", value, "': ", problem));
    }
  }
  for (const std::string& text : args.values("landlock")) {
    std::optional<LandlockRule> rule = ParseLandlockRule(text);
    if (!rule) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--landlock '", text,
          "': expected ACCESS:PATH, ACCESS one of ro rw rx rwx wo wx x, PATH absolute"));
    }
    spec.landlock.push_back(*std::move(rule));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::cli
