#include "pelagos/oci/run_hooks.h"

#include <unistd.h>

#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/hooked_program.h"
#include "pelagos/sys/process.h"

namespace pelagos::oci {
namespace {

// proc_pid_status(5): NSpid ends with the pid in the innermost namespace.
pid_t InnerPid(pid_t pid) {
  const auto status = sys::ReadFile(absl::StrCat("/proc/", pid, "/status"), 1 << 16);
  if (!status.ok()) return pid;
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    if (!absl::ConsumePrefix(&line, "NSpid:")) continue;
    pid_t inner = pid;
    const std::vector<absl::string_view> pids =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (!pids.empty() && absl::SimpleAtoi(pids.back(), &inner)) return inner;
  }
  return pid;
}

uint64_t NamespacesOf(const Config& config) {
  uint64_t flags = 0;
  if (!config.linux_part) return flags;
  for (const NamespaceEntry& entry : config.linux_part->namespaces) {
    const std::optional<Namespace> kind = FindNamespace(entry.type);
    if (kind) flags |= RowOf(*kind).clone_flag;
  }
  return flags;
}

// That of the runtime, which runc and crun hand on to hooks that say nothing of theirs.
std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> env;
  for (char** item = environ; *item != nullptr; ++item) env.emplace_back(*item);
  return env;
}

std::string EndOf(const sys::HookedResult& result) {
  if (result.signal == 0) return absl::StrCat("exit status ", result.code);
  return absl::StrCat("signal: ", absl::AsciiStrToLower(::strsignal(result.signal)));
}

absl::Status RunOne(const std::string& name, const Hook& hook, HookPlace place,
                    const Record& record, const Config& config, absl::string_view status,
                    const HookStarter& starter = {}) {
  sys::HookedProgram program;
  program.path = hook.path;
  program.argv = hook.args;
  program.env = hook.env.empty() ? OwnEnvironment() : hook.env;
  program.timeout_seconds = hook.timeout;
  // As runc has it. Where the container's root is not changed to yet, its folder is the root.
  program.folder = place == HookPlace::kContainer ? record.rootfs : record.bundle;
  if (starter) {
    program.start = [&](int in, int out, int errors) { return starter(hook, in, out, errors); };
  }
  const bool inside = place == HookPlace::kContainer;
  Fd pidfd;
  pid_t pid = status == NameOf(Status::kStopped) ? 0 : record.process.pid;
  if (inside) {
    PELAGOS_ASSIGN_OR_RETURN(pidfd, sys::OpenPidfd(record.process.pid));
    program.pidfd = pidfd.get();
    program.namespaces = NamespacesOf(config);
    pid = InnerPid(pid);
  }
  program.input = StateJson(record, config, status, pid, /*compact=*/true);
  const absl::StatusOr<sys::HookedResult> result = sys::RunHooked(program);
  PELAGOS_RETURN_IF_ERROR(result.status(), "error running ", name);
  if (result->timed_out) {
    return absl::DeadlineExceededError(absl::StrCat(
        "error running ", name, ": hook ran past specified timeout of ", *hook.timeout, ".0s"));
  }
  if (result->code == 0) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("error running ", name, ": ", EndOf(*result),
                                         ", stdout: ", absl::StripSuffix(result->output, "\n"),
                                         ", stderr: ", absl::StripSuffix(result->errors, "\n")));
}

std::string NameOfHook(absl::string_view kind, size_t index) {
  return absl::StrCat(kind, " hook #", index);
}

}  // namespace

absl::Status RunHooks(absl::string_view kind, const std::vector<Hook>& hooks, HookPlace place,
                      const Record& record, const Config& config, absl::string_view status) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    PELAGOS_RETURN_IF_ERROR(RunOne(NameOfHook(kind, i), hooks[i], place, record, config, status));
  }
  return absl::OkStatus();
}

absl::Status RunStartHooks(const std::vector<Hook>& hooks, const Record& record,
                           const Config& config, const HookStarter& starter) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    PELAGOS_RETURN_IF_ERROR(RunOne(NameOfHook("startContainer", i), hooks[i], HookPlace::kContainer,
                                   record, config, NameOf(Status::kCreated), starter));
  }
  return absl::OkStatus();
}

std::vector<std::string> RunAllHooks(absl::string_view kind, const std::vector<Hook>& hooks,
                                     const Record& record, const Config& config,
                                     absl::string_view status) {
  std::vector<std::string> failures;
  for (size_t i = 0; i < hooks.size(); ++i) {
    const absl::Status ran =
        RunOne(NameOfHook(kind, i), hooks[i], HookPlace::kHost, record, config, status);
    if (!ran.ok()) failures.emplace_back(ran.message());
  }
  return failures;
}

}  // namespace pelagos::oci
