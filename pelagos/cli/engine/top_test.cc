#include "pelagos/cli/engine/top.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace pelagos::cli {
namespace {

std::string Names(const std::vector<std::string>& words) {
  const auto columns = TopColumns(words);
  if (!columns.ok()) return std::string(columns.status().message());
  return absl::StrJoin(*columns, ",", [](std::string* out, const Column& column) {
    absl::StrAppend(out, column.name);
  });
}

TEST(TopTest, ColumnsAsPsAndAsPodmanNameThem) {
  EXPECT_EQ(Names({}), "user,pid,ppid,c,stime,tty,time,cmd");
  EXPECT_EQ(Names({"-ef"}), Names({}));
  EXPECT_EQ(Names({"aux"}), "user,pid,%cpu,%mem,vsz,rss,tty,stat,start,time,command");
  EXPECT_EQ(Names({"-o", "pid,args"}), "pid,args");
  EXPECT_EQ(Names({"-opid,args"}), "pid,args");
  EXPECT_EQ(Names({"-eo", "pid", "-o", "comm"}), "pid,comm");
  EXPECT_EQ(Names({"pid", "user"}), "pid,user");
  EXPECT_TRUE(absl::StrContains(Names({"-o"}), "needs names"));
  EXPECT_TRUE(absl::StrContains(Names({"-o", "pid,color"}), "'color' is no column"));
  EXPECT_TRUE(absl::StrContains(Names({"--forest"}), "'--forest' is no column"));
}

TEST(TopTest, Cells) {
  container::ProcessInfo process;
  process.pid = 42;
  process.parent = 1;
  process.inside = 7;
  process.uid = 33;
  process.state = 'S';
  process.terminal = (136 << 8) | 2;
  process.user_ticks = 6100;    // 61 s
  process.system_ticks = 2900;  // 29 s
  process.start_ticks = 10000;  // 100 s after the start
  process.resident_bytes = 1 << 20;
  process.name = "sleep";
  process.command = "sleep 1000";
  TopFacts facts;
  facts.boot = absl::FromUnixSeconds(1'700'000'000);
  facts.now = facts.boot + absl::Seconds(280);  // it is 180 s old
  facts.machine_bytes = 1 << 23;
  facts.users = {{33, "www-data"}};
  facts.zone = absl::UTCTimeZone();
  const auto row = [&](const std::vector<std::string>& words) {
    return absl::StrJoin(TopCells(process, *TopColumns(words), facts), "|");
  };
  EXPECT_EQ(row({}), "www-data|42|1|50|22:15|pts/2|00:01:30|sleep 1000");
  EXPECT_EQ(row({"nspid", "uid", "s", "rss", "pmem", "pcpu", "etime", "comm"}),
            "7|33|S|1024|12.5|50.0|00:03:00|sleep");
  facts.now += absl::Hours(50);
  EXPECT_EQ(row({"stime", "etime"}), "Nov14|2-02:03:00");
  process.terminal = 0;
  process.uid = 100000;
  EXPECT_EQ(row({"tty", "user"}), "?|100000");
  process.terminal = (4 << 8) | 1;
  EXPECT_EQ(row({"tty"}), "tty1");
}

}  // namespace
}  // namespace pelagos::cli
