#include "pelagos/net/dns/cache.h"

#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pelagos::net {

size_t DnsCache::Entry::bytes() const {
  // The key is held twice; lists and map take about as much as an Entry again.
  return 2 * sizeof(Entry) + 2 * key.size() + scope.size() + answer.size() +
         ttl_offsets.size() * sizeof(size_t);
}

std::string DnsCache::KeyOf(const DnsUpstream& upstream, const DnsQuery& query) {
  if (!query.plain) return "";
  // Names may hold any byte, but their question ends the key, and nothing before it holds a NUL.
  // Type and class behind the name have no case.
  const absl::string_view question = query.question;
  const absl::string_view nul("\0", 1);
  return absl::StrCat(upstream.scope, nul, absl::StrJoin(upstream.resolvers, " "), nul, query.flags,
                      nul, absl::AsciiStrToLower(question.substr(0, question.size() - 4)),
                      question.substr(question.size() - 4));
}

std::optional<std::string> DnsCache::Find(const std::string& key, absl::Time now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  const Entry& entry = *found->second;
  if (now >= entry.until || now < entry.added) {
    Remove(found->second);
    return std::nullopt;
  }
  std::string answer = entry.answer;
  Age(answer, entry.ttl_offsets, static_cast<uint32_t>(absl::ToInt64Seconds(now - entry.added)));
  return answer;
}

void DnsCache::Add(const std::string& key, const std::string& scope, absl::string_view answer,
                   absl::Time now) {
  if (key.empty() || answer.size() > kMaxAnswer) return;
  DnsLifetime life = LifetimeOf(answer);
  if (life.seconds == 0) return;
  if (const auto old = by_key_.find(key); old != by_key_.end()) Remove(old->second);
  entries_.push_back({key,
                      scope,
                      std::string(answer),
                      std::move(life.ttl_offsets),
                      now,
                      now + absl::Seconds(life.seconds),
                      {}});
  const Entries::iterator entry = std::prev(entries_.end());
  Share& share = shares_[scope];
  share.entries.push_back(entry);
  entry->in_scope = std::prev(share.entries.end());
  by_key_[key] = entry;
  share.bytes += entry->bytes();
  bytes_ += entry->bytes();
  while (share.bytes > kMaxOfScope && share.entries.size() > 1) Remove(share.entries.front());
  while (bytes_ > kMaxInAll && entries_.size() > 1) Remove(entries_.begin());
}

void DnsCache::Remove(Entries::iterator entry) {
  const auto share = shares_.find(entry->scope);
  share->second.entries.erase(entry->in_scope);
  share->second.bytes -= entry->bytes();
  if (share->second.entries.empty()) shares_.erase(share);
  bytes_ -= entry->bytes();
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace pelagos::net
