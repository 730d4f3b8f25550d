#include "pelagos/policy/cgroup_plan.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

static_assert(ParseByteSize("64m") == 64_MiB);
static_assert(ParseByteSize("64M") == 64_MiB);
static_assert(ParseByteSize("64MB") == 64_MiB);
static_assert(ParseByteSize("64MiB") == 64_MiB);
static_assert(ParseByteSize("512k") == 512_KiB);
static_assert(ParseByteSize("1.5g") == 1536_MiB);
static_assert(ParseByteSize(".5g") == 512_MiB);
static_assert(ParseByteSize("0.1k") == 102);
static_assert(ParseByteSize("2t") == 2048_GiB);
static_assert(ParseByteSize("100b") == 100);
static_assert(ParseByteSize("1073741824") == 1_GiB);
static_assert(ParseByteSize("4611686018427387904") == std::nullopt);  // over 10^16: no memory
static_assert(ParseByteSize("999999g") == 999999_GiB);

static_assert(!ParseByteSize(""));
static_assert(!ParseByteSize("m"));
static_assert(!ParseByteSize("0"));
static_assert(!ParseByteSize("0.0m"));
static_assert(!ParseByteSize("-1m"));
static_assert(!ParseByteSize("+1m"));
static_assert(!ParseByteSize("1 m"));
static_assert(!ParseByteSize("1.m"));
static_assert(!ParseByteSize("1.5"));
static_assert(!ParseByteSize("1.5b"));
static_assert(!ParseByteSize("1e3"));
static_assert(!ParseByteSize("64mx"));
static_assert(!ParseByteSize("64bb"));
static_assert(!ParseByteSize("1.1.1m"));
static_assert(!ParseByteSize("99999999999t"));
static_assert(!ParseByteSize("99999999999999999999999"));
static_assert(!ParseByteSize("0.1234567m"));

static_assert(ParseCpus("0.5") == 50000);
static_assert(ParseCpus("2") == 200000);
static_assert(ParseCpus("1.5") == 150000);
static_assert(ParseCpus("0.1") == 10000);
static_assert(ParseCpus("0.3") == 30000);  // 0.3 has no exact double
static_assert(ParseCpus("0.333333333") == 33333);
static_assert(ParseCpus("0.01") == 1000);
static_assert(ParseCpus("4096") == 409600000);
static_assert(!ParseCpus("0.009"));
static_assert(!ParseCpus("0"));
static_assert(!ParseCpus("4096.1"));
static_assert(!ParseCpus("4097"));
static_assert(!ParseCpus("-1"));
static_assert(!ParseCpus("1."));
static_assert(!ParseCpus("half"));
static_assert(!ParseCpus("1 "));
static_assert(!ParseCpus(""));

template <uint64_t kBytes>
concept CanLimitMemory = requires(CgroupPlanBuilder b) {
  std::move(b).template Memory<kBytes>();
};
static_assert(CanLimitMemory<64_MiB>);
static_assert(!CanLimitMemory<0>);
static_assert(!CanLimitMemory<64>);  // "64" where 64m was meant

template <uint64_t kPids>
concept CanLimitPids = requires(CgroupPlanBuilder b) {
  std::move(b).template Pids<kPids>();
};
static_assert(CanLimitPids<1>);
static_assert(!CanLimitPids<0>);
static_assert(!CanLimitPids<4194305>);

static_assert(FindCgroupController("cpu") == CgroupController::kCpu);
static_assert(FindCgroupController("io") == CgroupController::kIo);
static_assert(!FindCgroupController("blkio"));
static_assert(!FindCgroupController("perf_event"));
static_assert(RowOf(CgroupController::kIo).v1_name == "blkio");
static_assert(RowOf(CgroupController::kMisc).value == CgroupController::kMisc);

static_assert(CpuSharesProblem(2).empty() && CpuSharesProblem(262144).empty());
static_assert(!CpuSharesProblem(1).empty() && !CpuSharesProblem(262145).empty());
static_assert(!CpuPeriodProblem(999).empty() && !CpuPeriodProblem(1000001).empty());
static_assert(!IoWeightProblem(9).empty() && IoWeightProblem(10).empty());
TEST(CgroupPlanTest, Parents) {
  EXPECT_TRUE(CgroupParentProblem("/a/b").empty() && CgroupParentProblem("a..b").empty());
  EXPECT_TRUE(!CgroupParentProblem("a/../b").empty());
  EXPECT_TRUE(!CgroupParentProblem("..").empty());
  EXPECT_TRUE(!CgroupParentProblem("a/.").empty());
  EXPECT_TRUE(!CgroupParentProblem("a\nb").empty());
}

