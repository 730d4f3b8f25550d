#include "pelagos/net/dns/cache.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pelagos::net {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

DnsQuery Query(const std::string& label, uint8_t type = 1) {
  std::string message("\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
  message += static_cast<char>(label.size()) + label;
  message.append({0, 0, static_cast<char>(type), 0, 1});
  return ParseDnsQuery(message).value();
}

// A resolver's answer with that TTL and `padding` bytes of a TXT record's data.
std::string Answer(const DnsQuery& query, uint8_t ttl, size_t padding = 4) {
  std::string message("\x12\x34\x81\x80\0\1\0\1\0\0\0\0", 12);
  message += query.question;
  message += std::string("\xc0\x0c\0\x10\0\1\0\0\0", 9) + static_cast<char>(ttl);
  message += static_cast<char>(padding >> 8);
  message += static_cast<char>(padding);
  return message + std::string(padding, 'x');
}

TEST(DnsCacheTest, AnswersGrowOld) {
  DnsCache cache;
  const DnsQuery query = Query("web");
  const std::string key = DnsCache::KeyOf({"net", {}}, query);
  EXPECT_FALSE(cache.Find(key, kStart));
  cache.Add(key, "net", Answer(query, 60), kStart);
  EXPECT_EQ(cache.Find(key, kStart), Answer(query, 60));
  EXPECT_EQ(cache.Find(key, kStart + absl::Seconds(20)), Answer(query, 40));
  EXPECT_EQ(cache.Find(key, kStart + absl::Seconds(59)), Answer(query, 1));
  EXPECT_FALSE(cache.Find(key, kStart + absl::Seconds(60)));
  EXPECT_EQ(cache.answers(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(DnsCacheTest, WhatIsNotKept) {
  DnsCache cache;
  const DnsQuery query = Query("web");
  const std::string key = DnsCache::KeyOf({"net", {}}, query);
  cache.Add(key, "net", Answer(query, 0), kStart);
  cache.Add("", "net", Answer(query, 60), kStart);
  cache.Add(key, "net", Answer(query, 60, DnsCache::kMaxAnswer), kStart);
  cache.Add(key, "net", "nonsense", kStart);
  EXPECT_EQ(cache.answers(), 0u);
  DnsQuery odd = query;
  odd.plain = false;
  EXPECT_EQ(DnsCache::KeyOf({"net", {}}, odd), "");
}

TEST(DnsCacheTest, KeysKeepApartWhatDiffers) {
  const std::string key = DnsCache::KeyOf({"net", {"9.9.9.9"}}, Query("web"));
  EXPECT_EQ(DnsCache::KeyOf({"net", {"9.9.9.9"}}, Query("WEB")), key);
  EXPECT_NE(DnsCache::KeyOf({"net2", {"9.9.9.9"}}, Query("web")), key);
  EXPECT_NE(DnsCache::KeyOf({"net", {}}, Query("web")), key);
  EXPECT_NE(DnsCache::KeyOf({"net", {"9.9.9.9"}}, Query("web2")), key);
  // 65 and 97 are the letters A and a.
  EXPECT_NE(DnsCache::KeyOf({"net", {}}, Query("web", 65)),
            DnsCache::KeyOf({"net", {}}, Query("web", 97)));
  DnsQuery flags = Query("web");
  flags.flags ^= 0x10;
  EXPECT_NE(DnsCache::KeyOf({"net", {"9.9.9.9"}}, flags), key);
}

TEST(DnsCacheTest, ANewAnswerReplacesTheOldOne) {
  DnsCache cache;
  const DnsQuery query = Query("web");
  cache.Add("key", "net", Answer(query, 60), kStart);
  const size_t bytes = cache.bytes();
  cache.Add("key", "net", Answer(query, 90), kStart);
  EXPECT_EQ(cache.answers(), 1u);
  EXPECT_EQ(cache.bytes(), bytes);
  EXPECT_EQ(cache.Find("key", kStart), Answer(query, 90));
}

TEST(DnsCacheTest, SharesAreBounded) {
  DnsCache cache;
  const DnsQuery query = Query("web");
  cache.Add("other", "other", Answer(query, 60), kStart);
  for (int i = 0; i < 10000; ++i) {
    cache.Add(absl::StrCat("key", i), "net", Answer(query, 60, 1000), kStart);
    ASSERT_LE(cache.bytes(), DnsCache::kMaxOfScope + 4096);
  }
  EXPECT_GT(cache.bytes(), DnsCache::kMaxOfScope / 2);
  EXPECT_TRUE(cache.Find("other", kStart));
  EXPECT_TRUE(cache.Find("key9999", kStart));
  EXPECT_FALSE(cache.Find("key0", kStart));
  for (int i = 0; i < 1000; ++i) {
    for (int j = 0; j < 20; ++j) {
      cache.Add(absl::StrCat(i, "-", j), absl::StrCat("net", i), Answer(query, 60, 1000), kStart);
    }
    ASSERT_LE(cache.bytes(), DnsCache::kMaxInAll);
  }
  EXPECT_FALSE(cache.Find("other", kStart));
}

}  // namespace
}  // namespace pelagos::net
