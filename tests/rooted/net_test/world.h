// A host of the tests' own: network namespaces for a host, for containers and for somebody outside,
// all of them in one thread, which visits them with setns(2). Traffic never leaves them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/networks.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"
#include "pelagos/sys/process.h"

namespace pelagos::net {

inline sys::Ipv4 Ip(absl::string_view text) { return sys::ParseIpv4(text).value(); }

inline Fd CurrentNetns() {
  Fd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(fd.valid()) << std::strerror(errno);
  return fd;
}

// Runs `work` in the network namespace.
template <typename Work>
auto In(const Fd& netns, Work work) {
  const Fd home = CurrentNetns();
  EXPECT_EQ(::setns(netns.get(), CLONE_NEWNET), 0) << std::strerror(errno);
  auto result = work();
  EXPECT_EQ(::setns(home.get(), CLONE_NEWNET), 0) << std::strerror(errno);
  return result;
}

// A new network namespace, gone with the Fd.
inline Fd NewNetns() {
  const Fd home = CurrentNetns();
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0) << std::strerror(errno);
  Fd fresh = CurrentNetns();
  EXPECT_EQ(::setns(home.get(), CLONE_NEWNET), 0) << std::strerror(errno);
  return fresh;
}

inline sys::Ipv6 Ip6(absl::string_view text) { return sys::ParseIpv6(text).value(); }

// Of either family.
inline sockaddr_storage At(const std::string& address, uint16_t port) {
  sockaddr_storage at{};
  if (absl::StrContains(address, ':')) {
    auto& at6 = reinterpret_cast<sockaddr_in6&>(at);
    at6.sin6_family = AF_INET6;
    at6.sin6_port = htons(port);
    std::memcpy(&at6.sin6_addr, Ip6(address).bytes.data(), sizeof(at6.sin6_addr));
  } else {
    auto& at4 = reinterpret_cast<sockaddr_in&>(at);
    at4.sin_family = AF_INET;
    at4.sin_port = htons(port);
    at4.sin_addr.s_addr = htonl(Ip(address).bits);
  }
  return at;
}

inline const sockaddr* Raw(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

inline std::string AddressText(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET6) {
    return sys::ToString(
        sys::Ipv4{ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr)});
  }
  sys::Ipv6 result;
  std::memcpy(result.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  return sys::ToString(result);
}

