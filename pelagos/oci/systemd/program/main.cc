// pelagos-systemd: asks systemd for the cgroups of containers. Started by pelagos, which is a
// static program; libsystemd there is only as a shared library.
//
// Standard input is the socket of messages.h. It ends when that is closed.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "pelagos/base/status_macros.h"
#include "pelagos/oci/systemd/messages.h"
#include "pelagos/oci/systemd/program/manager.h"

namespace pelagos::oci {
namespace {

absl::StatusOr<SystemdReply> Answer(const SystemdRequest& request,
                                    std::optional<Manager>& manager) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(request.patience_millis);
  if (!manager) {
    PELAGOS_ASSIGN_OR_RETURN(Manager opened, Manager::Open(request.user, deadline));
    manager.emplace(std::move(opened));
  }
  manager->set_deadline(deadline);
  SystemdReply reply;
  switch (request.ask) {
    case SystemdAsk::kLook: {
      PELAGOS_ASSIGN_OR_RETURN(reply.cgroup, manager->ControlGroup());
      PELAGOS_ASSIGN_OR_RETURN(reply.version, manager->Version());
      break;
    }
    case SystemdAsk::kStart: {
      PELAGOS_ASSIGN_OR_RETURN(reply.cgroup,
                               manager->StartUnit(request.unit, request.properties, request.pids));
      break;
    }
    case SystemdAsk::kSet:
      PELAGOS_RETURN_IF_ERROR(manager->SetProperties(request.unit, request.properties));
      break;
    case SystemdAsk::kAttach:
      PELAGOS_RETURN_IF_ERROR(manager->Attach(request.unit, request.below, request.pids));
      break;
    case SystemdAsk::kStop:
      PELAGOS_RETURN_IF_ERROR(manager->StopUnit(request.unit));
      break;
  }
  return reply;
}

// 0: the end, as it should be.
int Serve() {
  std::optional<Manager> manager;
  std::string text(size_t{1} << 20, '\0');
  for (;;) {
    const ssize_t size = ::recv(STDIN_FILENO, text.data(), text.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size == 0 ? 0 : 1;
    SystemdReply reply;
    const auto request = ParseRequest({text.data(), static_cast<size_t>(size)});
    const auto answer =
        request.ok() ? Answer(*request, manager) : absl::StatusOr<SystemdReply>(request.status());
    if (answer.ok()) {
      reply = *answer;
    } else {
      reply.error = std::string(answer.status().message());
      reply.unit_is_others = absl::IsAlreadyExists(answer.status());
    }
    const std::string written = PrintReply(reply);
    if (::send(STDIN_FILENO, written.data(), written.size(), MSG_NOSIGNAL) < 0) return 1;
  }
}

}  // namespace
}  // namespace pelagos::oci

int main(int argc, char**) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (argc != 1 || ::getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      type != SOCK_SEQPACKET) {
    std::cerr << "pelagos-systemd is started by pelagos; see 'pelagos oci --help'\n";
    return 2;
  }
  return pelagos::oci::Serve();
}
