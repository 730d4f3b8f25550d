// Publishing and taking back 32 ports, on top of none, 1,000 and 10,000 that are published already:
// the transaction of nftables, by Pelagos' own messages (sys/net), by libnftnl with libmnl, and by
// libnftables, which reads the nft program's language. All on one table, in turn, in a network
// namespace of its own.
//
// Usage: publish [ROUNDS]     (root; ROUNDS is 100)

#include <libmnl/libmnl.h>
#include <libnftnl/batch.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/measure.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/ruleset.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::benchmarks {
namespace {

using net::PortRule;

constexpr char kTable[] = "pelagos";
constexpr char kMap[] = "ports";
constexpr uint16_t kFirst = 30000;  // of those that are published and taken back
constexpr uint16_t kPorts = 32;

std::vector<PortRule> Ports(uint16_t first, uint16_t count) {
  std::vector<PortRule> ports;
  for (uint16_t i = 0; i < count; ++i) {
    ports.push_back({"web", Protocol::kTcp, sys::ParseIpv4("127.0.0.1").value(),
                     static_cast<uint16_t>(first + i), sys::ParseIpv4("10.99.0.2").value(), 80});
  }
  return ports;
}

// Adds or deletes the ports, in one transaction.
using Change = std::function<absl::Status(const std::vector<PortRule>& ports, bool add)>;

absl::StatusOr<Change> OwnMessages() {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket opened, sys::NetlinkSocket::Open(NETLINK_NETFILTER));
  auto socket = std::make_shared<sys::NetlinkSocket>(std::move(opened));
  return Change([socket](const std::vector<PortRule>& ports, bool add) {
    sys::NftTransaction change(net::kTableFamily, kTable);
    if (add) {
      net::AddElements(change, {{}, ports});
    } else {
      net::DeleteElements(change, {{}, ports});
    }
    return change.Commit(*socket);
  });
}

std::string Text(const net::IpAddress& address) {
  return sys::ToString(std::get<sys::Ipv4>(address));
}

absl::StatusOr<Change> Libnftables() {
  const std::shared_ptr<nft_ctx> context(::nft_ctx_new(NFT_CTX_DEFAULT), ::nft_ctx_free);
  if (context == nullptr) return absl::InternalError("nft_ctx_new");
  ::nft_ctx_buffer_error(context.get());
  return Change([context](const std::vector<PortRule>& ports, bool add) {
    std::string text =
        absl::StrCat(add ? "add" : "delete", " element inet ", kTable, " ", kMap, " { ");
    for (const PortRule& port : ports) {
      absl::StrAppend(&text, Text(port.at), " . tcp . ", port.host);
      if (add) {
        absl::StrAppend(&text, " comment \"", port.owner, "\" : ", Text(port.target), " . ",
                        port.inside);
      }
      absl::StrAppend(&text, ", ");
    }
    absl::StrAppend(&text, "}");
    if (::nft_run_cmd_from_buffer(context.get(), text.c_str()) == 0) return absl::OkStatus();
    return absl::InternalError(::nft_ctx_get_error_buffer(context.get()));
  });
}

std::string Word(sys::Ipv4 address) {
  const uint32_t word = htonl(address.bits);
  return {reinterpret_cast<const char*>(&word), sizeof(word)};
}

std::string Word(uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port), '\0', '\0'};
}

nftnl_set* SetOf(const std::vector<PortRule>& ports, bool add) {
  nftnl_set* set = ::nftnl_set_alloc();
  ::nftnl_set_set_str(set, NFTNL_SET_TABLE, kTable);
  ::nftnl_set_set_str(set, NFTNL_SET_NAME, kMap);
  for (const PortRule& port : ports) {
    nftnl_set_elem* element = ::nftnl_set_elem_alloc();
    const std::string key = Word(std::get<sys::Ipv4>(port.at)) +
                            std::string({IPPROTO_TCP, '\0', '\0', '\0'}) + Word(port.host);
    ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(),
                         static_cast<uint32_t>(key.size()));
    if (add) {
      const std::string data = Word(std::get<sys::Ipv4>(port.target)) + Word(port.inside);
      ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, data.data(),
                           static_cast<uint32_t>(data.size()));
      nftnl_udata_buf* comment = ::nftnl_udata_buf_alloc(256);
      ::nftnl_udata_put_strz(comment, NFTNL_UDATA_SET_ELEM_COMMENT, port.owner.c_str());
      ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, ::nftnl_udata_buf_data(comment),
                           ::nftnl_udata_buf_len(comment));
      ::nftnl_udata_buf_free(comment);
    }
    ::nftnl_set_elem_add(set, element);
  }
  return set;
}

