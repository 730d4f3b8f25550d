// pelagos-dns --config-dir DIR [--resolv-conf FILE] [--ready-fd N]: the name server of a run root's
// networks. Started by Networks (networks.h) on demand, ends by itself.
//
// --ready-fd gets "ok\n" when it listens, or else one line that says why not, and is closed.

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/dns/control.h"
#include "pelagos/net/dns/server.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace {

using pelagos::ErrnoStatus;
using pelagos::Fd;

// It reads what strangers send: all that it may still do is to listen on port 53.
absl::Status DropPrivileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "prctl");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  pelagos::sys::Result result = pelagos::sys::Call(SYS_capget, &header, held);
  if (!result.ok()) return ErrnoStatus(result.err, "capget");
  const uint32_t wanted = held[0].permitted & (1u << CAP_NET_BIND_SERVICE);
  __user_cap_data_struct kept[2] = {{wanted, wanted, 0}, {0, 0, 0}};
  result = pelagos::sys::Call(SYS_capset, &header, kept);
  if (!result.ok()) return ErrnoStatus(result.err, "capset");
  return absl::OkStatus();
}

absl::Status Run(const pelagos::net::DnsServerOptions& options, Fd ready) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return ErrnoStatus(errno, "getrlimit");
  files.rlim_cur = files.rlim_max;  // a socket for each network and question
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) return ErrnoStatus(errno, "setrlimit");

  PELAGOS_ASSIGN_OR_RETURN(pelagos::sys::EventLoop loop, pelagos::sys::EventLoop::Create());
  bool stop = false;
  PELAGOS_RETURN_IF_ERROR(loop.WatchSignals({SIGTERM, SIGINT}, [&](int) { stop = true; }));
  absl::StatusOr<std::unique_ptr<pelagos::net::DnsServer>> server =
      pelagos::net::DnsServer::Create(loop, options);
  absl::Status status = server.status();
  if (status.ok()) status = DropPrivileges();
  if (ready.valid()) {
    const std::string answer =
        status.ok() ? std::string(pelagos::net::kControlOk) : absl::StrCat(status.message(), "\n");
    PELAGOS_RETURN_IF_ERROR(pelagos::sys::WriteAll(ready, answer, "--ready-fd"));
    ready.reset();
  }
  PELAGOS_RETURN_IF_ERROR(status);
  return loop.RunUntil([&] { return stop || (*server)->done(); });
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  pelagos::net::DnsServerOptions options;
  Fd ready;
  bool good = argc % 2 == 1;
  for (int i = 1; good && i < argc; i += 2) {
    const absl::string_view name = argv[i];
    int number = 0;
    if (name == "--config-dir") {
      options.folder = argv[i + 1];
    } else if (name == "--resolv-conf") {
      options.resolv_conf = argv[i + 1];
    } else if (name == "--ready-fd" && absl::SimpleAtoi(argv[i + 1], &number) && number > 2) {
      ready = Fd(number);
    } else {
      good = false;
    }
  }
  if (!good || options.folder.empty()) {
    std::fputs("usage: pelagos-dns --config-dir DIR [--resolv-conf FILE] [--ready-fd N]\n", stderr);
    return 2;
  }
  const absl::Status status = Run(options, std::move(ready));
  if (status.ok()) return 0;
  std::fprintf(stderr, "pelagos-dns: %s\n", std::string(status.message()).c_str());
  return 1;
}
