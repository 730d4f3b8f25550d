// Asks the host's resolvers what pelagos-dns does not know itself.
//
// Never blocks: each question has its own socket (so its own random port), its own random id, and
// a timer; a resolver that is silent or refuses is followed by the next one of resolv.conf.
// Bounded: kMaxQuestions at once, kMaxPerAsker for one address; who wants more gets SERVFAIL at
// once. Source: resolv.conf(5), RFC 5452 (resilience against forged answers).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/message.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {

// The address of a resolver, IPv4 or IPv6, port 53.
struct Resolver {
  sockaddr_storage address{};
  socklen_t size = 0;
};

// The `nameserver` lines of a resolv.conf; at most three, as glibc. Lines that are no addresses
// are left out.
std::vector<Resolver> ParseResolvers(absl::string_view text);

class Forwarder {
 public:
  static constexpr size_t kMaxQuestions = 512;
  static constexpr size_t kMaxPerAsker = 64;

  // Where an answer goes: the gateway that was asked, and the asker's address and port.
  struct Asker {
    sys::Ipv4 gateway;
    sys::Ipv4 address;
    uint16_t port = 0;
  };
  using OnAnswer = std::function<void(const Asker& asker, absl::string_view message)>;

  // `loop` outlives the forwarder. `on_answer` is called once for each Ask, perhaps within it.
  Forwarder(sys::EventLoop& loop, std::string resolv_conf, OnAnswer on_answer)
      : loop_(loop), resolv_conf_(std::move(resolv_conf)), on_answer_(std::move(on_answer)) {}
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();

  // `message` is the query as it came.
  void Ask(const Asker& asker, const DnsQuery& query, absl::string_view message);

  size_t questions() const { return questions_.size(); }

 private:
  struct Question {
    Asker asker;
    DnsQuery query;
    std::string message;
    uint16_t id = 0;  // towards the resolver
    size_t attempts = 0;
    Fd socket;
    sys::EventLoop::TimerId timer = 0;
  };

  void ReadResolvers();
  // Asks the next resolver; answers with SERVFAIL when all were tried.
  void Try(uint64_t number);
  void OnReadable(uint64_t number);
  void Stop(Question& question);
  void Finish(uint64_t number, absl::string_view answer);

  sys::EventLoop& loop_;
  const std::string resolv_conf_;
  const OnAnswer on_answer_;
  std::vector<Resolver> resolvers_;
  std::pair<uint64_t, int64_t> resolv_conf_seen_ = {0, 0};  // inode and time of change
  std::map<uint64_t, Question> questions_;
  std::map<sys::Ipv4, size_t> per_asker_;
  uint64_t last_ = 0;
};

}  // namespace pelagos::net
