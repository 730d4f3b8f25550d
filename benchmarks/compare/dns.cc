// Queries for names of a network's containers: pelagos-dns beside dnsmasq.
//
// Usage: dns [--rounds N] [--names N] [PELAGOS_DNS]    (root)
//
// A namespace for the host with both servers, at an address each, and one for a container, joined
// by a veth pair as with a bridge. In every round each server is asked in turn for a second, by one
// client that has always 128 queries on their way (recvmmsg(2), sendmmsg(2)). Every answer is
// looked at. `us` is from the query's way out to the look at its answer; `cpu` the server's time
// for a query.

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/compare/netns.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/dns/zone_files.h"
#include "pelagos/net/dns_daemon.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"
#include "tests/rooted/net_test/dns_load.h"

namespace pelagos::benchmarks {
namespace {

const sys::Ipv4 kPelagos = sys::ParseIpv4("10.77.0.1").value();
const sys::Ipv4 kDnsmasq = sys::ParseIpv4("10.77.0.2").value();
const sys::Ipv4 kClient = sys::ParseIpv4("10.77.0.3").value();
const sys::Ipv4 kFirstHost = sys::ParseIpv4("10.77.1.0").value();

absl::Status Up(const Fd& netns, const std::string& name, const std::vector<sys::Ipv4>& addresses) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket socket,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(socket, name));
  if (!link) return absl::NotFoundError(name);
  sys::MessageBatch batch;
  sys::SetUp(batch, link->index, name);
  for (const sys::Ipv4 address : addresses) sys::AddAddress(batch, link->index, address, 16);
  return socket.Execute(batch);
}

struct Server {
  std::string name;
  sys::Ipv4 address;
  pid_t pid = -1;
  Fd socket;  // the client's
  std::vector<double> rates = {}, p50 = {}, p99 = {}, cpu = {};
};

absl::StatusOr<pid_t> Start(std::vector<std::string> argv) {
  std::vector<char*> pointers;
  for (std::string& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0) {
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  return child;
}

absl::StatusOr<Fd> Connect(sys::Ipv4 address) {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  to.sin_addr.s_addr = htonl(address.bits);
  const timeval patience{2, 0};
  if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0) {
    return ErrnoStatus(errno, "connect", sys::ToString(address));
  }
  return fd;
}

// Asks until there is an answer: the servers need a moment to begin.
absl::Status Await(const Server& server, const std::string& query) {
  for (int i = 0; i < 1000; ++i) {
    pollfd wait{server.socket.get(), POLLIN, 0};
    char buffer[2048];
    // A refusal comes at once, so the poll for nothing is the pause.
    if (::send(server.socket.get(), query.data(), query.size(), 0) < 0 ||
        ::poll(&wait, 1, 10) != 1 || ::recv(wait.fd, buffer, sizeof(buffer), 0) < 0) {
      ::poll(nullptr, 0, 10);
      continue;
    }
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(server.name, " does not answer"));
}

// User and system time so far, in microseconds (proc(5)).
absl::StatusOr<double> CpuOf(pid_t pid) {
  PELAGOS_ASSIGN_OR_RETURN(std::string text,
                           sys::ReadFile(absl::StrCat("/proc/", pid, "/schedstat"), 256));
  const std::vector<std::string> words = absl::StrSplit(text, ' ');
  double nanoseconds = 0;
  if (!absl::SimpleAtod(words[0], &nanoseconds)) return absl::DataLossError("schedstat");
  return nanoseconds / 1000;
}

// PSS in kB.
absl::StatusOr<std::string> MemoryOf(pid_t pid) {
  PELAGOS_ASSIGN_OR_RETURN(std::string text,
                           sys::ReadFile(absl::StrCat("/proc/", pid, "/smaps_rollup"), 1 << 16));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() > 1 && words[0] == "Pss:") return words[1];
  }
  return absl::NotFoundError("Pss");
}

