#include "pelagos/launch/failure.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::launch {
namespace {

LaunchPlan Plan() {
  LaunchPlan plan;
  plan.cgroup.v1 = {"/sys/fs/cgroup/memory/pelagos-x"};
  plan.ops = {BindMount{"/x", "/y", true}, Exec{{"foo"}, {"PATH=/bin"}}};
  return plan;
}

std::string Word(Part part, uint32_t index, int error) {
  return std::string(WordFailure(Plan(), {ReportKind::kFailed, part, index, error}).message());
}

TEST(FailureTest, NamesTheStepInThePlansOwnWords) {
  const std::string bind = "step 0, " + Describe(Plan().ops[0]);
  EXPECT_EQ(Word(Part::kCall, 0, EPERM), bind + ": Operation not permitted");
  EXPECT_EQ(Word(Part::kMakeTarget, 0, EROFS), bind + ": making its target: Read-only file system");
}

TEST(FailureTest, WordsWhatHappensBeforeTheSteps) {
  EXPECT_EQ(Word(Part::kCgroup, 0, ENOSPC),
            "joining cgroup /sys/fs/cgroup/memory/pelagos-x: No space left on device");
  EXPECT_EQ(Word(Part::kStandardStream, 2, EBADF), "standard stream 2: Bad file descriptor");
}

TEST(FailureTest, WordsAProgramThatIsNotThere) {
  EXPECT_EQ(Word(Part::kCall, 1, ENOENT), "cannot run 'foo': not found in PATH (/bin)");
  const absl::Status status = WordFailure(Plan(), {ReportKind::kFailed, Part::kCall, 1, EACCES});
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(FindErrno(status), EACCES);
}

TEST(FailureTest, WordsLinksThatLeadNowhereGood) {
  EXPECT_EQ(
      Word(Part::kTarget, 0, ELOOP),
      "step 0, " + Describe(Plan().ops[0]) +
          ": Too many levels of symbolic links: its target lies behind a link of /proc, which "
          "leads out of the container, or links in a circle");
  EXPECT_EQ(Word(Part::kCall, 1, ELOOP),
            "cannot run 'foo': Too many levels of symbolic links (a link of /proc leads out of the "
            "container, or links in a circle)");
  EXPECT_EQ(Word(Part::kCall, 0, ENOTDIR),
            "step 0, " + Describe(Plan().ops[0]) +
                ": Not a directory: a folder can be bound only to a folder, a file only to what is "
                "none");
}

TEST(FailureTest, WordsLayersThatAreNone) {
  LaunchPlan plan;
  plan.ops = {MountOverlayRoot{{"/l"}, "/u", "/w", "/m"}};
  const absl::Status status = WordFailure(plan, {ReportKind::kFailed, Part::kCall, 0, EINVAL});
  EXPECT_EQ(status.message(), "step 0, " + Describe(plan.ops[0]) +
                                  ": Invalid argument: the kernel takes no such layers (in a user "
                                  "namespace: none with mounts below them)");
}

TEST(FailureTest, TellsTheProgramFromTheStepsBeforeIt) {
  const auto failure = [](Part part, uint32_t index, int error) {
    return WordFailure(Plan(), {ReportKind::kFailed, part, index, error});
  };
  for (int error : {ENOENT, EACCES, ENOEXEC, EPERM, ELOOP}) {
    EXPECT_TRUE(IsExecFailure(failure(Part::kCall, 1, error))) << error;
    EXPECT_TRUE(IsExecFailure(
        internal::WithContext(failure(Part::kCall, 1, error), "the container's name")));
    EXPECT_FALSE(IsExecFailure(failure(Part::kCall, 0, error))) << error;
    EXPECT_FALSE(IsExecFailure(failure(Part::kStandardStream, 1, error))) << error;
    EXPECT_FALSE(IsExecFailure(failure(Part::kDescriptors, 1, error))) << error;
  }
  EXPECT_FALSE(IsExecFailure(absl::OkStatus()));
}

TEST(FailureTest, AStepThatThePlanDoesNotHaveIsNoCrash) {
  EXPECT_EQ(Word(Part::kCall, 99, EPERM), "the container's first process: Operation not permitted");
}

}  // namespace
}  // namespace pelagos::launch
