#include "pelagos/abi/signal.h"

#include <gtest/gtest.h>

#include <csignal>

namespace pelagos {
namespace {

static_assert(FindSignal("TERM") == SIGTERM);
static_assert(FindSignal("SIGTERM") == SIGTERM);
static_assert(FindSignal("sigterm") == SIGTERM);
static_assert(FindSignal("15") == SIGTERM);
static_assert(FindSignal("USR1") == SIGUSR1);
static_assert(FindSignal("CHLD") == SIGCHLD);
static_assert(FindSignal("WINCH") == SIGWINCH);
static_assert(FindSignal("PWR") == SIGPWR);
static_assert(FindSignal("RTMIN") == 34);
static_assert(FindSignal("SIGRTMIN+3") == 37);
static_assert(FindSignal("RTMAX-1") == 63);
static_assert(FindSignal("RTMAX") == 64);
static_assert(!FindSignal("0"));
static_assert(!FindSignal("32"));
static_assert(!FindSignal("65"));
static_assert(!FindSignal("RTMIN+31"));
static_assert(!FindSignal("RTMIN-1"));
static_assert(!FindSignal("RTMIN+"));
static_assert(!FindSignal("SIG"));
static_assert(!FindSignal("SIGSIGTERM"));
static_assert(!FindSignal("TERMX"));
static_assert(!FindSignal(""));

TEST(SignalTest, NamesComeBack) {
  for (int number = 1; number <= 64; ++number) {
    if (number == 32 || number == 33) continue;
    EXPECT_EQ(FindSignal(SignalName(number)), number) << SignalName(number);
  }
  EXPECT_EQ(SignalName(SIGTERM), "SIGTERM");
  EXPECT_EQ(SignalName(6), "SIGABRT");
  EXPECT_EQ(SignalName(37), "SIGRTMIN+3");
  EXPECT_EQ(SignalName(99), "signal 99");
}

// Every row is the C library's number.
TEST(SignalTest, NumbersAreTheSystems) {
  for (const SignalRow& row : kSignals) {
    const char* abbreviation = sigabbrev_np(row.number);
    ASSERT_NE(abbreviation, nullptr) << row.number;
    bool found = false;
    for (const SignalRow& other : kSignals) {
      found = found || (other.number == row.number && other.name == abbreviation);
    }
    EXPECT_TRUE(found) << row.number << " is " << abbreviation;
  }
}

}  // namespace
}  // namespace pelagos
