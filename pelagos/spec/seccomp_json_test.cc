#include "pelagos/spec/seccomp_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pelagos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string Problem(absl::string_view text) {
  return std::string(ParseSeccomp(text).status().message());
}

// A profile with one rule, of which `rule` is the content.
std::string RuleProblem(absl::string_view rule) {
  return Problem(absl::StrCat(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{)", rule, "}]}"));
}

std::string ArgProblem(absl::string_view arg) {
  return RuleProblem(
      absl::StrCat(R"("names":["read"],"action":"SCMP_ACT_KILL","args":[{)", arg, "}]"));
}

TEST(SeccompJsonTest, ReadsOcisFormat) {
  const auto file = ParseSeccomp(R"({
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
    "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
    "listenerPath": "/run/listener", "listenerMetadata": "meta",
    "syscalls": [
      {"names": ["getcwd", "chmod"], "action": "SCMP_ACT_ALLOW"},
      {"names": ["ioctl"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535, "args": [
        {"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_LE"},
        {"index": 5, "value": 255, "valueTwo": 7, "op": "SCMP_CMP_MASKED_EQ"}]},
      {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"},
      {"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]})");
  ASSERT_TRUE(file.ok()) << file.status();
  SeccompFilter filter;
  filter.otherwise = {SeccompAct::kErrno, 38};
  filter.arches = {SeccompArch::kX86_64, SeccompArch::kX32};
  filter.flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  filter.listener_path = "/run/listener";
  filter.listener_metadata = "meta";
  filter.rules = {{{"getcwd", "chmod"}, {SeccompAct::kAllow, 0}},
                  {{"ioctl"},
                   {SeccompAct::kTrace, 65535},
                   {{1, SeccompOp::kLe, ~uint64_t{0}, 0}, {5, SeccompOp::kMaskedEq, 255, 7}}},
                  {{"mkdir"}, {SeccompAct::kNotify, 0}},
                  {{"mount"}, {SeccompAct::kErrno, EPERM}}};
  EXPECT_EQ(file->filter, filter);
  EXPECT_THAT(file->notes, IsEmpty());
}

TEST(SeccompJsonTest, ReadsDockersFormat) {
  const auto file = ParseSeccomp(R"({
    "$schema": "x", "comment": "x", "x-other": 5,
    "defaultAction": "SCMP_ACT_KILL", "defaultErrnoRet": null, "architectures": [],
    "archMap": [
      {"architecture": "SCMP_ARCH_X86_64",
       "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
      {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
      {"architecture": "SCMP_ARCH_S390X", "subArchitectures": null}],
    "syscalls": [
      {"name": "getcwd", "action": "SCMP_ACT_ALLOW", "args": null, "comment": "",
       "includes": {}, "excludes": {}},
      {"names": ["mount"], "action": "SCMP_ACT_ALLOW",
       "includes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["amd64", "s390x"], "minKernel": "4.8"},
       "excludes": {"caps": ["CAP_BPF"], "arches": ["arm64"], "minKernel": "7.0"}}]})");
  ASSERT_TRUE(file.ok()) << file.status();
  const SeccompFilter& filter = file->filter;
  EXPECT_EQ(filter.otherwise.act, SeccompAct::kKillThread);
  if (kNativeSeccompArch == SeccompArch::kX86_64) {
    EXPECT_THAT(filter.arches,
                ElementsAre(SeccompArch::kX86_64, SeccompArch::kX86, SeccompArch::kX32));
  }
  ASSERT_EQ(filter.rules.size(), 2u);
  EXPECT_THAT(filter.rules[0].names, ElementsAre("getcwd"));
  const SeccompWhen& in = filter.rules[1].includes;
  EXPECT_EQ(in.capabilities, CapabilitySet{Capability::kSysAdmin});
  EXPECT_THAT(in.arches, ElementsAre(SeccompArch::kX86_64, SeccompArch::kS390X));
  EXPECT_EQ(in.kernel, (KernelVersion{4, 8}));
  EXPECT_EQ(filter.rules[1].excludes.kernel, (KernelVersion{7, 0}));
}

TEST(SeccompJsonTest, AllActionsGoRound) {
  for (const SeccompActRow& row : kSeccompActs) {
    const auto file = ParseSeccomp(absl::StrCat(R"({"defaultAction":")", row.name, "\"}"));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->filter.otherwise.act, row.act);
    const auto again = ParseSeccomp(ToJson(file->filter));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->filter, file->filter);
  }
}

TEST(SeccompJsonTest, FindsTheProfileOfAWholeConfig) {
  const auto file = ParseSeccomp(
      R"({"ociVersion":"1.0.2","root":{},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG"}}})");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->filter.otherwise.act, SeccompAct::kLog);
  EXPECT_EQ(Problem(R"({"ociVersion":"1.0.2","linux":{}})"),
            "/linux/seccomp: is missing: this config.json has no profile");
  EXPECT_EQ(Problem(R"({"ociVersion":"1","linux":{"seccomp":{"defaultAction":7}}})"),
            "/linux/seccomp/defaultAction: expected action as a string, found number");
}

