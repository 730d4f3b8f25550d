// pelagos-proxy [--udp-idle SECONDS]: passes on what comes to published ports, where the kernel
// cannot. Started by StartProxy (start_proxy.h), which gives it the sockets (control.h), and ends
// with whoever holds the other end of its control socket.

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/proxy/control.h"
#include "pelagos/net/proxy/poller.h"
#include "pelagos/net/proxy/rights.h"
#include "pelagos/net/proxy/tcp_proxy.h"
#include "pelagos/net/proxy/udp_proxy.h"

namespace pelagos::net {
namespace {

constexpr size_t kMostConnections = 16384;
constexpr size_t kMostSessions = 4096;
constexpr size_t kSpare = 64;  // descriptors for everything else

struct Message {
  std::string words;
  Fd socket;
  bool cut = false;  // the socket found no room
};

absl::StatusOr<Message> Receive(const Fd& control) {
  Message message;
  message.words.resize(kMostProxyWords);
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int))] = {};
  iovec part = {message.words.data(), message.words.size()};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = bytes;
  header.msg_controllen = sizeof(bytes);
  ssize_t size = 0;
  do {
    size = ::recvmsg(control.get(), &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return ErrnoStatus(errno, "recvmsg");
  if (size == 0) return absl::CancelledError("whoever started it is gone");
  message.words.resize(static_cast<size_t>(size));
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    message.socket = Fd(fd);
  }
  message.cut = (header.msg_flags & MSG_CTRUNC) != 0;
  return message;
}

struct Order {
  Fd socket;
  bool tcp = false;
  SocketAddress target;
};

absl::StatusOr<Order> ParseOrder(Message message) {
  if (message.cut) {
    return absl::ResourceExhaustedError("too many sockets for this process (RLIMIT_NOFILE)");
  }
  const std::vector<std::string> words = absl::StrSplit(message.words, ' ');
  uint32_t port = 0;
  if (words.size() != 3 || (words[0] != "tcp" && words[0] != "udp") || !message.socket.valid() ||
      !absl::SimpleAtoi(words[2], &port) || port == 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("no order: '", message.words, "'"));
  }
  Order order{std::move(message.socket), words[0] == "tcp", {}};
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(order.socket.get(), SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    return ErrnoStatus(errno, "getsockopt", message.words);
  }
  if (type != (order.tcp ? SOCK_STREAM : SOCK_DGRAM)) {
    return absl::InvalidArgumentError(absl::StrCat("'", message.words, "': the socket is another"));
  }
  PELAGOS_ASSIGN_OR_RETURN(order.target, ParseSocketAddress(words[1], static_cast<uint16_t>(port)));
  return order;
}

// The end of the control socket: readable once nobody holds the other one.
class Control : public Poller::Handler {
 public:
  void OnEvents(uint32_t) override { ended = true; }
  bool ended = false;
};

class Proxy {
 public:
  static absl::Status Run(const Fd& control, absl::Duration udp_idle) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return ErrnoStatus(errno, "getrlimit");
    files.rlim_cur = files.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) return ErrnoStatus(errno, "setrlimit");
    absl::StatusOr<Poller> poller = Poller::Create();
    if (!poller.ok()) return Answer(control, poller.status());
    absl::StatusOr<std::vector<Order>> orders = ReceiveAll(control);
    if (!orders.ok()) return Answer(control, orders.status());

    const size_t taken = orders->size() + kSpare;
    const size_t room = files.rlim_max > taken ? files.rlim_max - taken : 0;
    const size_t connections =
        std::clamp<size_t>(room * 3 / 4 / TcpProxy::kDescriptorsEach, 1, kMostConnections);
    TcpProxy tcp(*poller, connections);
    UdpProxy udp(*poller, std::clamp<size_t>(room / 4, 1, kMostSessions), udp_idle);
    absl::Status status = tcp.Prepare();
    if (status.ok()) status = udp.Prepare();
    Control end;
    if (status.ok()) status = poller->Add(control, EPOLLIN | EPOLLRDHUP, end);
    for (Order& order : *orders) {
      if (!status.ok()) break;
      status = order.tcp ? tcp.Listen(std::move(order.socket), order.target)
                         : udp.Serve(std::move(order.socket), order.target);
    }
    if (status.ok()) status = GiveUpRights();
    PELAGOS_RETURN_IF_ERROR(Answer(control, status));
    while (status.ok() && !end.ended) status = poller->Step();
    return status;
  }

 private:
  static absl::StatusOr<std::vector<Order>> ReceiveAll(const Fd& control) {
    std::vector<Order> orders;
    absl::Status status;  // the first that is wrong; the rest is read all the same
    for (;;) {
      PELAGOS_ASSIGN_OR_RETURN(Message message, Receive(control));
      if (message.words == kProxyGo) break;
      if (!status.ok()) continue;
      absl::StatusOr<Order> order = ParseOrder(std::move(message));
      status = order.status();
      if (status.ok()) orders.push_back(*std::move(order));
    }
    PELAGOS_RETURN_IF_ERROR(status);
    return orders;
  }

  // Tells how it went. The value is what to go on with.
  static absl::Status Answer(const Fd& control, const absl::Status& status) {
    const std::string words = status.ok() ? std::string(kProxyOk) : std::string(status.message());
    const size_t size = std::min(words.size(), kMostProxyWords);
    if (::send(control.get(), words.data(), size, MSG_NOSIGNAL) < 0) {
      return ErrnoStatus(errno, "send");
    }
    return status;
  }
};

}  // namespace
}  // namespace pelagos::net

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  double idle = 0;
  const bool good = argc == 3 && absl::string_view(argv[1]) == "--udp-idle" &&
                    absl::SimpleAtod(argv[2], &idle) && idle > 0;
  if (!good) {
    std::fputs("usage: pelagos-proxy --udp-idle SECONDS (descriptor 3: its control socket)\n",
               stderr);
    return 2;
  }
  const pelagos::Fd control(pelagos::net::kProxyControlFd);
  const absl::Status status = pelagos::net::Proxy::Run(control, absl::Seconds(idle));
  if (status.ok()) return 0;
  std::fprintf(stderr, "pelagos-proxy: %s\n", std::string(status.message()).c_str());
  return 1;
}
