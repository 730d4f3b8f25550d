// What resolvers have answered, as long as they said it is good.
//
// Each network has its own share, so that none sees or fills that of another; when a share or the
// whole is full, the oldest answers go. Values of time come from the caller.
// Source: RFC 2308 (negative answers), RFC 1035 section 3.2.1 (TTL).
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/net/dns/answer.h"
#include "pelagos/net/dns/message.h"

namespace pelagos::net {

class DnsCache {
 public:
  static constexpr size_t kMaxAnswer = 4096;        // bytes; longer ones are not kept
  static constexpr size_t kMaxOfScope = 256 << 10;  // bytes, about
  static constexpr size_t kMaxInAll = 2 << 20;

  // Good for an answer under the same query from the same resolvers. Empty: not to be kept.
  static std::string KeyOf(const DnsUpstream& upstream, const DnsQuery& query);

  // The answer as it came, but for its times. Nothing if there is none that is still good.
  std::optional<std::string> Find(const std::string& key, absl::Time now);
  // Keeps the answer, if it may be kept.
  void Add(const std::string& key, const std::string& scope, absl::string_view answer,
           absl::Time now);

  size_t answers() const { return by_key_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key, scope, answer;
    std::vector<size_t> ttl_offsets;
    absl::Time added, until;
    std::list<std::list<Entry>::iterator>::iterator in_scope;

    size_t bytes() const;
  };
  using Entries = std::list<Entry>;  // the oldest first
  struct Share {
    std::list<Entries::iterator> entries;  // the oldest first
    size_t bytes = 0;
  };

  void Remove(Entries::iterator entry);

  Entries entries_;
  absl::flat_hash_map<std::string, Entries::iterator> by_key_;
  std::map<std::string, Share> shares_;
  size_t bytes_ = 0;
};

}  // namespace pelagos::net