TEST(SeccompJsonTest, MistakesSayWhereAndWhatWasExpected) {
  EXPECT_EQ(Problem("{"), "the profile: is no JSON");
  EXPECT_EQ(Problem("[]"), "the profile: expected an object, found array");
  EXPECT_EQ(Problem("{}"), "/defaultAction: is missing");
  EXPECT_THAT(Problem(R"({"defaultAction":"SCMP_ACT_ALOW"})"),
              HasSubstr("/defaultAction: unknown action 'SCMP_ACT_ALOW', expected one of "));
  EXPECT_THAT(Problem(R"({"defaultAction":"SCMP_ACT_LOG","flags":["TSYNC"]})"),
              StartsWith("/flags/0: unknown flag 'TSYNC', expected one of SECCOMP_FILTER_FLAG_"));
  EXPECT_THAT(Problem(R"({"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_VAX"]})"),
              StartsWith("/architectures/0: unknown architecture 'SCMP_ARCH_VAX'"));
  EXPECT_EQ(Problem(R"({"defaultAction":"SCMP_ACT_LOG","defaultErrnoRet":1})"),
            "/defaultErrnoRet: SCMP_ACT_LOG returns no errno; only SCMP_ACT_ERRNO and "
            "SCMP_ACT_TRACE do");
  EXPECT_EQ(Problem(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":4096})"),
            "/defaultErrnoRet: expected a whole number from 0 to 4095, found 4096");
  EXPECT_EQ(Problem(R"({"defaultAction":"SCMP_ACT_LOG","defaultAction":"SCMP_ACT_LOG"})"),
            "the profile: the key 'defaultAction' stands twice");
  EXPECT_EQ(Problem(R"({"defaultAction":"SCMP_ACT_LOG","listenerPath":"l"})"),
            "/listenerPath: expected an absolute path of at most 107 bytes");
  EXPECT_EQ(RuleProblem(R"("action":"SCMP_ACT_KILL")"),
            "/syscalls/0/names: expected the name of at least one system call");
  EXPECT_EQ(RuleProblem(R"("names":["read"],"name":"write","action":"SCMP_ACT_KILL")"),
            "/syscalls/0/name: stands beside names; one of the two is enough");
  EXPECT_EQ(RuleProblem(R"("names":["read"],"action":"SCMP_ACT_KILL","arg":[])"),
            "/syscalls/0/arg: means nothing here; did you mean 'args'?");
  EXPECT_EQ(RuleProblem(R"("names":"read","action":"SCMP_ACT_KILL")"),
            "/syscalls/0/names: expected a list, found string\n"
            "/syscalls/0/names: expected the name of at least one system call");
  EXPECT_THAT(RuleProblem(R"("names":["read"],"action":"SCMP_ACT_KILL",)"
                          R"("includes":{"caps":["CAP_SYS_ADMIM"]})"),
              HasSubstr("/syscalls/0/includes/caps/0: unknown capability 'CAP_SYS_ADMIM'"));
  EXPECT_EQ(RuleProblem(R"("names":["read"],"action":"SCMP_ACT_KILL",)"
                        R"("excludes":{"minKernel":"new"})"),
            "/syscalls/0/excludes/minKernel: expected a version such as \"4.8\", found 'new'");
}

TEST(SeccompJsonTest, MistakesOfConditions) {
  EXPECT_EQ(ArgProblem(R"("index":6,"value":0,"op":"SCMP_CMP_EQ")"),
            "/syscalls/0/args/0/index: expected a whole number from 0 to 5, found 6");
  EXPECT_EQ(ArgProblem(R"("index":0,"value":-1,"op":"SCMP_CMP_EQ")"),
            "/syscalls/0/args/0/value: expected a whole number from 0 to 18446744073709551615, "
            "found -1");
  EXPECT_EQ(ArgProblem(R"("index":0,"value":"1","op":"SCMP_CMP_EQ")"),
            "/syscalls/0/args/0/value: expected a whole number from 0 to 18446744073709551615, "
            "found string");
  EXPECT_EQ(ArgProblem(R"("index":0,"value":1.0,"op":"SCMP_CMP_EQ")"),
            "/syscalls/0/args/0/value: expected a whole number from 0 to 18446744073709551615, "
            "found 1.0");
  EXPECT_EQ(ArgProblem(R"("index":0,"value":0)"), "/syscalls/0/args/0/op: is missing");
  EXPECT_THAT(ArgProblem(R"("index":0,"value":0,"op":"SCMP_CMP_EG")"),
              HasSubstr("unknown operator 'SCMP_CMP_EG'"));
  EXPECT_EQ(ArgProblem(R"("index":0,"value":1,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ")"),
            "/syscalls/0/args/0/valueTwo: has bits that the mask (value) has not: this can never "
            "be equal");
}

