#include "pelagos/sys/net/netlink.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::sys {
namespace {

// Calls `visit(header, payload)` for each message of a datagram until it returns false.
template <typename Visit>
void ForEachMessage(absl::string_view bytes, Visit visit) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > bytes.size()) return;
    if (!visit(header, bytes.substr(sizeof(header), header.nlmsg_len - sizeof(header)))) return;
    bytes.remove_prefix(std::min<size_t>(bytes.size(), NLMSG_ALIGN(size_t{header.nlmsg_len})));
  }
}

// What an NLMSG_ERROR (or the end of a dump, which has no request behind the number) says.
absl::Status ErrorOf(const nlmsghdr& header, absl::string_view payload, absl::string_view label) {
  int32_t error = 0;
  if (payload.size() < sizeof(error)) return absl::InternalError("netlink: short answer");
  std::memcpy(&error, payload.data(), sizeof(error));
  if (error == 0) return absl::OkStatus();
  absl::Status status = ErrnoStatus(-error, label);
  size_t attributes = sizeof(error);
  if (header.nlmsg_type == NLMSG_ERROR) {
    nlmsghdr request{};
    if (payload.size() < sizeof(nlmsgerr)) return status;
    std::memcpy(&request, payload.data() + sizeof(error), sizeof(request));
    attributes += (header.nlmsg_flags & NLM_F_CAPPED) != 0 ? sizeof(nlmsghdr)
                                                           : NLMSG_ALIGN(size_t{request.nlmsg_len});
  }
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || attributes > payload.size()) return status;
  auto text = AttributeReader::Find(payload.substr(attributes), NLMSGERR_ATTR_MSG);
  if (!text) return status;
  absl::Status worded(status.code(), absl::StrCat(status.message(), " (", text->AsString(), ")"));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& cord) { worded.SetPayload(url, cord); });
  return worded;
}

}  // namespace

absl::Status InNetworkNamespace(const Fd& netns, const std::function<absl::Status()>& work) {
  Fd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return ErrnoStatus(errno, "open", "/proc/thread-self/ns/net");
  if (::setns(netns.get(), CLONE_NEWNET) != 0) {
    return ErrnoStatus(errno, "setns", "network namespace of the container");
  }
  absl::Status done = work();
  if (::setns(home.get(), CLONE_NEWNET) != 0) {
    return absl::InternalError(
        absl::StrCat("setns: cannot return to the network namespace: ", std::strerror(errno)));
  }
  return done;
}

absl::StatusOr<NetlinkSocket> NetlinkSocket::Open(int protocol) {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) return ErrnoStatus(errno, "socket", "netlink");
  const int on = 1;
  // Without these two the errors are only poorer, and the answers longer: older kernels lack them.
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  // Room for the errors of a big transaction, each of them an answer of its own.
  const int room = 8 << 20;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
  return NetlinkSocket(std::move(fd));
}

absl::StatusOr<NetlinkSocket> NetlinkSocket::OpenIn(int protocol, const Fd& netns) {
  absl::StatusOr<NetlinkSocket> socket = absl::InternalError("not opened");
  PELAGOS_RETURN_IF_ERROR(InNetworkNamespace(netns, [&] {
    socket = Open(protocol);
    return socket.status();
  }));
  return socket;
}

absl::Status NetlinkSocket::Send(const MessageBatch& batch, uint32_t sequence) {
  std::string bytes = batch.bytes();
  for (size_t at = 0; at < bytes.size();) {  // sequence numbers continue those of earlier batches
    nlmsghdr header;
    std::memcpy(&header, bytes.data() + at, sizeof(header));
    header.nlmsg_seq += sequence;
    std::memcpy(bytes.data() + at, &header, sizeof(header));
    at += NLMSG_ALIGN(size_t{header.nlmsg_len});
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    if (::sendto(fd_.get(), bytes.data(), bytes.size(), 0,
                 reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) >= 0) {
      return absl::OkStatus();
    }
    if (errno != EINTR) return ErrnoStatus(errno, "sendto", "netlink");
  }
}

absl::StatusOr<std::string> NetlinkSocket::Receive() {
  // The kernel answers requests within sendto(2) and dumps within recv(2): nothing to wait for.
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    std::string bytes(size < 0 ? 0 : static_cast<size_t>(size), '\0');
    const ssize_t got =
        size < 0 ? size : ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got >= 0) {
      bytes.resize(static_cast<size_t>(got));
      return bytes;
    }
    if (errno != EINTR) return ErrnoStatus(errno, "recv", "netlink");
  }
}

absl::Status NetlinkSocket::Execute(const MessageBatch& batch) {
  if (batch.empty()) return absl::OkStatus();
  const uint32_t first = sequence_;
  const uint32_t count = static_cast<uint32_t>(batch.labels().size());
  sequence_ += count;
  PELAGOS_RETURN_IF_ERROR(Send(batch, first), batch.labels()[0]);
  absl::Status result;
  bool answered = false;
  for (;;) {
    absl::StatusOr<std::string> bytes = Receive();
    if (!bytes.ok()) {
      if (FindErrno(bytes.status()) != EAGAIN) return bytes.status();
      if (answered || !result.ok()) return result;
      return absl::InternalError(
          absl::StrCat(batch.labels().back(), ": netlink gave no acknowledgement"));
    }
    ForEachMessage(*bytes, [&](const nlmsghdr& header, absl::string_view payload) {
      const uint32_t index = header.nlmsg_seq - first;
      if (header.nlmsg_type != NLMSG_ERROR || index >= count) return true;
      answered = true;
      absl::Status status = ErrorOf(header, payload, batch.labels()[index]);
      if (result.ok()) result = std::move(status);
      return true;
    });
  }
}

absl::StatusOr<std::vector<NetlinkReply>> NetlinkSocket::Ask(const MessageBatch& batch) {
  constexpr int kTries = 16;
  const std::string& label = batch.labels()[0];
  for (int tries = 0; tries < kTries; ++tries) {
    const uint32_t sequence = sequence_++;
    PELAGOS_RETURN_IF_ERROR(Send(batch, sequence), label);
    std::vector<NetlinkReply> replies;
    absl::Status result;
    bool inconsistent = false;
    for (bool more = true; more;) {
      absl::StatusOr<std::string> bytes = Receive();
      PELAGOS_RETURN_IF_ERROR(bytes.status(), label);
      ForEachMessage(*bytes, [&](const nlmsghdr& header, absl::string_view payload) {
        if (header.nlmsg_seq != sequence) return true;
        inconsistent |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
          result = ErrorOf(header, payload, label);
          more = false;
          return false;
        }
        replies.push_back({header.nlmsg_type, std::string(payload)});
        more = (header.nlmsg_flags & NLM_F_MULTI) != 0;
        return more;
      });
    }
    PELAGOS_RETURN_IF_ERROR(result);
    if (!inconsistent) return replies;
  }
  return absl::AbortedError(absl::StrCat(label, ": changed at every look"));
}

}  // namespace pelagos::sys
