#include "pelagos/net/dns/forwarder.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>

#include "absl/status/status.h"

namespace pelagos::net {
namespace {

constexpr size_t kAttempts = 3;                                  // at least, with one resolver
constexpr absl::Duration kImpatience = absl::Milliseconds(300);  // until another one is asked, too
constexpr absl::Duration kPatience = absl::Milliseconds(1500);   // until one is asked again
constexpr absl::Duration kAllTime = absl::Milliseconds(4500);    // less than the asker's 5 seconds

// A clock that does not jump; its zero means nothing.
absl::Time Now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::TimeFromTimespec(now);
}

size_t AttemptsWith(size_t resolvers) { return std::max(kAttempts, resolvers + 1); }

}  // namespace

Forwarder::~Forwarder() {
  for (auto& [number, question] : questions_) {
    if (question.timer != 0) loop_.CancelTimer(question.timer);
    for (Attempt& attempt : question.attempts) Close(attempt);
  }
}

void Forwarder::Ask(const Asker& asker, const DnsUpstream& upstream, const DnsQuery& query,
                    absl::string_view message) {
  std::string key = DnsCache::KeyOf(upstream, query);
  const absl::Time now = Now();
  if (std::optional<std::string> answer = cache_.Find(key, now)) {
    on_answer_(asker, FitReply(*std::move(answer), query));
    return;
  }
  std::vector<Resolver> resolvers =
      upstream.resolvers.empty() ? resolv_conf_.resolvers() : ResolversOf(upstream.resolvers);
  std::erase_if(resolvers, [&](const Resolver& one) { return is_ours_(one.mapped()); });
  const auto in_use = per_asker_.find(asker.address);
  if (resolvers.empty() || questions_.size() >= kMaxQuestions ||
      (in_use != per_asker_.end() && in_use->second >= kMaxPerAsker)) {
    on_answer_(asker, WriteEmptyAnswer(query, DnsCode::kServerFailure));
    return;
  }
  const uint64_t number = ++last_;
  ++per_asker_[asker.address];
  Question& question = questions_[number];
  question.asker = asker;
  question.query = query;
  question.message = std::string(message);
  question.key = std::move(key);
  question.scope = upstream.scope;
  question.resolvers = std::move(resolvers);
  question.attempts.reserve(AttemptsWith(question.resolvers.size()));
  question.deadline = now + kAllTime;
  Next(number);
}

void Forwarder::Next(uint64_t number) {
  Question& question = questions_.at(number);
  const size_t resolvers = question.resolvers.size();
  const size_t limit = AttemptsWith(resolvers);
  if (question.timer != 0) loop_.CancelTimer(std::exchange(question.timer, 0));
  while (question.attempts.size() < limit) {
    const size_t index = question.attempts.size();
    question.attempts.emplace_back().resolver = question.resolvers[index % resolvers];
    if (!AskByUdp(number, index)) continue;
    absl::Duration wait = question.deadline - Now();
    if (index + 1 < limit) wait = std::min(wait, index + 1 < resolvers ? kImpatience : kPatience);
    question.timer = loop_.AddTimer(wait, [this, number] { OnTimer(number); });
    return;
  }
  for (const Attempt& attempt : question.attempts) {
    if (attempt.fd() < 0) continue;
    question.timer = loop_.AddTimer(question.deadline - Now(), [this, number] { OnTimer(number); });
    return;
  }
  Finish(number, std::move(question.bad_answer));
}

void Forwarder::OnTimer(uint64_t number) {
  Question& question = questions_.at(number);
  question.timer = 0;
  if (Now() < question.deadline) return Next(number);
  Finish(number, std::move(question.bad_answer));
}

bool Forwarder::AskByUdp(uint64_t number, size_t index) {
  Question& question = questions_.at(number);
  Attempt& attempt = question.attempts[index];
  if (::getrandom(&attempt.id, sizeof(attempt.id), 0) != sizeof(attempt.id)) return false;
  const Resolver& resolver = attempt.resolver;
  attempt.udp =
      Fd(::socket(resolver.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!attempt.udp.valid()) return false;
  const int fd = attempt.udp.get();
  const std::string message = WithId(question.message, attempt.id);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&resolver.address), resolver.size) == 0 &&
      ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) >= 0 &&
      loop_.Watch(fd, EPOLLIN, [this, number, index](uint32_t) { OnUdp(number, index); }).ok()) {
    return true;
  }
  attempt.udp.reset();
  return false;
}

