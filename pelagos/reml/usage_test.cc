#include "pelagos/reml/usage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/reference.h"

namespace pelagos::reml {
namespace {

std::string Print(const std::vector<UsagePart>& parts) {
  static constexpr absl::string_view kRoles = "ebnpdm";
  std::string text;
  for (const UsagePart& part : parts) {
    absl::StrAppend(&text, text.empty() ? "" : " ", part.tail ? "." : "", part.optional ? "?" : "");
    if (part.list()) {
      absl::StrAppend(&text, "(", Print(part.parts), ")");
    } else {
      absl::StrAppend(&text, kRoles.substr(static_cast<size_t>(part.role), 1), ":", part.word);
    }
    absl::StrAppend(&text, part.repeated ? "*" : "", part.after_mark ? "!" : "");
  }
  return text;
}
std::string Print(const std::vector<UsageWay>& ways) {
  std::string text;
  for (const UsageWay& way : ways) absl::StrAppend(&text, Print(way.parts), "\n");
  return text;
}

TEST(Usage, Parts) {
  EXPECT_EQ(Print(ParseUsage("(if test then [else])")), "e:test e:then ?e:else\n");
  EXPECT_EQ(
      Print(ParseUsage("(let ((name value)...) body...)\n(let loop ((name value)...) body...)")),
      "((n:name e:value)*) b:body*\nn:loop ((n:name e:value)*) b:body*\n");
  EXPECT_EQ(
      Print(ParseUsage("(define name [value])\n(define (name parameter... [. rest]) body...)")),
      "n:name ?e:value\n(n:name p:parameter* .?p:rest) b:body*\n");
  EXPECT_EQ(Print(ParseUsage("(define-run [:parallel] [:max-parallel n] (variable future)...)")),
            "?m::parallel ?m::max-parallel ?e:n! (n:variable e:future)*\n");
  EXPECT_EQ(Print(ParseUsage("(case key ((datum...) body...)... [(else body...)])")),
            "e:key ((d:datum*) b:body*)* ?(m:else b:body*)\n");
  EXPECT_EQ(Print(ParseUsage("(import file) or (import set...)")), "e:file\ne:set*\n");
}

TEST(Usage, Questions) {
  const UsageWay let = ParseUsage("(let ((name value)...) body...)").front();
  EXPECT_EQ(let.before_body(), 1u);
  EXPECT_TRUE(let.has_body());
  EXPECT_TRUE(let.unlimited());
  const UsageWay branch = ParseUsage("(if test then [else])").front();
  EXPECT_EQ(branch.least(), 2u);
  EXPECT_FALSE(branch.has_body());
  EXPECT_FALSE(branch.unlimited());
  EXPECT_TRUE(ParseUsage("(lambda (parameter... [. rest]) body...)").front().parts[0].formals());
  EXPECT_TRUE(ParseUsage("(define-values (name...) value)").front().parts[0].formals());
  EXPECT_FALSE(ParseUsage("(define (name parameter...) body...)").front().parts[0].formals());
}

// Whether some part is a name, or a parameter.
bool HasNames(const std::vector<UsagePart>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const UsagePart& part) {
    return part.role == Role::kName || part.role == Role::kParameter || HasNames(part.parts);
  });
}

TEST(Usage, AFormThatBindsHasNames) {
  int forms = 0;
  for (const ReferenceChapter& chapter : LanguageReference()) {
    for (const ReferenceSection& section : chapter.sections) {
      for (const ReferenceEntry& entry : section.entries) {
        if (entry.reach == Reach::kNone) continue;
        ++forms;
        for (const UsageWay& way : ParseUsage(entry.usage)) {
          EXPECT_TRUE(HasNames(way.parts)) << entry.usage;
        }
      }
    }
  }
  EXPECT_GT(forms, 15);
}

}  // namespace
}  // namespace pelagos::reml
