#include <unistd.h>

#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/oci/command.h"
#include "pelagos/cli/terminal.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

constexpr int kExecFailed = 255;  // runc(8)

// "UID[:GID]", digits alone: nothing else may become a user by accident.
bool ParseUser(absl::string_view text, oci::User& user) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  const auto number = [](const std::string& part, uint32_t& value) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string::npos &&
           absl::SimpleAtoi(part, &value);
  };
  if (parts.size() > 2 || !number(parts[0], user.uid)) return false;
  return parts.size() < 2 || number(parts[1], user.gid);
}

absl::StatusOr<oci::Process> ProcessFrom(OciContext& context, const Arguments& args) {
  std::vector<std::string> words = args.positionals();
  if (args.has("process")) {
    PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                             sys::ReadFile(args.value("process"), oci::kMostConfigText));
    return oci::ReadProcess(text);
  }
  if (words.size() < 2) {
    return absl::InvalidArgumentError("process args cannot be empty");
  }
  PELAGOS_ASSIGN_OR_RETURN(const oci::Config config,
                           context.runtime.records().ReadConfig(words[0]));
  oci::Process process = config.process ? *config.process : oci::Process();
  process.args.assign(words.begin() + 1, words.end());
  process.terminal = args.has("tty");
  process.console_size.reset();
  if (args.has("cwd")) process.cwd = args.value("cwd");
  for (const std::string& variable : args.values("env")) process.env.push_back(variable);
  if (args.has("user")) {
    process.user.gid = 0;
    process.user.additional_gids.clear();
    if (!ParseUser(args.value("user"), process.user)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--user: expected UID[:GID], not '", args.value("user"), "'"));
    }
  }
  for (const std::string& text : args.values("additional-gids")) {
    uint32_t gid = 0;
    if (!absl::SimpleAtoi(text, &gid)) {
      return absl::InvalidArgumentError("--additional-gids: expected a group's number");
    }
    process.user.additional_gids.push_back(gid);
  }
  if (args.has("no-new-privs")) process.no_new_privileges = true;
  if (args.has("apparmor")) process.apparmor_profile = args.value("apparmor");
  if (args.has("process-label")) process.selinux_label = args.value("process-label");
  for (const std::string& name : args.values("cap")) {
    if (!process.capabilities) process.capabilities.emplace();
    oci::Capabilities& sets = *process.capabilities;
    for (oci::Texts* set : {&sets.bounding, &sets.effective, &sets.permitted}) {
      set->push_back(name);
    }
  }
  return process;
}

int Exec(OciContext& context, const Arguments& args) {
  const auto fail = [&](const absl::Status& status) {
    return OciFail(context, absl::StrCat("exec failed: ", status.message()), kExecFailed);
  };
  oci::ExecOptions options;
  options.id = args.positionals()[0];
  absl::StatusOr<oci::Process> process = ProcessFrom(context, args);
  if (!process.ok()) return fail(process.status());
  options.process = *std::move(process);
  if (args.has("tty")) options.process.terminal = true;
  options.pid_file = args.value("pid-file");
  options.console_socket = args.value("console-socket");
  options.pidfd_socket = args.value("pidfd-socket");
  options.cgroups = args.values("cgroup");
  options.preserved = ParseCount(args.value("preserve-fds", "0"));
  if (options.preserved < 0) {
    return fail(absl::InvalidArgumentError("--preserve-fds: expected a number of descriptors"));
  }
  options.ignore_paused = args.has("ignore-paused");
  const bool detached = args.has("detach");
  options.keeps_terminal = !detached && options.console_socket.empty();
  if (options.keeps_terminal) {
    std::tie(options.rows, options.columns) = TerminalSize(STDOUT_FILENO, STDIN_FILENO);
  }
  absl::StatusOr<oci::Running> running = context.runtime.Exec(options);
  if (!running.ok()) return fail(running.status());
  if (detached) return kDone;
  const absl::StatusOr<int> code = Attend(*running);
  return code.ok() ? *code : fail(code.status());
}

}  // namespace

std::vector<OciRow> OciExecRows() {
  constexpr size_t kAnyNumber = 1 << 20;
  return {
      {"exec",
       "[FLAGS] ID COMMAND [ARG...]",
       "Run another program in a container.",
       {{"process", 'p', "FILE", "the process as JSON; instead of a command"},
        {"tty", 't', "", "a terminal for it"},
        {"cwd", 0, "DIR", "the working directory"},
        {"env", 'e', "KEY=VALUE", "set a variable"},
        {"user", 'u', "UID[:GID]", "who it is"},
        {"additional-gids", 'g', "GID", "a supplementary group"},
        {"cap", 'c', "NAME", "a capability beside the container's"},
        {"no-new-privs", 0, "", "no new privileges"},
        {"apparmor", 0, "PROFILE", "its AppArmor profile"},
        {"process-label", 0, "LABEL", "its SELinux label"},
        {"detach", 'd', "", "do not wait for its end"},
        {"pid-file", 0, "FILE", "its pid is written there"},
        {"console-socket", 0, "PATH", "a socket that is given the master of the terminal"},
        {"pidfd-socket", 0, "PATH", "a socket that is given a pidfd of the process"},
        {"preserve-fds", 0, "N", "descriptors 3 to N+2 are the program's too"},
        {"cgroup", 0, "PATH", "a cgroup below the container's; CONTROLLERS:PATH for some of v1"},
        {"ignore-paused", 0, "", "also in a paused container"}},
       1,
       kAnyNumber,
       true,
       Exec,
       /*launches=*/true}};
}

}  // namespace pelagos::cli