absl::Status Ask(Server& server, const std::vector<std::string>& queries) {
  timespec start{};
  ::clock_gettime(CLOCK_MONOTONIC, &start);
  const auto more = [&](uint64_t sent) {
    if (sent % 256 != 0) return true;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - start.tv_sec + (now.tv_nsec - start.tv_nsec) / 1e9 < 1;
  };
  const auto good = [&](size_t query, absl::string_view answer) {
    const uint32_t wanted = kFirstHost.bits + static_cast<uint32_t>(query);
    const size_t size = queries[query].size();
    if (answer.size() < size + 16 || answer[7] != 1 || (answer[3] & 15) != 0) return false;
    uint32_t got = 0;
    for (size_t i = 12; i < 16; ++i) got = got << 8 | static_cast<uint8_t>(answer[size + i]);
    return got == wanted;
  };
  PELAGOS_ASSIGN_OR_RETURN(const double before, CpuOf(server.pid));
  const net::DnsLoad load = net::RunDnsLoad(server.socket, queries, more, good);
  PELAGOS_ASSIGN_OR_RETURN(const double after, CpuOf(server.pid));
  if (load.lost + load.wrong > 0) {
    return absl::DataLossError(absl::StrCat(server.name, ": of ", load.answered, " answers ",
                                            load.wrong, " were wrong, ", load.lost, " lost"));
  }
  const std::vector<double> times(load.microseconds.begin(), load.microseconds.end());
  server.rates.push_back(static_cast<double>(load.answered) / load.seconds);
  server.p50.push_back(Quantile(times, 0.5));
  server.p99.push_back(Quantile(times, 0.99));
  server.cpu.push_back((after - before) / static_cast<double>(load.answered));
  return absl::OkStatus();
}

// How long it takes until a container's name is in force, and until it is gone: medians in
// microseconds, beside the names that are there.
absl::Status Change(const std::string& folder) {
  const net::ZoneFiles files(folder);
  const net::DnsDaemonOptions options{folder, "", ""};
  const net::ZoneHost host{{kFirstHost.bits - 1}, {}, "newcomer", {"newcomer"}, {}};
  std::vector<double> joins, leaves;
  for (int i = 0; i < 1000; ++i) {
    for (std::vector<double>* times : {&joins, &leaves}) {
      timespec begin{}, end{};
      ::clock_gettime(CLOCK_MONOTONIC, &begin);
      PELAGOS_RETURN_IF_ERROR(times == &joins ? files.WriteHost("net", host)
                                              : files.RemoveHost("net", host.owner));
      PELAGOS_RETURN_IF_ERROR(net::ReloadDns(options));
      ::clock_gettime(CLOCK_MONOTONIC, &end);
      times->push_back(static_cast<double>(end.tv_sec - begin.tv_sec) * 1e6 +
                       static_cast<double>(end.tv_nsec - begin.tv_nsec) / 1e3);
    }
  }
  std::printf("\na name is in force after %.0f us, gone after %.0f us (medians of 1000)\n",
              Quantile(joins, 0.5), Quantile(leaves, 0.5));
  return absl::OkStatus();
}