// A server's socket in the namespace, bound to all of its IPv4 addresses unless one is given ("::"
// for all of IPv6, and nothing else).
inline Fd Serve(const Fd& netns, uint16_t port, int type = SOCK_STREAM,
                const std::string& address = "0.0.0.0") {
  return In(netns, [&] {
    const sockaddr_storage at = At(address, port);
    Fd fd(::socket(at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (at.ss_family == AF_INET6) {
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    EXPECT_EQ(::bind(fd.get(), Raw(at), sizeof(at)), 0) << std::strerror(errno);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(fd.get(), 8), 0) << std::strerror(errno);
    }
    return fd;
  });
}

inline bool Wait(const Fd& fd, short events, int milliseconds) {
  pollfd wait{fd.get(), events, 0};
  return ::poll(&wait, 1, milliseconds) == 1;
}

inline constexpr int kSoon = 5000;     // for what has to come
inline constexpr int kUnwanted = 300;  // for what must not come

// Sends one word from `client` to address:port, which has to arrive at `server` and to come back.
// The value is the address that the server saw, or why there is none.
inline std::string Talk(const Fd& client, const std::string& address, uint16_t port,
                        const Fd& server, int patience = kSoon) {
  int type = 0;
  socklen_t type_size = sizeof(type);
  ::getsockopt(server.get(), SOL_SOCKET, SO_TYPE, &type, &type_size);
  const sockaddr_storage to = At(address, port);
  const Fd fd = In(
      client, [&] { return Fd(::socket(to.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); });
  if (::connect(fd.get(), Raw(to), sizeof(to)) != 0 && errno != EINPROGRESS) {
    return std::strerror(errno);
  }
  if (type == SOCK_STREAM) {
    if (!Wait(fd, POLLOUT, patience)) return "silence";
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return std::strerror(error);
  }
  if (::send(fd.get(), "ping", 4, MSG_NOSIGNAL) != 4) return std::strerror(errno);
  sockaddr_storage from{};
  socklen_t from_size = sizeof(from);
  char word[4] = {};
  if (!Wait(server, POLLIN, patience)) return "nothing arrived";
  if (type == SOCK_STREAM) {
    const Fd accepted(::accept(server.get(), reinterpret_cast<sockaddr*>(&from), &from_size));
    if (::recv(accepted.get(), word, 4, 0) != 4) return "the word did not arrive";
    ::send(accepted.get(), word, 4, MSG_NOSIGNAL);
  } else {
    ::recvfrom(server.get(), word, 4, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
    ::sendto(server.get(), word, 4, 0, Raw(from), from_size);
  }
  if (!Wait(fd, POLLIN, patience)) return "no answer";
  char back[4] = {};
  if (::recv(fd.get(), back, 4, 0) != 4 || std::memcmp(back, "ping", 4) != 0) return "wrong answer";
  return AddressText(from);
}

// An A query for `name` from the namespace to a name server: the addresses, or the answer's code.
inline std::string Resolve(
    const Fd& client, const std::string& server, const std::string& name, uint8_t type = 1,
    const std::function<void()>& meanwhile = [] {}) {
  std::string query("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    query += static_cast<char>(end - begin) + name.substr(begin, end - begin);
    begin = end + 1;
  }
  query += std::string("\0\0", 2) + static_cast<char>(type) + std::string("\0\1", 2);
  const Fd fd = In(client, [] { return Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
  const sockaddr_storage to = At(server, 53);
  if (::connect(fd.get(), Raw(to), sizeof(to)) != 0) return std::strerror(errno);
  if (::send(fd.get(), query.data(), query.size(), 0) < 0) return std::strerror(errno);
  meanwhile();
  if (!Wait(fd, POLLIN, kSoon)) return "silence";
  unsigned char answer[2048];
  const ssize_t size = ::recv(fd.get(), answer, sizeof(answer), 0);
  if (size < 0) return std::strerror(errno);
  const int code = answer[3] & 15;
  if (code != 0) return absl::StrCat("code ", code);
  const int records = answer[6] << 8 | answer[7];
  if (records == 0) return "no data";
  std::string addresses;
  const unsigned char* at = answer + query.size();
  for (int i = 0; i < records; ++i) {  // each: pointer, type, class, ttl, size, address
    const size_t length = static_cast<size_t>(at[10] << 8 | at[11]);
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(length == sizeof(in_addr) ? AF_INET : AF_INET6, at + 12, text, sizeof(text));
    absl::StrAppend(&addresses, i == 0 ? "" : " ", text);
    at += 12 + length;
  }
  return addresses;
}

// Standard output of a program.
inline std::string Output(const std::string& program, const std::vector<std::string>& argv) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  ::fcntl(writer.get(), F_SETPIPE_SZ, 1 << 20);  // nobody reads while it runs
  sys::ProgramOptions options;
  options.stdout_fd = writer.get();
  absl::StatusOr<int> code = sys::RunProgram(program, argv, options);
  EXPECT_TRUE(code.ok() && *code == 0) << program << ": " << code.status();
  writer.reset();
  return sys::ReadAll(reader, 1 << 20, program).value_or("");
}

// One host with an outside: 192.0.2.1 here, 192.0.2.2 there, which routes everything to us.
class World : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;
  using NetworkRecords = std::vector<NetworkRecord>;
  using Endpoints = std::vector<Endpoint>;

  void SetUp() override {
    home_ = CurrentNetns();
    if (::unshare(CLONE_NEWNET) != 0) {
      GTEST_SKIP() << "needs root: unshare: " << std::strerror(errno);
    }
    host_ = CurrentNetns();
    outside_ = NewNetns();
    ASSERT_EQ(Link(host_, "lo", "", ""), "");
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
    sys::MessageBatch pair;
    sys::AddVeth(pair, {"up0", "", 0, "eth0", sys::MacOf(Ip("192.0.2.2"))}, outside_);
    ASSERT_EQ(socket.Execute(pair), absl::OkStatus());
    ASSERT_EQ(Link(host_, "up0", "192.0.2.1", ""), "");
    ASSERT_EQ(Link(outside_, "eth0", "192.0.2.2", "192.0.2.1"), "");
    char folder[] = "/tmp/pelagos-net-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    ASSERT_TRUE(sys::WriteFileAtomically(folder_ + "/resolv.conf", "nameserver 127.0.0.1\n").ok());
    before_ = Snapshot();
  }

  void TearDown() override {
    if (!folder_.empty()) {
      for (const char* root : {"/run", "/other"}) CleanUp(folder_ + root);
      EXPECT_TRUE(sys::RemoveTree(folder_).ok());
    }
    if (home_.valid()) {
      EXPECT_EQ(::setns(home_.get(), CLONE_NEWNET), 0);
    }
  }

  // Brings an interface up, with an address and a default route if given. The value is the error.
  static std::string Link(const Fd& netns, const std::string& name, const std::string& address,
                          const std::string& gateway) {
    sys::NetlinkSocket socket = sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value();
    auto link = sys::FindLink(socket, name);
    if (!link.ok() || !*link) return "no link";
    sys::MessageBatch batch;
    sys::SetUp(batch, (*link)->index, name);
    if (!address.empty()) sys::AddAddress(batch, (*link)->index, Ip(address), 24);
    if (!gateway.empty()) sys::AddDefaultRoute(batch, (*link)->index, Ip(gateway));
    return std::string(socket.Execute(batch).message());
  }

  // The same of IPv6, on an interface that is up.
  static std::string Address(const Fd& netns, const std::string& name, const std::string& address,
                             const std::string& gateway) {
    sys::NetlinkSocket socket = sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value();
    auto link = sys::FindLink(socket, name);
    if (!link.ok() || !*link) return "no link";
    sys::MessageBatch batch;
    sys::AddAddress(batch, (*link)->index, Ip6(address), 64);
    if (!gateway.empty()) sys::AddDefaultRoute(batch, (*link)->index, Ip6(gateway));
    return std::string(socket.Execute(batch).message());
  }

  NetworksOptions Options() const {
    char path[4096];
    EXPECT_NE(::realpath("pelagos/net/dns/pelagos-dns", path), nullptr);
    return {path, {"10.99.0.0/16"}, folder_ + "/resolv.conf", folder_ + "/data/networks"};
  }
  // Another object each time, as another process would have it.
  Networks Open(const std::string& root = "/run") const {
    absl::StatusOr<Networks> networks = Networks::Open(folder_ + root, Options());
    EXPECT_TRUE(networks.ok()) << networks.status();
    return *std::move(networks);
  }

  void Ensure(const std::string& name, const std::string& subnet = "") {
    absl::StatusOr<NetworkRecord> record = Open().Ensure({name, "test", subnet});
    ASSERT_TRUE(record.ok()) << record.status();
  }

  // A container that is nothing but a network namespace.
  struct Container {
    Fd netns;
    Endpoint endpoint;
    std::string address(size_t index = 0) const {
      return sys::ToString(endpoint.interfaces.at(index).address);
    }
    std::string gateway(size_t index = 0) const {
      return sys::ToString(endpoint.interfaces.at(index).gateway);
    }
  };
  Container Start(const std::string& id, const std::vector<std::string>& networks,
                  const std::vector<PortMapping>& ports = {}) {
    NetPlan plan{NetMode::kBridge, {}, ports};
    for (const std::string& network : networks) plan.attachments.push_back({network, {id}});
    Container container{NewNetns(), {}};
    absl::StatusOr<Endpoint> endpoint = Open().Attach(id, plan, container.netns);
    EXPECT_TRUE(endpoint.ok()) << endpoint.status();
    if (endpoint.ok()) container.endpoint = *std::move(endpoint);
    return container;
  }

  static void CleanUp(const std::string& root) {
    absl::StatusOr<Networks> networks = Networks::Open(root);
    if (!networks.ok()) return;
    const std::vector<Endpoint> endpoints = networks->Endpoints().value_or(Endpoints());
    for (const Endpoint& endpoint : endpoints) {
      EXPECT_TRUE(networks->Detach(endpoint.container_id).ok());
    }
    const std::vector<NetworkRecord> records = networks->List().value_or(NetworkRecords());
    for (const NetworkRecord& record : records) EXPECT_TRUE(networks->Remove(record.name).ok());
  }

  // All that Pelagos may change on a host.
  std::string Snapshot() const {
    std::string text = Output("/usr/sbin/nft", {"nft", "-s", "list", "ruleset"});  // no counters
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
    const std::vector<sys::Link> links = sys::ListLinks(socket).value();
    for (const sys::Link& link : links) {
      absl::StrAppend(&text, link.name, " ", link.alias, " ", link.kind, "\n");
    }
    const std::vector<sys::Route> routes = sys::ListRoutes(socket).value();
    for (const sys::Route& route : routes) {
      absl::StrAppend(&text, sys::ToString(route.destination), "\n");
    }
    absl::StrAppend(&text, sys::ReadFile("/proc/sys/net/ipv4/ip_forward", 64).value());
    for (const char* root : {"/run", "/other"}) {
      for (const char* folder : {"/", "/networks", "/dns", "/endpoints", "/ports"}) {
        const std::vector<std::string> files =
            sys::ListFolder(absl::StrCat(folder_, root, folder)).value_or(Names());
        for (const std::string& file : files) {
          const bool stays = file == "networks" || file == "dns" || file == "network.lock" ||
                             file == "endpoints" || file == "ports";
          if (!stays) absl::StrAppend(&text, root, folder, "/", file, "\n");
        }
      }
    }
    return absl::StrCat(text, Daemons());
  }

  // The processes of pelagos-dns for this folder.
  std::string Daemons() const {
    std::string text;
    const Names pids = sys::ListFolder("/proc").value();
    for (const std::string& pid : pids) {
      const std::string command =
          sys::ReadFile(absl::StrCat("/proc/", pid, "/cmdline"), 1 << 20).value_or("");
      if (absl::StartsWith(command, "pelagos-dns") && absl::StrContains(command, folder_)) {
        absl::StrAppend(&text, pid, "\n");
      }
    }
    return text;
  }

  Fd home_, host_, outside_;
  std::string folder_, before_;
};

inline PortMapping Tcp(uint16_t host, uint16_t inside,
                       const std::string& address = std::string(kLoopbackAddress)) {
  return {address, host, inside, Protocol::kTcp};
}

}  // namespace pelagos::net
