#include "pelagos/launch/listener.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

constexpr char kOciVersion[] = "1.1.0";

std::string ContainerProcessState(const LaunchPlan& plan, const InstallSeccomp& op, pid_t pid) {
  const std::string folder = !plan.bundle.empty()   ? plan.bundle
                             : plan.folders.empty() ? "/"
                                                    : sys::FolderOf(plan.folders[0]);
  nlohmann::ordered_json state = {{"ociVersion", kOciVersion},
                                  {"fds", {"seccompFd"}},
                                  {"pid", pid},
                                  {"metadata", op.listener_metadata},
                                  {"state",
                                   {{"ociVersion", kOciVersion},
                                    {"id", plan.id},
                                    {"status", "creating"},
                                    {"pid", pid},
                                    {"bundle", folder}}}};
  if (!plan.annotations.empty()) state["state"]["annotations"] = plan.annotations;
  return state.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

absl::StatusOr<Fd> Connect(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ErrnoStatus(ENAMETOOLONG, "connect", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const sys::Result made = sys::Call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!made.ok()) return ErrnoStatus(made.err, "socket");
  Fd socket(static_cast<int>(made.value));
  const sys::Result connected =
      sys::Call(SYS_connect, socket.get(), &address, static_cast<socklen_t>(sizeof(address)));
  if (!connected.ok()) return ErrnoStatus(connected.err, "connect", path);
  return socket;
}

// The descriptor travels with the first byte.
absl::Status Send(const Fd& socket, const std::string& text, int fd) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part = {const_cast<char*>(text.data()), text.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(int));
  while (part.iov_len > 0) {
    const sys::Result sent = sys::Call(SYS_sendmsg, socket.get(), &message, MSG_NOSIGNAL);
    if (!sent.ok()) return ErrnoStatus(sent.err, "sendmsg");
    part.iov_base = static_cast<char*>(part.iov_base) + sent.value;
    part.iov_len -= static_cast<size_t>(sent.value);
    message.msg_control = nullptr;
    message.msg_controllen = 0;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status HandOverListener(const LaunchPlan& plan, const InstallSeccomp& op, pid_t pid,
                              const Fd& pidfd, int number) {
  const sys::Result taken = sys::Call(SYS_pidfd_getfd, pidfd.get(), number, 0);
  if (!taken.ok()) return ErrnoStatus(taken.err, "pidfd_getfd", "the listener of seccomp");
  const Fd listener(static_cast<int>(taken.value));
  const std::string context = absl::StrCat("listener of seccomp at '", op.listener_path, "'");
  PELAGOS_ASSIGN_OR_RETURN(const Fd socket, Connect(op.listener_path), context);
  PELAGOS_RETURN_IF_ERROR(Send(socket, ContainerProcessState(plan, op, pid), listener.get()),
                          context);
  return absl::OkStatus();
}

}  // namespace pelagos::launch
