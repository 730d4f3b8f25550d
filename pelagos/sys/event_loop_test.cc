#include "pelagos/sys/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace pelagos::sys {
namespace {

TEST(EventLoopTest, TimersFireInOrderAndCanBeCancelled) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok());
  std::vector<int> fired;
  loop->AddTimer(absl::Milliseconds(20), [&] { fired.push_back(2); });
  loop->AddTimer(absl::Milliseconds(1), [&] { fired.push_back(1); });
  const auto cancelled = loop->AddTimer(absl::Milliseconds(5), [&] { fired.push_back(9); });
  loop->CancelTimer(cancelled);
  ASSERT_TRUE(loop->RunUntil([&] { return fired.size() == 2; }).ok());
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
}

TEST(EventLoopTest, PipesReportDataAndTheirEnd) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok());
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd read_end(ends[0]), write_end(ends[1]);
  std::string got;
  bool ended = false;
  ASSERT_TRUE(loop->Watch(read_end.get(), EPOLLIN,
                          [&](uint32_t) {
                            char buffer[16];
                            const ssize_t size = ::read(read_end.get(), buffer, sizeof(buffer));
                            if (size > 0) got.append(buffer, static_cast<size_t>(size));
                            if (size == 0) {
                              loop->Forget(read_end.get());
                              ended = true;
                            }
                          })
                  .ok());
  ASSERT_EQ(::write(write_end.get(), "hi", 2), 2);
  write_end.reset();
  ASSERT_TRUE(loop->RunUntil([&] { return ended; }).ok());
  EXPECT_EQ(got, "hi");
}

TEST(EventLoopTest, SignalsArriveAsEvents) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok());
  int got = 0;
  ASSERT_TRUE(loop->WatchSignals({SIGUSR1}, [&](int signal) { got = signal; }).ok());
  ASSERT_EQ(::kill(::getpid(), SIGUSR1), 0);
  ASSERT_TRUE(loop->RunUntil([&] { return got != 0; }).ok());
  EXPECT_EQ(got, SIGUSR1);
}

}  // namespace
}  // namespace pelagos::sys