absl::StatusOr<Change> Libnftnl() {
  const std::shared_ptr<mnl_socket> socket(::mnl_socket_open(NETLINK_NETFILTER),
                                           [](mnl_socket* opened) {
                                             if (opened != nullptr) ::mnl_socket_close(opened);
                                           });
  if (socket == nullptr || ::mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return ErrnoStatus(errno, "mnl_socket_open");
  }
  return Change(
      [socket, sequence = uint32_t{1}](const std::vector<PortRule>& ports, bool add) mutable {
        std::vector<char> buffer(size_t{64} << 10);
        mnl_nlmsg_batch* batch = ::mnl_nlmsg_batch_start(buffer.data(), buffer.size());
        const auto next = [&] { ::mnl_nlmsg_batch_next(batch); };
        ::nftnl_batch_begin(static_cast<char*>(::mnl_nlmsg_batch_current(batch)), sequence++);
        next();
        nftnl_set* set = SetOf(ports, add);
        const uint32_t asked = sequence++;
        nlmsghdr* message = ::nftnl_nlmsg_build_hdr(
            static_cast<char*>(::mnl_nlmsg_batch_current(batch)),
            static_cast<uint16_t>(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM), net::kTableFamily,
            static_cast<uint16_t>((add ? NLM_F_CREATE : 0) | NLM_F_ACK), asked);
        ::nftnl_set_elems_nlmsg_build_payload(message, set);
        next();
        ::nftnl_set_free(set);
        ::nftnl_batch_end(static_cast<char*>(::mnl_nlmsg_batch_current(batch)), sequence++);
        next();
        const bool sent = ::mnl_socket_sendto(socket.get(), ::mnl_nlmsg_batch_head(batch),
                                              ::mnl_nlmsg_batch_size(batch)) >= 0;
        ::mnl_nlmsg_batch_stop(batch);
        if (!sent) return ErrnoStatus(errno, "mnl_socket_sendto");
        char answer[8192];
        const ssize_t size = ::mnl_socket_recvfrom(socket.get(), answer, sizeof(answer));
        if (size < 0 || ::mnl_cb_run(answer, static_cast<size_t>(size), asked,
                                     ::mnl_socket_get_portid(socket.get()), nullptr, nullptr) < 0) {
          return ErrnoStatus(errno, "mnl_cb_run");
        }
        return absl::OkStatus();
      });
}

absl::StatusOr<double> Milliseconds(const Change& change, const std::vector<PortRule>& ports,
                                    bool add) {
  const auto start = std::chrono::steady_clock::now();
  PELAGOS_RETURN_IF_ERROR(change(ports, add));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

struct Contestant {
  const char* name;
  Change change;
  std::vector<double> publish = {}, take_back = {};
};

absl::Status Compare(std::vector<Contestant>& contestants, uint16_t existing, int rounds) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket socket, sys::NetlinkSocket::Open(NETLINK_NETFILTER));
  sys::NftTransaction make(net::kTableFamily, kTable);
  net::AddRuleset(make, "a benchmark");
  PELAGOS_RETURN_IF_ERROR(make.Commit(socket));
  constexpr uint16_t kPiece = 500;
  for (uint16_t port = 0; port < existing; port = static_cast<uint16_t>(port + kPiece)) {
    sys::NftTransaction fill(net::kTableFamily, kTable);
    net::AddElements(fill, {{}, Ports(static_cast<uint16_t>(port + 1), kPiece)});
    PELAGOS_RETURN_IF_ERROR(fill.Commit(socket));
  }
  const std::vector<PortRule> ports = Ports(kFirst, kPorts);
  for (int round = -1; round < rounds; ++round) {  // the first one only warms up
    for (Contestant& contestant : contestants) {
      PELAGOS_ASSIGN_OR_RETURN(const double publish, Milliseconds(contestant.change, ports, true),
                               contestant.name);
      PELAGOS_ASSIGN_OR_RETURN(const double take_back,
                               Milliseconds(contestant.change, ports, false), contestant.name);
      if (round < 0) continue;
      contestant.publish.push_back(publish);
      contestant.take_back.push_back(take_back);
    }
    std::rotate(contestants.begin(), contestants.begin() + 1, contestants.end());
  }
  std::sort(contestants.begin(), contestants.end(),
            [](const Contestant& a, const Contestant& b) { return std::string(a.name) < b.name; });
  for (Contestant& contestant : contestants) {
    std::printf("%8u  %-28s", existing, contestant.name);
    for (std::vector<double>* values : {&contestant.publish, &contestant.take_back}) {
      std::printf(" %8.3f %8.3f %8.3f", Quantile(*values, 0), Quantile(*values, 0.5),
                  Quantile(*values, 0.95));
      values->clear();
    }
    std::printf("\n");
  }
  sys::NftTransaction remove(net::kTableFamily, kTable);
  remove.DeleteTable();
  return remove.Commit(socket);
}

absl::Status Main(int argc, char** argv) {
  int rounds = 100;
  if (argc > 2 || (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1))) {
    return absl::InvalidArgumentError("usage: publish [ROUNDS]");
  }
  if (::unshare(CLONE_NEWNET) != 0) return ErrnoStatus(errno, "unshare", "needs root");
  PELAGOS_ASSIGN_OR_RETURN(Change own, OwnMessages());
  PELAGOS_ASSIGN_OR_RETURN(Change nftnl, Libnftnl());
  PELAGOS_ASSIGN_OR_RETURN(Change nftables, Libnftables());
  std::vector<Contestant> contestants = {
      {"Pelagos", own}, {"libnftnl and libmnl", nftnl}, {"libnftables", nftables}};
  std::printf("%d ports in one transaction, %d rounds in turn, milliseconds\n\n", kPorts, rounds);
  std::printf("%8s  %-28s %26s %26s\n", "existing", "", "publish: min, median, p95",
              "take back: the same");
  for (uint16_t existing : {0, 1000, 10000}) {
    PELAGOS_RETURN_IF_ERROR(Compare(contestants, existing, rounds));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "publish: " << status.message() << "\n";
  return 1;
}