TEST(CgroupPlanTest, Builder) {
  EXPECT_EQ(CgroupPlanBuilder().Memory<64_MiB>().Cpus("0.5"_cpus).Pids<100>().Build(),
            (CgroupPlan{64_MiB, 50000, 100}));
  EXPECT_TRUE(CgroupPlan{}.empty());
  CgroupPlan plan;
  plan.cpus = {{0, 0}};
  EXPECT_FALSE(plan.empty());
}

TEST(CgroupPlanTest, IoLimits) {
  EXPECT_EQ(ParseIoLimit(IoLimitKind::kReadBps, "/dev/vda:1m"),
            (IoLimit{IoLimitKind::kReadBps, "/dev/vda", 1_MiB}));
  EXPECT_EQ(ParseIoLimit(IoLimitKind::kWriteIops, "/dev/a:b:20"),
            (IoLimit{IoLimitKind::kWriteIops, "/dev/a:b", 20}));
  for (const char* wrong :
       {"", "/dev/vda", "/dev/vda:", "/dev/vda:0", "vda:1", ":1", "/dev/vda:x"}) {
    EXPECT_FALSE(ParseIoLimit(IoLimitKind::kReadBps, wrong)) << wrong;
  }
  EXPECT_FALSE(ParseIoLimit(IoLimitKind::kReadIops, "/dev/vda:1m"));
  for (const IoLimitRow& row : kIoLimitKinds) {
    EXPECT_EQ(RowOf(row.value).name, row.name);
    const IoLimit limit = {row.value, "/dev/x y", 7};
    EXPECT_EQ(FindIoLimit(IoLimitText(limit)), limit);
  }
  EXPECT_FALSE(FindIoLimit("device-read /dev/vda:1"));
}

TEST(CgroupPlanTest, HugetlbLimits) {
  EXPECT_EQ(ParseHugetlbLimit("2m:64m"), (HugetlbLimit{2_MiB, 64_MiB}));
  EXPECT_EQ(ParseHugetlbLimit("1GB:0"), (HugetlbLimit{1_GiB, 0}));
  for (const char* wrong : {"", "2m", "3m:1", "2m:", ":2m", "1k:1", "2m:-1"}) {
    EXPECT_FALSE(ParseHugetlbLimit(wrong)) << wrong;
  }
  for (const HugetlbLimit& limit : {HugetlbLimit{2_MiB, 64_MiB}, HugetlbLimit{1_GiB, 0}}) {
    EXPECT_EQ(ParseHugetlbLimit(HugetlbLimitText(limit)), limit);
  }
  EXPECT_EQ(HugePageName(64_KiB), "64KB");
  EXPECT_EQ(HugePageName(2_MiB), "2MB");
  EXPECT_EQ(HugePageName(1_GiB), "1GB");
}

TEST(CgroupPlanTest, Settings) {
  EXPECT_EQ(ParseCgroupSetting("memory.high=64m"), (CgroupSetting{"memory.high", "64m"}));
  EXPECT_EQ(ParseCgroupSetting("io.max=8:0 rbps=1"), (CgroupSetting{"io.max", "8:0 rbps=1"}));
  EXPECT_TRUE(ParseCgroupSetting("cgroup.max.depth=3"));
  for (const char* wrong :
       {"", "memory.high", "memory.high=", "=1", "memory=1", ".high=1", "memory.=1",
        "../memory.high=1", "a/memory.high=1", "memory.h\n=1", "cgroup.procs=1", "cgroup.freeze=1",
        "cgroup.kill=1", "cgroup.subtree_control=+memory", "cgroup.type=threaded"}) {
    EXPECT_FALSE(ParseCgroupSetting(wrong)) << wrong;
  }
}

TEST(CgroupPlanTest, SizesAsText) {
  EXPECT_EQ(ByteSizeText(64_MiB), "64m");
  EXPECT_EQ(ByteSizeText(1536_MiB), "1536m");
  EXPECT_EQ(ByteSizeText(2_GiB), "2g");
  EXPECT_EQ(ByteSizeText(1000), "1000");
  for (uint64_t bytes : {uint64_t{1}, uint64_t{1023}, 1_KiB, 3_GiB, 5000_GiB}) {
    EXPECT_EQ(ParseByteSize(ByteSizeText(bytes)), bytes);
  }
}

}  // namespace
}  // namespace pelagos
