#include "pelagos/sys/net/netlink_message.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

namespace pelagos::sys {
namespace {

TEST(NetlinkMessageTest, BytesAreAsTheKernelWantsThem) {
  MessageBatch batch;
  batch.Begin(RTM_NEWLINK, NLM_F_CREATE, rtgenmsg{0}, "first");
  batch.PutString(3, "eth0");
  batch.Nest(18, [&] { batch.PutU8(1, 7); });
  batch.Acknowledge();
  batch.Begin(RTM_DELLINK, 0, rtgenmsg{0}, "second");
  const std::string expected(
      "\x2c\0\0\0"        // length 44
      "\x10\0\x05\x04"    // RTM_NEWLINK, CREATE|REQUEST|ACK
      "\0\0\0\0\0\0\0\0"  // sequence, port
      "\0\0\0\0"          // rtgenmsg, padded
      "\x09\0\x03\0"      // length without padding, type
      "eth0\0\0\0\0"      // NUL, padding
      "\x0c\0\x12\x80"    // nested
      "\x05\0\x01\0\x07\0\0\0"
      "\x14\0\0\0\x11\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0",
      64);
  EXPECT_EQ(batch.bytes(), expected);
  EXPECT_EQ(batch.labels(), (std::vector<std::string>{"first", "second"}));
}

TEST(NetlinkMessageTest, WhatIsWrittenIsRead) {
  MessageBatch batch;
  batch.Begin(1, 0, rtgenmsg{0}, "");
  batch.PutString(1, "name");
  batch.PutU32(2, 77);
  batch.Nest(3, [&] { batch.PutU16(4, 5); });
  const absl::string_view attributes = absl::string_view(batch.bytes()).substr(20);
  EXPECT_EQ(AttributeReader::Find(attributes, 1)->AsString(), "name");
  EXPECT_EQ(AttributeReader::Find(attributes, 2)->As<uint32_t>(), 77u);
  const auto nested = AttributeReader::Find(attributes, 3);
  ASSERT_TRUE(nested.has_value());
  EXPECT_EQ(AttributeReader::Find(nested->value, 4)->As<uint16_t>(), 5);
  EXPECT_FALSE(AttributeReader::Find(attributes, 9).has_value());
}

TEST(NetlinkMessageTest, MalformedAttributesEndTheReading) {
  for (const std::string& bytes :
       {std::string("\x03\0\x01\0", 4), std::string("\0\0\x01\0", 4), std::string("\x08\0\x01", 3),
        std::string("\xff\xff\x01\0abcd", 8)}) {
    EXPECT_FALSE(AttributeReader(bytes).Next().has_value());
  }
  // A number that is too short is zero, not what lies behind it.
  const auto attribute = AttributeReader(std::string("\x06\0\x01\0\x07\x07", 6)).Next();
  ASSERT_TRUE(attribute.has_value());
}

}  // namespace
}  // namespace pelagos::sys
