#include "pelagos/cli/run_streams.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::cli {

std::vector<Flag> StreamFlags() {
  return {
      {"interactive", 'i', "", "our standard input is the container's"},
      {"tty", 't', "", "a terminal for the container"},
      {"attach", 'a', "STREAM", "only these are ours: stdin, stdout, stderr"},
  };
}

std::vector<Flag> DetachFlags() {
  return {
      {"detach", 'd', "", "print the container's id and leave it running"},
      {"detach-keys", 0, "KEYS", "what leaves a terminal (default: ctrl-p,ctrl-q)"},
      {"sig-proxy", 0, "", "pass signals on (default); =false: they end the run"},
  };
}

absl::StatusOr<AttachedStreams> AttachedFrom(const Arguments& args) {
  AttachedStreams attached;
  attached.in = args.has("interactive");
  if (!args.has("attach")) {
    if (args.has("detach")) attached = {false, false, false};
    return attached;
  }
  if (args.has("detach")) {
    return absl::InvalidArgumentError("--detach and --attach exclude each other");
  }
  attached.out = attached.err = false;
  for (const std::string& name : args.values("attach")) {
    bool* stream = absl::EqualsIgnoreCase(name, "stdin")    ? &attached.in
                   : absl::EqualsIgnoreCase(name, "stdout") ? &attached.out
                   : absl::EqualsIgnoreCase(name, "stderr") ? &attached.err
                                                            : nullptr;
    if (stream == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--attach '", name, "': expected stdin, stdout or stderr"));
    }
    *stream = true;
  }
  return attached;
}

absl::Status ApplyStreams(const Arguments& args, ContainerSpec& spec) {
  PELAGOS_ASSIGN_OR_RETURN(const AttachedStreams attached, AttachedFrom(args));
  spec.terminal = args.has("tty");
  // With --detach too: who attaches later can write then.
  spec.lifecycle.open_stdin = args.has("interactive") || attached.in;
  return absl::OkStatus();
}

}  // namespace pelagos::cli
