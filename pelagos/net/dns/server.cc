#include "pelagos/net/dns/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
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
constexpr size_t kMaxZoneFile = 64 << 20;
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
  for (const Fd* fd : {&control_, &inotify_}) {
    if (fd->valid()) loop_.Forget(fd->get());
  }
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
  PELAGOS_RETURN_IF_ERROR(server->WatchFolder());
  PELAGOS_RETURN_IF_ERROR(server->Reload());
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

absl::Status DnsServer::WatchFolder() {
  inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_.valid()) return ErrnoStatus(errno, "inotify_init1");
  constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                               IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(inotify_.get(), folder_.c_str(), kEvents) < 0) {
    return ErrnoStatus(errno, "inotify_add_watch", folder_);
  }
  return loop_.Watch(inotify_.get(), EPOLLIN, [this](uint32_t) { OnFolder(); });
}

void DnsServer::OnFolder() {
  alignas(inotify_event) char buffer[16384];
  bool changed = false;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      const absl::string_view name = event->len == 0 ? "" : event->name;
      changed |= event->len == 0 || absl::EndsWith(name, kZoneFileEnding);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  // Who made the change asks through `control` whether it went well; nobody listens here.
  if (changed) (void)Reload();
}

absl::Status DnsServer::Reload() {
  absl::Status result;
  std::vector<Zone> zones;
  absl::StatusOr<std::vector<std::string>> files = sys::ListFolder(folder_);
  if (!files.ok()) {
    done_ = true;
    return files.status();
  }
  for (const std::string& file : *files) {
    if (!absl::EndsWith(file, kZoneFileEnding)) continue;
    const std::string path = absl::StrCat(folder_, "/", file);
    absl::StatusOr<std::string> text = sys::ReadFile(path, kMaxZoneFile);
    if (!text.ok() && FindErrno(text.status()) == ENOENT) continue;  // gone in the meantime
    absl::StatusOr<Zone> zone = text.ok() ? ParseZone(*text) : text.status();
    if (zone.ok()) {
      zones.push_back(*std::move(zone));
    } else if (result.ok()) {
      result = internal::WithContext(zone.status(), path);
    }
  }
  table_ = ZoneTable(std::move(zones));
  std::map<sys::Ipv4, Fd> closing = std::move(sockets_);
  sockets_.clear();
  for (const Zone& zone : table_.zones()) {
    if (auto open = closing.extract(zone.gateway)) {
      sockets_.insert(std::move(open));
      continue;
    }
    absl::Status opened = Open(zone.gateway);
    if (result.ok()) result = std::move(opened);
  }
  for (const auto& [gateway, fd] : closing) loop_.Forget(fd.get());
  done_ = table_.zones().empty() && result.ok();
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
    const DnsDecision decision = Decide(table_, gateway, asker.address, message, turn_++);
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
