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

static_assert(CgroupPlanBuilder().Memory<64_MiB>().Cpus("0.5"_cpus).Pids<100>().Build() ==
              CgroupPlan{64_MiB, 50000, 100});
static_assert(CgroupPlan{}.empty());
static_assert(FindCgroupController("cpu") == CgroupController::kCpu);
static_assert(!FindCgroupController("io"));

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
