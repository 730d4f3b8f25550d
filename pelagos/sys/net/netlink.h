// A netlink socket: sends a batch of messages and says which of them failed and why, in the
// kernel's own words where it gives some (extended acknowledgements).
//
// Source: netlink(7); include/uapi/linux/netlink.h, NLMSGERR_ATTR_MSG.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/net/netlink_message.h"

namespace pelagos::sys {

// Does `work` in the network namespace `netns` (an open nsfs file): the calling thread goes there
// and comes back. Its /proc/sys/net is then that namespace's. Needs CAP_SYS_ADMIN. Internal if it
// could not come back: then the thread must not go on.
absl::Status InNetworkNamespace(const Fd& netns, const std::function<absl::Status()>& work);

// An answer of the kernel: its type, and what follows the nlmsghdr.
struct NetlinkReply {
  uint16_t type = 0;
  std::string payload;
};

// Moves only. Not for use by two threads at once.
class [[nodiscard]] NetlinkSocket {
 public:
  // `protocol` is NETLINK_ROUTE or NETLINK_NETFILTER. The socket belongs to the network namespace
  // of the calling thread for ever, wherever it is used from.
  static absl::StatusOr<NetlinkSocket> Open(int protocol);

  // The same in the network namespace `netns`. Errors as InNetworkNamespace's.
  static absl::StatusOr<NetlinkSocket> OpenIn(int protocol, const Fd& netns);

  // Sends all messages at once. The kernel takes them in order; the first that fails is reported
  // under its label. Messages of rtnetlink are independent of each other: those behind a failed
  // one are done all the same. Those of nfnetlink are one transaction.
  // Requires: the last message wants an acknowledgement, see MessageBatch::Acknowledge.
  absl::Status Execute(const MessageBatch& batch);

  // Sends one message with NLM_F_DUMP, or one that is answered by a single object, and collects
  // the answers. A dump that the kernel calls inconsistent is repeated.
  absl::StatusOr<std::vector<NetlinkReply>> Ask(const MessageBatch& batch);

 private:
  explicit NetlinkSocket(Fd fd) : fd_(std::move(fd)) {}

  absl::Status Send(const MessageBatch& batch, uint32_t sequence);
  absl::StatusOr<std::string> Receive();

  Fd fd_;
  uint32_t sequence_ = 1;
};

}  // namespace pelagos::sys
