// The default profile as a file that other runtimes read too, and one with all that Docker's format
// can say: read, compiled, and compared call by call with a plain reading.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "pelagos/launch/seccomp_named.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/policy/seccomp_testing.h"
#include "pelagos/spec/seccomp_json.h"
#include "tests/golden/golden.h"

namespace pelagos::golden {
namespace {

constexpr char kDefault[] = "tests/golden/seccomp/default.json";
constexpr char kDocker[] = "tests/golden/seccomp/docker.json";

SeccompFilter Read(const char* file) {
  const auto read = ParseSeccomp(ReadTestFile(file));
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? read->filter : SeccompFilter{};
}

size_t Compare(const SeccompFilter& filter, const SeccompContext& context) {
  const auto program = CompileSeccomp(filter, context);
  EXPECT_TRUE(program.ok()) << program.status();
  const PlainReading reading(filter, context);
  size_t compared = 0;
  size_t different = 0;
  ForEachCall(reading, [&](const seccomp_data& data) {
    ++compared;
    if (Interpret(*program, data) == reading.Verdict(data) || ++different > 3) return;
    ADD_FAILURE() << "arch " << data.arch << " number " << data.nr;
  });
  EXPECT_EQ(different, 0u);
  return compared;
}

TEST(SeccompGoldenTest, TheDefaultProfileIsAFile) {
  const auto json = nlohmann::json::parse(ToJson(launch::DefaultSeccompFilter()));
  ExpectGolden(kDefault, json.dump(1) + "\n");
  const SeccompFilter filter = Read(kDefault);
  EXPECT_EQ(filter, launch::DefaultSeccompFilter());
  const auto program = CompileSeccomp(filter, {kDefaultCapabilities, {}});
  ASSERT_TRUE(program.ok()) << program.status();
  ASSERT_EQ(program->size(), launch::kDefaultSeccompProgram.size());
  const std::vector<sock_filter> kernel = launch::KernelProgram(*program);
  EXPECT_EQ(std::memcmp(kernel.data(), launch::kDefaultSeccompProgram.data(),
                        kernel.size() * sizeof(sock_filter)),
            0);
  EXPECT_GT(Compare(filter, {kDefaultCapabilities, {}}), 20000u);
}

TEST(SeccompGoldenTest, TheOtherNamedProfiles) {
  for (const char* name : {"iouring", "minimal"}) {
    const SeccompFilter filter = launch::NamedSeccompFilter(name).value();
    EXPECT_GT(Compare(filter, {kDefaultCapabilities, {}}), 20000u) << name;
    const auto read = ParseSeccomp(ToJson(filter));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->filter, filter) << name;
  }
}

TEST(SeccompGoldenTest, AllThatDockersFormatCanSay) {
  const SeccompFilter filter = Read(kDocker);
  EXPECT_EQ(filter.rules.size(), 12u);
  for (const CapabilitySet& caps :
       {CapabilitySet{}, CapabilitySet{Capability::kSysAdmin}, CapabilitySet::All()}) {
    for (const KernelVersion kernel : {KernelVersion{4, 7}, KernelVersion{6, 1}}) {
      EXPECT_GT(Compare(filter, {caps, kernel, SeccompArch::kX86_64}), 20000u);
      EXPECT_GT(Compare(filter, {caps, kernel, SeccompArch::kAarch64}), 20000u);
    }
  }
}

}  // namespace
}  // namespace pelagos::golden
