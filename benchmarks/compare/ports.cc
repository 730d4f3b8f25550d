// What a published port costs: bytes and connections per second to it, beside a connection to the
// container's own address.
//
// Usage: ports [ROUNDS]     (root; ROUNDS is 60)
//
//   host namespace --bridge-- container: direct, published on 127.0.0.1 and on an address of the
//     host (the kernel's rules), and on [::1] (pelagos-proxy)
//   host namespace --pasta-- another one: published on 127.0.0.1, the way of --network pasta
//   host namespace --slirp4netns-- a third one: the same, if it is there
//
// All in network namespaces of its own. In every round each way has its turn, in an order of its
// own; the ratios are medians of those within a round.

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/in_scratch.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/compare/netns.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/networks.h"
#include "pelagos/net/pasta.h"
#include "pelagos/net/proxy/socket_address.h"
#include "pelagos/net/proxy/start_proxy.h"
#include "pelagos/sys/await_events.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::benchmarks {
namespace {

constexpr uint16_t kSource = 80;  // a server there sends for ever
constexpr uint16_t kWord = 81;    // one there answers a byte with a byte
constexpr double kTurn = 0.1;     // seconds of each measurement

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

absl::StatusOr<Fd> Bind(const std::string& address, uint16_t port) {
  PELAGOS_ASSIGN_OR_RETURN(const net::SocketAddress at, net::ParseSocketAddress(address, port));
  Fd fd(::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd.get(), at.get(), at.size) != 0) return ErrnoStatus(errno, "bind", address);
  return fd;
}

// A process that serves one client after the other at the port, until we end.
absl::Status Serve(const Fd& netns, uint16_t port) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd home, CurrentNetns());
  PELAGOS_RETURN_IF_ERROR(Enter(netns));
  PELAGOS_ASSIGN_OR_RETURN(const Fd listener, Bind("0.0.0.0", port));
  PELAGOS_RETURN_IF_ERROR(Enter(home));
  if (::listen(listener.get(), 1024) != 0) return ErrnoStatus(errno, "listen");
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid > 0) return absl::OkStatus();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char> block(1 << 17, 'x');
  for (;;) {
    const Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) continue;
    if (port == kWord) {
      char word = 0;
      if (::recv(client.get(), &word, 1, 0) == 1) ::send(client.get(), &word, 1, MSG_NOSIGNAL);
      ::recv(client.get(), &word, 1, 0);  // the client ends first
    } else {
      while (::send(client.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
      }
    }
  }
}

struct Way {
  std::string name;
  std::string address;
  uint16_t source = 0, word = 0;  // ports
};

absl::StatusOr<Fd> Connect(const net::SocketAddress& to) {
  Fd fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Closing resets it: no port of ours stays taken by what is over (TIME_WAIT).
  const linger reset = {1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  if (::connect(fd.get(), to.get(), to.size) != 0) return ErrnoStatus(errno, "connect");
  return fd;
}

// Gigabytes per second from the container.
absl::StatusOr<double> Throughput(const Way& way) {
  PELAGOS_ASSIGN_OR_RETURN(const net::SocketAddress to,
                           net::ParseSocketAddress(way.address, way.source));
  PELAGOS_ASSIGN_OR_RETURN(const Fd fd, Connect(to), way.name);
  static std::vector<char> block(1 << 20);
  size_t bytes = 0;
  const double begin = Seconds();
  double now = begin;
  for (; now < begin + kTurn; now = Seconds()) {
    const ssize_t size = ::recv(fd.get(), block.data(), block.size(), 0);
    if (size <= 0) return ErrnoStatus(size == 0 ? ECONNRESET : errno, "recv", way.name);
    bytes += static_cast<size_t>(size);
  }
  return static_cast<double>(bytes) / (now - begin) / 1e9;
}

// Connections per second, one after the other, with a byte there and back each.
absl::StatusOr<double> Connections(const Way& way) {
  PELAGOS_ASSIGN_OR_RETURN(const net::SocketAddress to,
                           net::ParseSocketAddress(way.address, way.word));
  int count = 0;
  const double begin = Seconds();
  double now = begin;
  for (; now < begin + kTurn; now = Seconds(), ++count) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd fd, Connect(to), way.name);
    char word = 'w';
    if (::send(fd.get(), &word, 1, MSG_NOSIGNAL) != 1 || ::recv(fd.get(), &word, 1, 0) != 1) {
      return ErrnoStatus(errno, "talking", way.name);
    }
  }
  return count / (now - begin);
}

constexpr char kHostAddress[] = "192.0.2.1";

PortMapping Tcp(uint16_t host, uint16_t inside, const char* address = "127.0.0.1") {
  return {address, host, inside};
}

