#include "pelagos/cli/engine/attach.h"

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"
#include "pelagos/cli/engine/attach_client.h"
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/container/attachments.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/tell.h"

namespace pelagos::cli {
namespace {

using container::Found;
using container::Kind;

std::string WhyNot(const Found& found) {
  const std::string name = absl::StrCat("attach: container '", found.name, "' ");
  switch (found.kind) {
    case Kind::kForeground:
      return absl::StrCat(name, "is attached to the command that runs it in the foreground");
    case Kind::kService:
      return absl::StrCat(name, "is a service: its output is in 'pelagos compose logs ",
                          found.service, "'");
    case Kind::kKept:
      break;
  }
  if (found.status == container::Status::kPaused) {
    return absl::StrCat(name, "is paused; 'pelagos unpause ", found.name, "' lets it go on");
  }
  if (found.running() || found.status == container::Status::kRestarting) return "";
  return absl::StrCat(name, "is not running: it is ", container::NameOf(found.status),
                      "; 'pelagos start --attach ", found.name, "' starts it");
}

int RunAttach(const Context& context, const Arguments& args) {
  if (absl::Status opened = OpenMissingStreams(); !opened.ok()) return Fail(opened);
  if (args.positionals().size() != 1) {
    return Fail("attach: expected the name of one container", kUsage);
  }
  const auto keys = ParseDetachKeys(args.value("detach-keys", kDefaultDetachKeys));
  if (!keys.ok()) return Fail(absl::StrCat("attach: ", keys.status().message()), kUsage);
  const std::string& name = args.positionals()[0];
  const auto found = InventoryOf(context).Find(name);
  if (!found.ok()) return Fail(found.status());
  if (const std::string why = WhyNot(*found); !why.empty()) return Fail(why);
  const ContainerSpec& spec = found->record.spec;
  AttachOptions options;
  options.terminal = spec.terminal;
  options.pass_signals_on = !args.denied("sig-proxy");
  options.detach_keys = *keys;
  options.redraw = true;
  if (args.has("no-stdin") || !spec.lifecycle.open_stdin) options.in = -1;
  if (options.terminal && options.in >= 0 && ::isatty(STDIN_FILENO) == 0) {
    return Fail(absl::StrCat("attach: container '", found->name,
                             "' has a terminal, and our standard input is none; --no-stdin only "
                             "shows what it says"));
  }
  const auto monitor = container::ConnectAttached(context.roots, found->id);
  if (!monitor.ok()) return Fail(monitor.status());
  container::Tell(context.roots, found->record, store::EventAction::kAttach);
  const absl::StatusOr<AttachEnd> end = Attach(*monitor, options);
  if (!end.ok()) return Fail(end.status());
  if (end->reason == AttachEnd::Reason::kDetached) {
    container::Tell(context.roots, found->record, store::EventAction::kDetach);
  }
  if (end->reason == AttachEnd::Reason::kLost) {
    return Fail(absl::StrCat("attach: container '", found->name,
                             "' is lost: its monitor was killed, and it ended with it"));
  }
  return end->code;
}

}  // namespace

Command AttachCommandRow() {
  return {.name = "attach",
          .usage = "[FLAGS] CONTAINER",
          .summary = "See and type what a running container's program does; its exit code is ours.",
          .example = "pelagos attach web",
          .flags = {{"no-stdin", 0, "", "nothing of ours goes in"},
                    {"sig-proxy", 0, "", "pass signals on (default); =false: they end us alone"},
                    {"detach-keys", 0, "KEYS",
                     "leave the terminal, and the container running (default: ctrl-p,ctrl-q)"}},
          .options_first = true,
          .run = RunAttach};
}

}  // namespace pelagos::cli
