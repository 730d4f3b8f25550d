#include "pelagos/container/attachments.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/container/attach_protocol.h"

namespace pelagos::container {
namespace {

class AttachmentsTest : public testing::Test {
 protected:
  AttachmentsTest()
      : loop_(*sys::EventLoop::Create()),
        attached_(
            loop_,
            {.input =
                 [this](absl::string_view bytes) {
                   heard_.emplace_back(absl::StrCat("input ", bytes));
                   return takes_;
                 },
             .input_end = [this] { heard_.push_back("end"); },
             .window =
                 [this](uint16_t rows, uint16_t columns) {
                   heard_.push_back(absl::StrCat("window ", rows, " ", columns));
                 },
             .signal = [this](int signal) { heard_.push_back(absl::StrCat("signal ", signal)); },
             .unblocked = [this] { heard_.push_back("unblocked"); }}) {}

  Fd Attach() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQ(attached_.Add(Fd(ends[0])), absl::OkStatus());
    return Fd(ends[1]);
  }
  static void Say(const Fd& client, const std::string& packet) {
    EXPECT_EQ(::send(client.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()));
  }
  // The next packet, or "" at the end, or "nothing".
  static std::string Hear(const Fd& client) {
    char packet[kMostAttachBytes + 2];
    const ssize_t size = ::recv(client.get(), packet, sizeof(packet), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(packet, static_cast<size_t>(size));
  }
  // Until nothing is left to do at once.
  void Settle() {
    bool over = false;
    loop_.AddTimer(absl::Milliseconds(1), [&] { over = true; });
    EXPECT_EQ(loop_.RunUntil([&] { return over; }), absl::OkStatus());
  }

  sys::EventLoop loop_;
  std::vector<std::string> heard_;
  bool takes_ = true;
  Attachments attached_;
};

TEST_F(AttachmentsTest, AllHearWhatIsSaidButTheQuietOnes) {
  const Fd one = Attach(), two = Attach(), quiet = Attach();
  Say(quiet, "q");
  Settle();
  attached_.Send(kAttachStdout, "out");
  attached_.Send(kAttachStderr, "err");
  for (const Fd* client : {&one, &two}) {
    EXPECT_EQ(Hear(*client), "oout");
    EXPECT_EQ(Hear(*client), "eerr");
    EXPECT_EQ(Hear(*client), "nothing");
  }
  EXPECT_EQ(Hear(quiet), "nothing");
  attached_.Finish(7);
  for (const Fd* client : {&one, &two, &quiet}) {
    EXPECT_EQ(Hear(*client), "x\7");
    EXPECT_EQ(Hear(*client), "");
  }
  EXPECT_TRUE(attached_.empty());
}

TEST_F(AttachmentsTest, WhatTheySayIsUnderstoodAndInputIsAcknowledged) {
  const Fd client = Attach();
  Say(client, "itext");
  Say(client, std::string("w\x18\0\x50\0", 5));
  Say(client, "s\x0f");
  Say(client, "e");
  Settle();
  EXPECT_EQ(heard_, (std::vector<std::string>{"input text", "window 24 80", "signal 15", "end"}));
  EXPECT_EQ(Hear(client), "g");
}

TEST_F(AttachmentsTest, InputThatIsKeptIsAcknowledgedWhenItWent) {
  const Fd client = Attach();
  takes_ = false;
  Say(client, "ia");
  Say(client, "ib");
  Say(client, "s\x02");
  Settle();
  EXPECT_EQ(heard_.back(), "signal 2") << "a signal is not behind it";
  EXPECT_EQ(Hear(client), "nothing");
  attached_.Went();
  EXPECT_EQ(Hear(client), "g");
  EXPECT_EQ(Hear(client), "g");
  EXPECT_EQ(Hear(client), "nothing");
}

TEST_F(AttachmentsTest, WhoDoesNotKeepToTheProtocolGoes) {
  takes_ = false;
  for (const std::string& packet :
       {std::string("z"), std::string("w1"), std::string("s"), std::string("s12"),
        "i" + std::string(kMostAttachBytes + 1, 'x')}) {
    const Fd client = Attach();
    Say(client, packet);
    Settle();
    EXPECT_EQ(Hear(client), "") << packet.substr(0, 3);
  }
  const Fd ahead = Attach();
  for (int i = 0; i <= kMostInputAhead; ++i) Say(ahead, "ix");
  Settle();
  EXPECT_EQ(Hear(ahead), "") << "too much without an answer";
  EXPECT_TRUE(attached_.empty());
}

TEST_F(AttachmentsTest, WhoDoesNotReadHoldsTheOthersUpUntilHeReadsOrGoes) {
  Fd slow = Attach();
  const Fd quick = Attach();
  const std::string chunk(kMostAttachBytes, 'c');
  int sent = 0;
  for (; !attached_.blocked() && sent < 10000; ++sent) {
    attached_.Send(kAttachStdout, chunk);
    EXPECT_EQ(Hear(quick).size(), chunk.size() + 1);
  }
  ASSERT_TRUE(attached_.blocked());
  for (int i = 0; i < sent; ++i) {
    EXPECT_EQ(Hear(slow).size(), chunk.size() + 1) << i;
    Settle();
  }
  EXPECT_FALSE(attached_.blocked());
  EXPECT_EQ(heard_, std::vector<std::string>{"unblocked"});
  for (sent = 0; !attached_.blocked() && sent < 10000; ++sent) {
    attached_.Send(kAttachStdout, chunk);
    Hear(quick);
  }
  slow.reset();
  Settle();
  EXPECT_FALSE(attached_.blocked()) << "one who is gone waits for nothing";
}

TEST_F(AttachmentsTest, TheLastWordIsHeardAlsoByWhoReadsLate) {
  const Fd late = Attach();
  const std::string chunk(kMostAttachBytes, 'c');
  int sent = 0;
  for (; !attached_.blocked() && sent < 10000; ++sent) attached_.Send(kAttachStdout, chunk);
  attached_.Finish(3);
  EXPECT_FALSE(attached_.empty());
  for (int i = 0; i < sent; ++i) {
    EXPECT_EQ(Hear(late).size(), chunk.size() + 1);
    Settle();
  }
  EXPECT_EQ(Hear(late), "x\3");
  EXPECT_EQ(Hear(late), "");
  EXPECT_TRUE(attached_.empty());
}

}  // namespace
}  // namespace pelagos::container
