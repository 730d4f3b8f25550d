#include "pelagos/net/dns/server.h"

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
#include "pelagos/net/dns/mapped.h"
#include "pelagos/net/dns/sockets.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::net {
namespace {

constexpr int kBatchesAtOnce = 4;  // before other sockets get their turn

}  // namespace

DnsServer::DnsServer(sys::EventLoop& loop, const DnsServerOptions& options)
    : loop_(loop),
      folder_(options.folder),
      forwarder_(
          loop, options.resolv_conf,
          [this](const Forwarder::Asker& asker, absl::string_view message) {
            Send(asker, message);
          },
          [this](const sys::Ipv6& address) { return table_.IsGateway(address); }),
      tcp_(loop, [this](const Forwarder::Asker& asker, absl::string_view message) {
        bool dropped = false;
        const std::string answer = Answer(asker, message, dropped);
        if (!answer.empty()) tcp_.Reply(asker.connection, answer);
        return !dropped;
      }) {}

DnsServer::~DnsServer() {
  if (control_.valid()) loop_.Forget(control_.get());
  if (watch_) loop_.Forget(watch_->fd().get());
  for (const auto& [gateway, sockets] : gateways_) Close(gateway, sockets);
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
    absl::Status opened = OpenGateways();
    all_open_ = opened.ok();
    if (result.ok()) result = std::move(opened);
  }
  done_ = gateways_.empty() && result.ok();
  return result;
}

absl::Status DnsServer::OpenGateways() {
  absl::Status result;
  std::map<sys::Ipv6, Gateway> closing = std::move(gateways_);
  gateways_.clear();
  const auto need = [&](const sys::Ipv6& address) {
    if (gateways_.count(address) != 0) return;
    if (auto open = closing.extract(address)) {
      gateways_.insert(std::move(open));
      return;
    }
    absl::Status opened = Open(address);
    if (result.ok()) result = std::move(opened);
  };
  for (const auto& [name, network] : table_.networks()) {
    if (!network->head) continue;
    need(Mapped(network->head->gateway));
    if (network->head->gateway6) need(*network->head->gateway6);
  }
  for (const auto& [address, sockets] : closing) Close(address, sockets);
  return result;
}

absl::Status DnsServer::Open(const sys::Ipv6& gateway) {
  Gateway sockets;
  PELAGOS_ASSIGN_OR_RETURN(sockets.udp, OpenDnsSocket(gateway, SOCK_DGRAM));
  PELAGOS_ASSIGN_OR_RETURN(sockets.tcp, OpenDnsSocket(gateway, SOCK_STREAM));
  PELAGOS_RETURN_IF_ERROR(
      loop_.Watch(sockets.udp.get(), EPOLLIN, [this, gateway](uint32_t) { OnUdp(gateway); }));
  const auto on_tcp = [this, gateway](uint32_t) {
    tcp_.Accept(gateway, gateways_.at(gateway).tcp);
  };
  if (absl::Status status = loop_.Watch(sockets.tcp.get(), EPOLLIN, on_tcp); !status.ok()) {
    loop_.Forget(sockets.udp.get());
    return status;
  }
  gateways_.emplace(gateway, std::move(sockets));
  return absl::OkStatus();
}

void DnsServer::Close(const sys::Ipv6& gateway, const Gateway& sockets) {
  loop_.Forget(sockets.udp.get());
  loop_.Forget(sockets.tcp.get());
  tcp_.Leave(gateway);
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

void DnsServer::OnUdp(const sys::Ipv6& gateway) {
  const Fd& socket = gateways_.at(gateway).udp;
  const auto on_message = [&](const Peer& from, absl::string_view message) {
    bool dropped = false;
    return Answer({gateway, from.address, from.port, 0}, message, dropped);
  };
  for (int i = 0; i < kBatchesAtOnce; ++i) {
    if (!udp_.Serve(socket, on_message)) return;
  }
}

std::string DnsServer::Answer(const Forwarder::Asker& asker, absl::string_view message,
                              bool& dropped) {
  const DnsTransport transport = asker.connection == 0 ? DnsTransport::kUdp : DnsTransport::kTcp;
  DnsDecision decision = Decide(table_, asker.gateway, asker.address, transport, message, turn_++);
  dropped = decision.kind == DnsDecision::Kind::kDrop;
  if (decision.kind == DnsDecision::Kind::kForward) {
    forwarder_.Ask(asker, decision.upstream, decision.query, message);
  }
  return std::move(decision.reply);
}

void DnsServer::Send(const Forwarder::Asker& asker, absl::string_view message) {
  if (asker.connection != 0) return tcp_.Reply(asker.connection, message);
  const auto gateway = gateways_.find(asker.gateway);
  if (gateway == gateways_.end()) return;  // the network has gone since
  const SocketAddress to = SocketAddressOf({asker.address, asker.port});
  // UDP may lose an answer on any road; the asker asks again.
  (void)::sendto(gateway->second.udp.get(), message.data(), message.size(), MSG_NOSIGNAL, to.get(),
                 to.size);
}

}  // namespace pelagos::net
