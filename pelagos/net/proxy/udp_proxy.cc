#include "pelagos/net/proxy/udp_proxy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::net {
namespace {

constexpr size_t kMostBytes = 65536;  // of a datagram
constexpr int kRounds = 64;           // datagrams of one socket before the others' turn

absl::Duration Now() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

// A control message, as sendmsg(2) takes it.
template <typename Info>
std::string ControlMessage(int level, int type, const Info& info) {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(info))] = {};
  msghdr message = {};
  message.msg_control = bytes;
  message.msg_controllen = sizeof(bytes);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(header), &info, sizeof(info));
  return std::string(bytes, sizeof(bytes));
}

// The control message that makes an answer leave from the address that the datagram came to.
std::string AnswerFrom(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof(info));
      info.ipi_ifindex = 0;  // the routes say where to
      info.ipi_addr = {};
      return ControlMessage(IPPROTO_IP, IP_PKTINFO, info);
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof(info));
      if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) info.ipi6_addr = in6addr_any;
      if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
      return ControlMessage(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  return "";
}

}  // namespace

struct UdpProxy::Listener : Poller::Handler {
  Listener(UdpProxy& owner, Fd socket, const SocketAddress& to, size_t number)
      : proxy(owner), fd(std::move(socket)), target(to), index(number) {}
  void OnEvents(uint32_t) override { proxy.FromClients(*this); }
  UdpProxy& proxy;
  Fd fd;
  SocketAddress target;
  size_t index;
};

struct UdpProxy::Session : Poller::Handler {
  explicit Session(Listener& socket) : listener(socket) {}
  void OnEvents(uint32_t) override {
    if (fd.valid()) listener.proxy.FromTarget(*this);
  }
  Listener& listener;
  Fd fd;
  SocketAddress client;
  std::string local;  // control message for answers
  std::string key;
  absl::Duration last;
  std::list<std::unique_ptr<Session>>::iterator place;
};

UdpProxy::UdpProxy(Poller& poller, size_t most, absl::Duration idle)
    : poller_(poller),
      most_(most),
      idle_(idle),
      timer_(poller, [this] { Expire(); }),
      buffer_(kMostBytes) {}
UdpProxy::~UdpProxy() = default;

absl::Status UdpProxy::Prepare() { return timer_.Prepare(); }

absl::Status UdpProxy::Serve(Fd socket, const SocketAddress& target) {
  if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
  int family = 0;
  socklen_t size = sizeof(family);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    return ErrnoStatus(errno, "getsockopt");
  }
  const int on = 1;
  const int result =
      family == AF_INET6
          ? ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on))
          : ::setsockopt(socket.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
  if (result != 0) return ErrnoStatus(errno, "setsockopt");
  listeners_.push_back(
      std::make_unique<Listener>(*this, std::move(socket), target, listeners_.size()));
  return poller_.Add(listeners_.back()->fd, EPOLLIN, *listeners_.back());
}

void UdpProxy::FromClients(Listener& listener) {
  for (int i = 0; i < kRounds; ++i) {
    SocketAddress client;
    alignas(cmsghdr) char control[256];
    iovec part = {buffer_.data(), buffer_.size()};
    msghdr message = {};
    message.msg_name = client.get();
    message.msg_namelen = client.size;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t size = ::recvmsg(listener.fd.get(), &message, MSG_DONTWAIT);
    if (size < 0) return;
    client.size = message.msg_namelen;
    Session* session = FindSession(listener, client, AnswerFrom(message));
    if (session == nullptr) continue;
    Touch(*session);
    // An error is one of the datagram before (ECONNREFUSED) and cleared by that.
    if (::send(session->fd.get(), buffer_.data(), static_cast<size_t>(size), MSG_DONTWAIT) < 0 &&
        errno == ECONNREFUSED) {
      (void)::send(session->fd.get(), buffer_.data(), static_cast<size_t>(size), MSG_DONTWAIT);
    }
  }
}

void UdpProxy::FromTarget(Session& session) {
  for (int i = 0; i < kRounds; ++i) {
    const ssize_t size = ::recv(session.fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0) return;
    Touch(session);
    iovec part = {buffer_.data(), static_cast<size_t>(size)};
    msghdr message = {};
    message.msg_name = session.client.get();
    message.msg_namelen = session.client.size;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = session.local.empty() ? nullptr : session.local.data();
    message.msg_controllen = session.local.size();
    (void)::sendmsg(session.listener.fd.get(), &message, MSG_DONTWAIT);
  }
}

UdpProxy::Session* UdpProxy::FindSession(Listener& listener, const SocketAddress& client,
                                         std::string local) {
  std::string key =
      absl::StrCat(listener.index, " ", local,
                   absl::string_view(reinterpret_cast<const char*>(&client.storage), client.size));
  if (const auto found = by_client_.find(key); found != by_client_.end()) return found->second;

  Fd fd(::socket(listener.target.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), listener.target.get(), listener.target.size) != 0) {
    return nullptr;
  }
  if (sessions_.size() >= most_) End(*sessions_.front());
  auto session = std::make_unique<Session>(listener);
  session->fd = std::move(fd);
  session->client = client;
  session->local = std::move(local);
  session->key = key;
  if (!poller_.Add(session->fd, EPOLLIN, *session).ok()) return nullptr;
  sessions_.push_back(std::move(session));
  Session& made = *sessions_.back();
  made.place = std::prev(sessions_.end());
  by_client_.emplace(std::move(key), &made);
  return &made;
}

void UdpProxy::Touch(Session& session) {
  session.last = Now();
  sessions_.splice(sessions_.end(), sessions_, session.place);
  if (!std::exchange(armed_, true)) timer_.Arm(idle_);
}

void UdpProxy::Expire() {
  const absl::Duration now = Now();
  while (!sessions_.empty() && sessions_.front()->last + idle_ <= now) End(*sessions_.front());
  armed_ = !sessions_.empty();
  if (armed_) timer_.Arm(sessions_.front()->last + idle_ - now);
}

void UdpProxy::End(Session& session) {
  session.fd.reset();
  by_client_.erase(session.key);
  const auto place = session.place;
  poller_.Retire(std::move(*place));
  sessions_.erase(place);
}

}  // namespace pelagos::net
