#include "pelagos/net/dns/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/dns/answer.h"
#include "pelagos/net/dns/control.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::net {
namespace {

constexpr uint16_t kDnsPort = 53;
constexpr int kQueriesAtOnce = 64;  // before other sockets get their turn

sockaddr_in SocketAddress(sys::Ipv4 address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(address.bits);
  return result;
}

}  // namespace

DnsServer::DnsServer(sys::EventLoop& loop, const DnsServerOptions& options)
    : loop_(loop),
      folder_(options.folder),
      forwarder_(loop, options.resolv_conf,
                 [this](const Forwarder::Asker& asker, absl::string_view message) {
                   Send(asker, message);
                 }) {}

DnsServer::~DnsServer() {
  if (control_.valid()) loop_.Forget(control_.get());
  if (watch_) loop_.Forget(watch_->fd().get());
  for (const auto& [gateway, fd] : sockets_) loop_.Forget(fd.get());
}

absl::StatusOr<std::unique_ptr<DnsServer>> DnsServer::Create(sys::EventLoop& loop,
                                                             const DnsServerOptions& options) {
  std::unique_ptr<DnsServer> server(new DnsServer(loop, options));
  PELAGOS_ASSIGN_OR_RETURN(
      server->lock_,
      sys::LockFile(absl::StrCat(options.folder, "/", kDaemonLock), sys::LockMode::kWait));
  PELAGOS_ASSIGN_OR_RETURN(uint64_t start_time, sys::StartTime(::getpid()));
  const std::string identity = absl::StrCat(::getpid(), " ", start_time, "\n");
  if (::ftruncate(server->lock_.get(), 0) != 0) return ErrnoStatus(errno, "ftruncate");
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(server->lock_, identity, kDaemonLock));
  PELAGOS_ASSIGN_OR_RETURN(ZoneWatch watch, ZoneWatch::Create(server->folder_, server->table_));
  server->watch_.emplace(std::move(watch));
  PELAGOS_RETURN_IF_ERROR(server->Reload());
  // Who made a change asks through `control` whether it went well; nobody listens here.
  PELAGOS_RETURN_IF_ERROR(loop.Watch(server->watch_->fd().get(), EPOLLIN,
                                     [self = server.get()](uint32_t) { (void)self->Reload(); }));
  PELAGOS_RETURN_IF_ERROR(server->Listen());
  return server;
}

absl::Status DnsServer::Listen() {
  const std::string path = absl::StrCat(folder_, "/", kControl);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, "unlink", path);
  control_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!control_.valid()) return ErrnoStatus(errno, "socket", "unix");
  PELAGOS_ASSIGN_OR_RETURN(ControlAddress address, ControlAddress::In(folder_));
  if (::bind(control_.get(), address.get(), address.size()) != 0) {
    return ErrnoStatus(errno, "bind", path);
  }
  if (::listen(control_.get(), 64) != 0) return ErrnoStatus(errno, "listen", path);
  return loop_.Watch(control_.get(), EPOLLIN, [this](uint32_t) { OnControl(); });
}

absl::Status DnsServer::Reload() {
  absl::StatusOr<bool> heads_changed = watch_->Update();
  if (!heads_changed.ok()) {
    done_ = true;
    return heads_changed.status();
  }
  absl::Status result = watch_->status();
  if (*heads_changed || !all_open_) {
    absl::Status opened = OpenSockets();
    all_open_ = opened.ok();
    if (result.ok()) result = std::move(opened);
  }
  done_ = sockets_.empty() && result.ok();
  return result;
}

absl::Status DnsServer::OpenSockets() {
  absl::Status result;
  std::map<sys::Ipv4, Fd> closing = std::move(sockets_);
  sockets_.clear();
  for (const auto& [name, network] : table_.networks()) {
    if (!network->head) continue;
    const sys::Ipv4 gateway = network->head->gateway;
    if (auto open = closing.extract(gateway)) {
      sockets_.insert(std::move(open));
      continue;
    }
    absl::Status opened = Open(gateway);
    if (result.ok()) result = std::move(opened);
  }
  for (const auto& [gateway, fd] : closing) loop_.Forget(fd.get());
  return result;
}

absl::Status DnsServer::Open(sys::Ipv4 gateway) {
  if (sockets_.count(gateway) != 0) return absl::OkStatus();
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket", "udp");
  // One network whose bridge somebody deleted must not silence the others.
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) != 0) {
    return ErrnoStatus(errno, "setsockopt", "IP_FREEBIND");
  }
  const sockaddr_in at = SocketAddress(gateway, kDnsPort);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0) {
    const int error = errno;
    absl::Status status = ErrnoStatus(error, "bind", absl::StrCat(sys::ToString(gateway), ":53"));
    if (error != EADDRINUSE) return status;
    return absl::Status(status.code(), absl::StrCat(status.message(),
                                                    " (another DNS server listens on all addresses "
                                                    "of this host; let it leave out this one)"));
  }
  const int number = fd.get();
  PELAGOS_RETURN_IF_ERROR(loop_.Watch(
      number, EPOLLIN, [this, gateway, number](uint32_t) { OnQuery(gateway, number); }));
  sockets_.emplace(gateway, std::move(fd));
  return absl::OkStatus();
}

void DnsServer::OnControl() {
  const Fd client(::accept4(control_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client.valid()) return;
  const absl::Status status = Reload();
  const std::string answer =
      status.ok() ? std::string(kControlOk) : absl::StrCat(status.message(), "\n");
  // A client that does not wait for it does not want it.
  (void)::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
}

void DnsServer::OnQuery(sys::Ipv4 gateway, int fd) {
  char buffer[4096];
  for (int i = 0; i < kQueriesAtOnce; ++i) {
    sockaddr_in from{};
    socklen_t from_size = sizeof(from);
    const ssize_t size = ::recvfrom(fd, buffer, sizeof(buffer), MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (static_cast<size_t>(size) > sizeof(buffer) || from.sin_family != AF_INET) continue;
    const Forwarder::Asker asker{gateway, {ntohl(from.sin_addr.s_addr)}, ntohs(from.sin_port)};
    const absl::string_view message(buffer, static_cast<size_t>(size));
    const DnsDecision decision =
        Decide(table_, Mapped(gateway), Mapped(asker.address), message, turn_++);
    if (decision.kind == DnsDecision::Kind::kReply) Send(asker, decision.reply);
    if (decision.kind == DnsDecision::Kind::kForward) {
      forwarder_.Ask(asker, decision.query, message);
    }
  }
}

void DnsServer::Send(const Forwarder::Asker& asker, absl::string_view message) {
  const auto socket = sockets_.find(asker.gateway);
  if (socket == sockets_.end()) return;  // the network has gone since
  const sockaddr_in to = SocketAddress(asker.address, asker.port);
  // UDP may lose an answer on any road; the asker asks again.
  (void)::sendto(socket->second.get(), message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

}  // namespace pelagos::net