TEST(SeccompJsonTest, AllMistakesAreListed) {
  EXPECT_EQ(RuleProblem(R"("names":["raed",7],"action":"SCMP_ACT_KILL","args":[{"index":9}])"),
            "/syscalls/0/names/0: unknown system call 'raed', which the rule would not stop; did "
            "you mean 'read'? (\"x-pelagos-unknown-names\": \"ignore\" lets such names be)\n"
            "/syscalls/0/names/1: expected the name of a system call as a string, found number\n"
            "/syscalls/0/args/0/index: expected a whole number from 0 to 5, found 9\n"
            "/syscalls/0/args/0/value: is missing\n"
            "/syscalls/0/args/0/op: is missing");
  std::string names;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&names, i == 0 ? "" : ",", "\"nope", i, "\"");
  EXPECT_THAT(RuleProblem(absl::StrCat(R"("action":"SCMP_ACT_KILL","names":[)", names, "]")),
              ::testing::EndsWith("\nand more"));
}

TEST(SeccompJsonTest, UnknownNamesMayNotWeakenAProfile) {
  const auto profile = [](absl::string_view otherwise, absl::string_view action,
                          absl::string_view name, absl::string_view more = "") {
    return ParseSeccomp(absl::StrCat(R"({"defaultAction":")", otherwise,
                                     R"(","syscalls":[{"names":[")", name, R"("],"action":")",
                                     action, "\"}]", more, "}"));
  };
  // Stricter than the default: it would let through what it is there to stop.
  EXPECT_FALSE(profile("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "futex_wait9").ok());
  EXPECT_FALSE(profile("SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "futex_wait9").ok());
  EXPECT_FALSE(profile("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "futex_wait9").ok());
  // No stricter: the call stays as the default has it.
  const auto open = profile("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "futex_wait9");
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_THAT(open->notes, ElementsAre("seccomp: no architecture knows futex_wait9: what is said "
                                       "of them has no effect"));
  // Of another architecture: known.
  const auto other = profile("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "s390_runtime_instr");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(other->notes, IsEmpty());
  // The profile says so.
  const auto ignored = profile("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "futex_wait9",
                               R"(,"x-pelagos-unknown-names":"ignore")");
  ASSERT_TRUE(ignored.ok()) << ignored.status();
  EXPECT_EQ(ignored->notes.size(), 1u);
  EXPECT_TRUE(ParseSeccomp(ToJson(ignored->filter)).ok());
  EXPECT_THAT(Problem(R"({"defaultAction":"SCMP_ACT_LOG","x-pelagos-unknown-names":"allow"})"),
              HasSubstr("/x-pelagos-unknown-names: expected \"ignore\""));
}

TEST(SeccompJsonTest, SizesAreLimited) {
  EXPECT_EQ(Problem(std::string(kMostSeccompText + 1, ' ')),
            "the profile: is longer than 524288 bytes");
  EXPECT_EQ(Problem(std::string(1000, '[')), "the profile: is nested deeper than 32 levels");
  std::string rules = "{\"name\":\"read\",\"action\":\"SCMP_ACT_KILL\"}";
  std::string many = rules;
  for (int i = 0; i < 2048; ++i) absl::StrAppend(&many, ",", rules);
  EXPECT_EQ(Problem(absl::StrCat(R"({"defaultAction":"SCMP_ACT_LOG","syscalls":[)", many, "]}")),
            "/syscalls: has 2049 items, at most 2048 are taken");
}

TEST(SeccompJsonTest, TheDigestIsOfTheMeaning) {
  const auto a = ParseSeccomp(R"({"defaultAction":"SCMP_ACT_KILL","comment":"a"})");
  const auto b = ParseSeccomp(R"({ "syscalls":null, "defaultAction":"SCMP_ACT_KILL_THREAD" })");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(DigestOf(a->filter), DigestOf(b->filter));
  EXPECT_THAT(DigestOf(a->filter), StartsWith("sha256:"));
}

}  // namespace
}  // namespace pelagos
