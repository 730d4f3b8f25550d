// The same inputs give the same plan, byte for byte; and what changes a plan is among the inputs.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/plan/json.h"
#include "pelagos/plan/print.h"
#include "pelagos/reml/inputs.h"
#include "tests/golden/stack.h"

namespace pelagos::golden {
namespace {

class HermeticTest : public ::testing::Test {
 protected:
  HermeticTest() : folder_(absl::StrCat(::testing::TempDir(), "/hermetic")) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("lib.reml",
          "(define (worker n)\n"
          "  (service (format \"worker-~a\" n) `(image ,(read-file \"image.txt\"))\n"
          "           `(env \"KEY\" ,(env \"PELAGOS_NO_SUCH\" :default \"none\"))))\n");
    Write("image.txt", "busybox");
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(absl::StrCat(folder_, "/", name)) << text;
  }
  StackResult Plan() const {
    return PlanStack(absl::StrCat(folder_, "/stack.reml"),
                     "(import \"lib.reml\")\n"
                     "(define names (hash-table))\n"
                     "(for-each (lambda (n) (hash-table-set! names (worker n) n)) (iota 9))\n"
                     "(compose-up (compose (hash-table-keys names) (volume \"data\")) \"p\")\n",
                     FactsOf("v2"));
  }

  const std::string folder_;
};

TEST_F(HermeticTest, TheSameInputsGiveTheSamePlan) {
  const StackResult first = Plan();
  const StackResult second = Plan();
  ASSERT_TRUE(first.plan && second.plan) << first.report;
  EXPECT_EQ(*first.plan, *second.plan);
  EXPECT_EQ(Print(*first.plan), Print(*second.plan));
  EXPECT_EQ(ToJson(*first.plan), ToJson(*second.plan));
  EXPECT_EQ(first.inputs, second.inputs);
  std::vector<std::string> names;
  for (const reml::Input& input : first.inputs) names.push_back(input.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{absl::StrCat(folder_, "/lib.reml"),
                                      absl::StrCat(folder_, "/image.txt"), "PELAGOS_NO_SUCH"}));
}

TEST_F(HermeticTest, WhatChangesThePlanIsAnInput) {
  const StackResult before = Plan();
  Write("image.txt", "nginx");
  const StackResult after = Plan();
  ASSERT_TRUE(before.plan && after.plan) << after.report;
  EXPECT_NE(Print(*before.plan), Print(*after.plan));
  ASSERT_EQ(before.inputs.size(), after.inputs.size());
  EXPECT_EQ(before.inputs[0], after.inputs[0]);
  EXPECT_NE(before.inputs[1], after.inputs[1]);
}

}  // namespace
}  // namespace pelagos::golden