class Ports {
 public:
  Ports(int rounds, std::string scratch) : rounds_(rounds), scratch_(std::move(scratch)) {}

  absl::Status Measure() {
    absl::Cleanup clean_up = [this] { CleanUp(); };
    PELAGOS_RETURN_IF_ERROR(MakeHost());
    PELAGOS_RETURN_IF_ERROR(Bridge());
    PELAGOS_RETURN_IF_ERROR(Pasta());
    PELAGOS_RETURN_IF_ERROR(Slirp());
    std::vector<std::vector<double>> bytes(ways_.size()), connections(ways_.size());
    std::vector<size_t> order(ways_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::mt19937 random(1);
    for (int round = -1; round < rounds_; ++round) {  // the first to warm up
      std::shuffle(order.begin(), order.end(), random);
      for (const size_t i : order) {
        PELAGOS_ASSIGN_OR_RETURN(const double rate, Throughput(ways_[i]));
        PELAGOS_ASSIGN_OR_RETURN(const double count, Connections(ways_[i]));
        if (round < 0) continue;
        bytes[i].push_back(rate);
        connections[i].push_back(count);
      }
    }
    std::printf("%d rounds in turn, medians\n\n%-44s %8s %9s %10s %9s\n", rounds_, "", "GB/s",
                "x direct", "conn/s", "x direct");
    for (size_t i = 0; i < ways_.size(); ++i) {
      std::printf("%-44s %8.2f %9.2f %10.0f %9.2f\n", ways_[i].name.c_str(),
                  Quantile(bytes[i], 0.5), Ratio(bytes[i], bytes[0]), Quantile(connections[i], 0.5),
                  Ratio(connections[i], connections[0]));
    }
    return absl::OkStatus();
  }

 private:
  static double Ratio(std::vector<double> values, const std::vector<double>& to) {
    for (size_t i = 0; i < values.size(); ++i) values[i] /= to[i];
    return Quantile(std::move(values), 0.5);
  }

  // With a way to the outside, which pasta asks for.
  absl::Status MakeHost() {
    PELAGOS_ASSIGN_OR_RETURN(host_, NewNetns());
    PELAGOS_RETURN_IF_ERROR(Enter(host_));
    PELAGOS_ASSIGN_OR_RETURN(outside_, NewNetns());
    PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket socket, sys::NetlinkSocket::Open(NETLINK_ROUTE));
    sys::MessageBatch pair;
    sys::AddVeth(pair, {"up0", "", 0, "eth0", sys::MacOf({2})}, outside_);
    PELAGOS_RETURN_IF_ERROR(socket.Execute(pair));
    PELAGOS_ASSIGN_OR_RETURN(const auto up, sys::FindLink(socket, "up0"));
    sys::MessageBatch batch;
    sys::AddAddress(batch, up->index, sys::Ipv4{0xc0000201}, 24);
    sys::AddDefaultRoute(batch, up->index, sys::Ipv4{0xc0000202});
    return socket.Execute(batch);
  }

  absl::StatusOr<Fd> Container() {
    PELAGOS_ASSIGN_OR_RETURN(Fd netns, NewNetns());
    PELAGOS_RETURN_IF_ERROR(Serve(netns, kSource));
    PELAGOS_RETURN_IF_ERROR(Serve(netns, kWord));
    return netns;
  }

  absl::Status Bridge() {
    PELAGOS_ASSIGN_OR_RETURN(const Fd netns, Container());
    char* dns = ::realpath("pelagos/net/dns/pelagos-dns", nullptr);
    if (dns == nullptr) return ErrnoStatus(errno, "realpath", "pelagos-dns");
    absl::Cleanup free_path = [dns] { ::free(dns); };
    PELAGOS_ASSIGN_OR_RETURN(net::Networks networks,
                             net::Networks::Open(scratch_ + "/run", {.dns_program = dns}));
    networks_ = networks;
    PELAGOS_RETURN_IF_ERROR(networks_->Ensure({"measured", "benchmark", ""}).status());
    NetPlan plan{NetMode::kBridge,
                 {},
                 {Tcp(8080, kSource), Tcp(8081, kWord), Tcp(8080, kSource, kHostAddress),
                  Tcp(8081, kWord, kHostAddress)}};
    plan.attachments.push_back({"measured", {"c"}});
    PELAGOS_ASSIGN_OR_RETURN(const net::Endpoint endpoint, networks_->Attach("c", plan, netns));
    const std::string inside = sys::ToString(endpoint.interfaces.at(0).address);
    ways_.push_back({"direct, the container's address", inside, kSource, kWord});
    ways_.push_back({"published at 127.0.0.1, the kernel's rules", "127.0.0.1", 8080, 8081});
    ways_.push_back({"published at the host's address, the same", kHostAddress, 8080, 8081});

    PELAGOS_ASSIGN_OR_RETURN(source_, Bind("::1", 8080));
    PELAGOS_ASSIGN_OR_RETURN(word_, Bind("::1", 8081));
    char* program = ::realpath("pelagos/net/proxy/pelagos-proxy", nullptr);
    if (program == nullptr) return ErrnoStatus(errno, "realpath", "pelagos-proxy");
    absl::Cleanup free_program = [program] { ::free(program); };
    PELAGOS_ASSIGN_OR_RETURN(proxy_,
                             net::StartProxy(program, {{&source_, Protocol::kTcp, inside, kSource},
                                                       {&word_, Protocol::kTcp, inside, kWord}}));
    ways_.push_back({"published, pelagos-proxy", "::1", 8080, 8081});
    return absl::OkStatus();
  }

