// Asks other resolvers what pelagos-dns does not know itself.
//
// Never blocks: each question has its own sockets (so its own random ports), its own random ids,
// and a timer. The first resolver is asked; the next one as well after a short while or a failure,
// and the first good answer wins. An answer that was cut is asked for again by TCP. Good answers
// are kept (cache.h).
// Bounded: kMaxQuestions at once, kMaxPerAsker for one address; who wants more gets SERVFAIL at
// once. Source: RFC 5452 (resilience against forged answers), RFC 7766 (TCP).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/answer.h"
#include "pelagos/net/dns/cache.h"
#include "pelagos/net/dns/message.h"
#include "pelagos/net/dns/resolvers.h"
#include "pelagos/net/dns/stream.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

class Forwarder {
 public:
  static constexpr size_t kMaxQuestions = 512;
  static constexpr size_t kMaxPerAsker = 64;

  // Where an answer goes: the gateway that was asked, and the asker's address and port; by TCP the
  // number of the connection.
  struct Asker {
    sys::Ipv6 gateway;
    sys::Ipv6 address;
    uint16_t port = 0;
    uint64_t connection = 0;  // 0: by UDP
  };
  using OnAnswer = std::function<void(const Asker& asker, absl::string_view message)>;
  using IsOurs = std::function<bool(const sys::Ipv6& address)>;

  // `loop` outlives the forwarder. `on_answer` is called once for each Ask, perhaps within it.
  // Resolvers that `is_ours` are never asked: it would be ourselves.
  Forwarder(sys::EventLoop& loop, std::string resolv_conf, OnAnswer on_answer, IsOurs is_ours)
      : loop_(loop),
        resolv_conf_(std::move(resolv_conf)),
        on_answer_(std::move(on_answer)),
        is_ours_(std::move(is_ours)) {}
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();

  // `message` is the query as it came.
  void Ask(const Asker& asker, const DnsUpstream& upstream, const DnsQuery& query,
           absl::string_view message);

  size_t questions() const { return questions_.size(); }
  const DnsCache& cache() const { return cache_; }

 private:
  // One resolver, asked once.
  struct Attempt {
    Resolver resolver;
    uint16_t id = 0;  // towards the resolver
    Fd udp;
    std::unique_ptr<DnsStream> tcp;

    int fd() const { return tcp != nullptr ? tcp->fd() : udp.valid() ? udp.get() : -1; }
  };
  struct Question {
    Asker asker;
    DnsQuery query;
    std::string message;
    std::string key, scope;  // of the cache
    std::vector<Resolver> resolvers;
    std::vector<Attempt> attempts;
    std::string bad_answer;  // better than none
    absl::Time deadline;
    sys::EventLoop::TimerId timer = 0;
  };

  // Asks the next resolver. Ends the question when all were tried and none can answer any more.
  void Next(uint64_t number);
  bool AskByUdp(uint64_t number, size_t index);
  bool AskByTcp(uint64_t number, size_t index);
  void OnTimer(uint64_t number);
  void OnUdp(uint64_t number, size_t index);
  void OnTcp(uint64_t number, size_t index, uint32_t events);
  void OnReply(uint64_t number, size_t index, absl::string_view reply);
  void Close(Attempt& attempt);
  // `answer` may be part of the question.
  void Finish(uint64_t number, std::string answer);

  sys::EventLoop& loop_;
  ResolvConf resolv_conf_;
  const OnAnswer on_answer_;
  const IsOurs is_ours_;
  DnsCache cache_;
  std::map<uint64_t, Question> questions_;
  std::map<sys::Ipv6, size_t> per_asker_;
  uint64_t last_ = 0;
};

}  // namespace pelagos::net
