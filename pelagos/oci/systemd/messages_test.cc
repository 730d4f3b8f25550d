#include "pelagos/oci/systemd/messages.h"

#include <gtest/gtest.h>

namespace pelagos::oci {
namespace {

TEST(SystemdMessagesTest, ComeOutAsTheyWentIn) {
  SystemdRequest request;
  request.ask = SystemdAsk::kStart;
  request.user = true;
  request.patience_millis = 5;
  request.unit = "a.scope";
  request.properties = {{"Slice", {"s", "\"x\\ny\""}}, {"AllowedCPUs", {"ay", "[1,2]"}}};
  request.pids = {1, 4'000'000'000};
  request.below = "/a";
  const auto read = ParseRequest(PrintRequest(request));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, request);
  const SystemdReply reply = {"it's \"so\"\n\xff", true, "/a", 252};
  const auto answer = ParseReply(PrintReply(reply));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->error, "it's \"so\"\n\xef\xbf\xbd");
  EXPECT_TRUE(answer->unit_is_others);
  EXPECT_EQ(answer->cgroup, "/a");
  EXPECT_EQ(answer->version, 252);
}

TEST(SystemdMessagesTest, WhatIsNotOursIsAnError) {
  for (const char* text : {"", "{", "[]", "{}", R"({"ask": "x"})", "null"}) {
    EXPECT_FALSE(ParseRequest(text).ok()) << text;
    EXPECT_FALSE(ParseReply(text).ok()) << text;
  }
  std::string text = PrintRequest({});
  text.replace(text.find("\"ask\":0"), 7, "\"ask\":9");
  EXPECT_FALSE(ParseRequest(text).ok());
}

}  // namespace
}  // namespace pelagos::oci