  absl::Status Pasta() {
    PELAGOS_ASSIGN_OR_RETURN(const Fd netns, Container());
    net::PastaOptions options;
    options.netns = &netns;
    options.ports = {Tcp(9080, kSource), Tcp(9081, kWord)};
    PELAGOS_ASSIGN_OR_RETURN(pasta_, net::StartPasta(options));
    ways_.push_back({"published, pasta", "127.0.0.1", 9080, 9081});
    return absl::OkStatus();
  }

  // As its manual has it: a ready descriptor, then ports through its socket.
  absl::Status Slirp() {
    const std::optional<std::string> program = FindProgram("slirp4netns");
    if (!program) {
      std::cout << "slirp4netns is left out: apt-get install slirp4netns\n";
      return absl::OkStatus();
    }
    PELAGOS_ASSIGN_OR_RETURN(const Fd netns, Container());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    const std::string socket = scratch_ + "/slirp";
    sys::ProgramOptions quiet;
    quiet.stdout_fd = writer.get();  // it says "1" there when it is ready
    quiet.stderr_fd = -1;
    PELAGOS_ASSIGN_OR_RETURN(
        slirp_, sys::StartProgram(*program,
                                  {"slirp4netns", "--configure", "--mtu=65520", "--ready-fd=1",
                                   "--api-socket", socket, "--netns-type=path",
                                   absl::StrCat("/proc/", ::getpid(), "/fd/", netns.get()), "tap0"},
                                  quiet));
    writer.reset();
    PELAGOS_RETURN_IF_ERROR(sys::AwaitEvents(reader, POLLIN, 10000, "slirp4netns is not ready"));
    char ready = 0;
    while (ready != '1') {
      if (::read(reader.get(), &ready, 1) != 1) return absl::UnknownError("slirp4netns ended");
    }
    for (const auto& [host, inside] : {std::pair(9180, kSource), std::pair(9181, kWord)}) {
      PELAGOS_ASSIGN_OR_RETURN(const Fd api, sys::ConnectUnix(socket));
      PELAGOS_RETURN_IF_ERROR(sys::WriteAll(
          api,
          absl::StrCat(R"({"execute":"add_hostfwd","arguments":{"proto":"tcp","host_addr":)",
                       R"("127.0.0.1","host_port":)", host, R"(,"guest_port":)", inside, "}}"),
          socket));
      ::shutdown(api.get(), SHUT_WR);
      PELAGOS_ASSIGN_OR_RETURN(const std::string answer, sys::ReadAll(api, 4096, socket));
      if (!absl::StrContains(answer, "return")) {
        return absl::UnknownError(absl::StrCat("slirp4netns: ", answer));
      }
    }
    ways_.push_back({"published, slirp4netns", "127.0.0.1", 9180, 9181});
    return absl::OkStatus();
  }

  void CleanUp() {
    if (slirp_ > 0) {
      if (const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(slirp_); pidfd.ok()) {
        (void)sys::Signal(*pidfd, SIGKILL);
      }
      ::waitpid(slirp_, nullptr, 0);
    }
    if (!networks_) return;
    for (const absl::Status& status : {networks_->Detach("c"), networks_->Remove("measured")}) {
      if (!status.ok()) std::cerr << status.message() << "\n";
    }
  }

  const int rounds_;
  const std::string scratch_;
  std::vector<Way> ways_;
  Fd host_, outside_, source_, word_, proxy_;
  net::PastaProcess pasta_;
  std::optional<net::Networks> networks_;
  pid_t slirp_ = 0;
};

absl::Status Main(int argc, char** argv) {
  PELAGOS_ASSIGN_OR_RETURN(const int rounds, RoundsFrom(argc, argv, "ports", 60));
  if (::geteuid() != 0) return absl::PermissionDeniedError("ports needs root");
  return InScratch("ports",
                   [&](const std::string& scratch) { return Ports(rounds, scratch).Measure(); });
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "ports: " << status.message() << "\n";
  return 1;
}