absl::Status Compare(const std::string& folder, const std::string& pelagos_dns,
                     const std::string& dnsmasq, int rounds, int names) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd client, NewNetns());
  PELAGOS_ASSIGN_OR_RETURN(const Fd host, NewNetns());
  PELAGOS_RETURN_IF_ERROR(Enter(host));
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket socket, sys::NetlinkSocket::Open(NETLINK_ROUTE));
  sys::MessageBatch pair;
  sys::AddVeth(pair, {"host0", "", 0, "eth0", {}, 0}, client);
  PELAGOS_RETURN_IF_ERROR(socket.Execute(pair));
  PELAGOS_RETURN_IF_ERROR(Up(host, "host0", {kPelagos, kDnsmasq}));
  PELAGOS_RETURN_IF_ERROR(Up(client, "eth0", {kClient}));

  net::ZoneFiles files(folder + "/dns");
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(folder + "/dns", 0700));
  net::ZoneHead head;
  head.gateway = kPelagos;
  head.prefix = 16;
  PELAGOS_RETURN_IF_ERROR(files.WriteNetwork("net", head));
  std::string hosts;
  std::vector<std::string> queries;
  for (int i = 0; i < names; ++i) {
    const std::string name = absl::StrCat("service-", i);
    const sys::Ipv4 address{kFirstHost.bits + static_cast<uint32_t>(i)};
    PELAGOS_RETURN_IF_ERROR(files.WriteHost("net", {address, {}, name, {name}, {}}));
    absl::StrAppend(&hosts, sys::ToString(address), " ", name, "\n");
    queries.push_back(net::DnsQuestion(name, 1));
  }
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(folder + "/hosts", hosts, 0644));
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(folder + "/dnsmasq.conf", "", 0644));

  std::vector<Server> servers;
  absl::Cleanup stop = [&] {
    for (const Server& server : servers) {
      if (server.pid <= 0) continue;
      ::kill(server.pid, SIGKILL);  // our own child, not yet waited for
      ::waitpid(server.pid, nullptr, 0);
    }
  };
  servers.push_back({"pelagos-dns", kPelagos, -1, Fd()});
  servers.push_back({"dnsmasq", kDnsmasq, -1, Fd()});
  PELAGOS_ASSIGN_OR_RETURN(servers[0].pid, Start({pelagos_dns, "--config-dir", folder + "/dns"}));
  PELAGOS_ASSIGN_OR_RETURN(
      servers[1].pid,
      Start({dnsmasq, "--keep-in-foreground", "--conf-file=" + folder + "/dnsmasq.conf",
             "--no-resolv", "--no-hosts", "--no-poll", "--bind-interfaces", "--except-interface=lo",
             "--listen-address=" + sys::ToString(kDnsmasq), "--addn-hosts=" + folder + "/hosts",
             "--local-ttl=10", "--cache-size=10000", "--user=root", "--group=root",
             "--pid-file=" + folder + "/dnsmasq.pid"}));
  PELAGOS_RETURN_IF_ERROR(Enter(client));
  for (Server& server : servers) {
    PELAGOS_ASSIGN_OR_RETURN(server.socket, Connect(server.address));
    PELAGOS_RETURN_IF_ERROR(Await(server, queries[0]));
    PELAGOS_ASSIGN_OR_RETURN(server.socket, Connect(server.address));  // without late answers
  }
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < servers.size(); ++i) {
      PELAGOS_RETURN_IF_ERROR(
          Ask(servers[(i + static_cast<size_t>(round)) % servers.size()], queries));
    }
  }
  std::printf("%d rounds in turn, a second each, %d names, 128 queries at once\n\n", rounds, names);
  std::printf("%-14s %12s %10s %10s %10s %10s %10s\n", "", "queries/s", "x dnsmasq", "p50 us",
              "p99 us", "cpu us", "PSS kB");
  const double base = Quantile(servers[1].rates, 0.5);
  for (const Server& server : servers) {
    PELAGOS_ASSIGN_OR_RETURN(const std::string memory, MemoryOf(server.pid));
    const double rate = Quantile(server.rates, 0.5);
    std::printf("%-14s %12.0f %10.2f %10.0f %10.0f %10.2f %10s\n", server.name.c_str(), rate,
                rate / base, Quantile(server.p50, 0.5), Quantile(server.p99, 0.5),
                Quantile(server.cpu, 0.5), memory.c_str());
  }
  return Change(folder + "/dns");
}

absl::Status Main(int argc, char** argv) {
  int rounds = 10, names = 2000;
  std::string named = "pelagos/net/dns/pelagos-dns";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    int* number = word == "--rounds" ? &rounds : word == "--names" ? &names : nullptr;
    if (number == nullptr && word[0] != '-') {
      named = word;
    } else if (number == nullptr || i + 1 == argc || !absl::SimpleAtoi(argv[++i], number) ||
               *number < 1 || *number > 60000) {
      return absl::InvalidArgumentError("usage: dns [--rounds N] [--names N] [PELAGOS_DNS]");
    }
  }
  if (::geteuid() != 0) return absl::PermissionDeniedError("dns needs root");
  const std::optional<std::string> dnsmasq = FindProgram("dnsmasq");
  if (!dnsmasq) return absl::NotFoundError("dnsmasq is not there: apt-get install dnsmasq-base");
  char* pelagos_dns = ::realpath(named.c_str(), nullptr);
  if (pelagos_dns == nullptr) return ErrnoStatus(errno, "realpath", named);
  absl::Cleanup free_path = [pelagos_dns] { ::free(pelagos_dns); };
  std::string folder = "/dev/shm/pelagos-compare-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", folder);
  const absl::Status status = Compare(folder, pelagos_dns, *dnsmasq, rounds, names);
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(folder));
  return status;
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "dns: " << status.message() << "\n";
  return 1;
}
