#include "pelagos/reml/forms.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "pelagos/reml/testing.h"

namespace pelagos::reml {
namespace {

TEST(FormsTest, EachIsDescribedAndItsExamplesHold) {
  for (const Form& form : SpecialForms()) {
    for (absl::string_view usage : absl::StrSplit(form.usage, '\n')) {
      EXPECT_TRUE(absl::StartsWith(usage, absl::StrCat("(", form.name, " "))) << usage;
    }
    EXPECT_TRUE(absl::EndsWith(form.doc, ".")) << form.name;
    EXPECT_FALSE(form.example.empty()) << form.name;
    TestBench bench;
    for (absl::string_view line : absl::StrSplit(form.example, '\n')) {
      const size_t error = line.find(" !! ");
      const size_t arrow = line.rfind(" => ");
      if (error != absl::string_view::npos) {
        EXPECT_EQ(bench.Eval(line.substr(0, error)), line.substr(error + 1));
        continue;
      }
      ASSERT_NE(arrow, absl::string_view::npos) << line;
      EXPECT_EQ(bench.Eval(line.substr(0, arrow)), line.substr(arrow + 4));
    }
  }
}

TEST(FormsTest, AFormIsFoundByItsNumber) {
  EXPECT_EQ(FormOf(SpecialForm::kQuote).name, "quote");
  EXPECT_EQ(FormOf(SpecialForm::kSet).name, "set!");
  EXPECT_EQ(FormOf(SpecialForm::kDefmacro).name, "defmacro");
}

TEST(FormsTest, EachWayToWriteAFormIsAHint) {
  const Form& define = FormOf(SpecialForm::kDefine);
  EXPECT_EQ(UsageHint(define), "it is (define name [value])");
  EXPECT_EQ(UsageHint(define, 1), "it is (define (name parameter... [. rest]) body...)");
}

}  // namespace
}  // namespace pelagos::reml
