#include "pelagos/net/dns/forwarder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr uint16_t kDnsPort = 53;
constexpr size_t kMaxResolvers = 3;
constexpr size_t kAttempts = 3;  // so that all is over before the asker's own 5 seconds are
constexpr absl::Duration kPatience = absl::Milliseconds(1500);

bool ParseResolver(const std::string& text, Resolver& resolver) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&resolver.address);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(kDnsPort);
    resolver.size = sizeof(*v4);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&resolver.address);
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(kDnsPort);
    resolver.size = sizeof(*v6);
    return true;
  }
  return false;
}

}  // namespace

std::vector<Resolver> ParseResolvers(absl::string_view text) {
  std::vector<Resolver> resolvers;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    Resolver resolver;
    if (words.size() >= 2 && words[0] == "nameserver" && resolvers.size() < kMaxResolvers &&
        ParseResolver(words[1], resolver)) {
      resolvers.push_back(resolver);
    }
  }
  return resolvers;
}

Forwarder::~Forwarder() {
  for (auto& [number, question] : questions_) Stop(question);
}

// Reads the file again when it is another one: a laptop changes networks.
void Forwarder::ReadResolvers() {
  struct stat info = {};
  if (::stat(resolv_conf_.c_str(), &info) != 0) {
    resolvers_.clear();
    resolv_conf_seen_ = {0, 0};
    return;
  }
  const std::pair<uint64_t, int64_t> now = {
      info.st_ino, int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec};
  if (now == resolv_conf_seen_) return;
  absl::StatusOr<std::string> text = sys::ReadFile(resolv_conf_, 1 << 16);
  resolvers_ = text.ok() ? ParseResolvers(*text) : std::vector<Resolver>();
  resolv_conf_seen_ = now;
}

void Forwarder::Ask(const Asker& asker, const DnsQuery& query, absl::string_view message) {
  ReadResolvers();
  const auto in_use = per_asker_.find(asker.address);
  if (resolvers_.empty() || questions_.size() >= kMaxQuestions ||
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
  Try(number);
}

void Forwarder::Try(uint64_t number) {
  Question& question = questions_.at(number);
  while (question.attempts < kAttempts && !resolvers_.empty()) {
    Stop(question);
    const Resolver& resolver = resolvers_[question.attempts++ % resolvers_.size()];
    if (::getrandom(&question.id, sizeof(question.id), 0) != sizeof(question.id)) continue;
    question.socket =
        Fd(::socket(resolver.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!question.socket.valid()) continue;
    const int fd = question.socket.get();
    const std::string message = WithId(question.message, question.id);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&resolver.address), resolver.size) != 0 ||
        ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) < 0 ||
        !loop_.Watch(fd, EPOLLIN, [this, number](uint32_t) { OnReadable(number); }).ok()) {
      question.socket.reset();
      continue;
    }
    question.timer = loop_.AddTimer(kPatience, [this, number] {
      questions_.at(number).timer = 0;
      Try(number);
    });
    return;
  }
  Finish(number, WriteEmptyAnswer(question.query, DnsCode::kServerFailure));
}

void Forwarder::OnReadable(uint64_t number) {
  Question& question = questions_.at(number);
  char buffer[4096];
  const ssize_t size = ::recv(question.socket.get(), buffer, sizeof(buffer), MSG_TRUNC);
  if (size < 0) {
    if (errno != EAGAIN && errno != EINTR) Try(number);  // refused: the next one
    return;
  }
  if (static_cast<size_t>(size) > sizeof(buffer)) return;
  const absl::string_view reply(buffer, static_cast<size_t>(size));
  if (!IsReplyTo(reply, question.query, question.id)) return;  // forged: the right one may come
  Finish(number, WithId(reply, question.query.id));
}

void Forwarder::Stop(Question& question) {
  if (question.timer != 0) loop_.CancelTimer(std::exchange(question.timer, 0));
  if (question.socket.valid()) loop_.Forget(question.socket.get());
  question.socket.reset();
}

void Forwarder::Finish(uint64_t number, absl::string_view answer) {
  const auto found = questions_.find(number);
  const Asker asker = found->second.asker;
  Stop(found->second);
  questions_.erase(found);
  if (--per_asker_[asker.address] == 0) per_asker_.erase(asker.address);
  on_answer_(asker, answer);
}

}  // namespace pelagos::net