void Forwarder::OnUdp(uint64_t number, size_t index) {
  Attempt& attempt = questions_.at(number).attempts[index];
  char buffer[4096];
  const ssize_t size = ::recv(attempt.udp.get(), buffer, sizeof(buffer), MSG_TRUNC);
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    Close(attempt);  // refused
    return Next(number);
  }
  if (static_cast<size_t>(size) > sizeof(buffer)) return;
  OnReply(number, index, absl::string_view(buffer, static_cast<size_t>(size)));
}

bool Forwarder::AskByTcp(uint64_t number, size_t index) {
  Question& question = questions_.at(number);
  Attempt& attempt = question.attempts[index];
  const Resolver& resolver = attempt.resolver;
  Fd fd(::socket(resolver.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return false;
  const int number_of_fd = fd.get();
  if (::connect(number_of_fd, reinterpret_cast<const sockaddr*>(&resolver.address),
                resolver.size) != 0 &&
      errno != EINPROGRESS) {
    return false;
  }
  attempt.tcp = std::make_unique<DnsStream>(std::move(fd), kLargestDnsMessage);
  attempt.tcp->Add(WithId(question.message, attempt.id));
  if (loop_
          .Watch(number_of_fd, EPOLLIN | EPOLLOUT,
                 [this, number, index](uint32_t events) { OnTcp(number, index, events); })
          .ok()) {
    return true;
  }
  attempt.tcp.reset();
  return false;
}

void Forwarder::OnTcp(uint64_t number, size_t index, uint32_t events) {
  Attempt& attempt = questions_.at(number).attempts[index];
  DnsStream::State state = DnsStream::State::kOpen;
  if (attempt.tcp->pending() > 0) {
    state = attempt.tcp->Flush();
    if (state == DnsStream::State::kOpen && attempt.tcp->pending() == 0 &&
        !loop_
             .Watch(attempt.fd(), EPOLLIN,
                    [this, number, index](uint32_t later) { OnTcp(number, index, later); })
             .ok()) {
      state = DnsStream::State::kBroken;
    }
  }
  std::optional<std::string> reply;
  if (state == DnsStream::State::kOpen && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    state = attempt.tcp->Receive([&](absl::string_view message) {
      reply = std::string(message);
      return false;
    });
  }
  if (reply) return OnReply(number, index, *reply);
  if (state == DnsStream::State::kOpen) return;
  Close(attempt);
  Next(number);
}

void Forwarder::OnReply(uint64_t number, size_t index, absl::string_view reply) {
  Question& question = questions_.at(number);
  Attempt& attempt = question.attempts[index];
  const bool by_tcp = attempt.tcp != nullptr;
  if (!IsReplyTo(reply, question.query, attempt.id)) {
    if (!by_tcp) return;  // forged: the right one may come
    Close(attempt);
    return Next(number);
  }
  if (!by_tcp && IsTruncated(reply)) {
    question.bad_answer = std::string(reply);
    Close(attempt);
    if (!AskByTcp(number, index)) Next(number);
    return;
  }
  const uint8_t code = CodeOf(reply);
  if (code != static_cast<uint8_t>(DnsCode::kOk) &&
      code != static_cast<uint8_t>(DnsCode::kNoSuchName)) {
    if (question.bad_answer.empty()) question.bad_answer = std::string(reply);
    Close(attempt);
    return Next(number);
  }
  cache_.Add(question.key, question.scope, reply, Now());
  Finish(number, std::string(reply));
}

void Forwarder::Close(Attempt& attempt) {
  if (attempt.fd() >= 0) loop_.Forget(attempt.fd());
  attempt.udp.reset();
  attempt.tcp.reset();
}

void Forwarder::Finish(uint64_t number, std::string answer) {
  auto node = questions_.extract(number);
  Question& question = node.mapped();
  if (question.timer != 0) loop_.CancelTimer(question.timer);
  for (Attempt& attempt : question.attempts) Close(attempt);
  const auto in_use = per_asker_.find(question.asker.address);
  if (--in_use->second == 0) per_asker_.erase(in_use);
  answer = answer.empty() ? WriteEmptyAnswer(question.query, DnsCode::kServerFailure)
                          : FitReply(std::move(answer), question.query);
  on_answer_(question.asker, answer);
}

}  // namespace pelagos::net
