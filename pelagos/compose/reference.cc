#include "pelagos/compose/reference.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/reml/macro_table.h"
#include "pelagos/spec/forms.h"
#include "pelagos/spec/service_options.h"

namespace pelagos::compose {
namespace {

reml::ReferenceSection OptionSection() {
  reml::ReferenceSection section;
  section.title = "Options of a service";
  section.intro =
      "An option is a list of its name and its values, `'(port 8080 80)`; in `define-service` it "
      "is a keyword, `:port 8080 80`. Values are strings, symbols or numbers. An option can be "
      "given several times where that makes sense.";
  for (const ServiceOptionRow& row : ServiceOptions()) {
    reml::ReferenceEntry entry;
    entry.kind = reml::ReferenceEntry::Kind::kOption;
    entry.name = std::string(row.name);
    entry.usage = std::string(row.shape);
    entry.doc = std::string(row.doc);
    const absl::string_view image = row.name == "image" ? "" : " '(image \"i\")";
    for (absl::string_view option : absl::StrSplit(row.example, '\n')) {
      absl::StrAppend(&entry.example, entry.example.empty() ? "" : "\n", "(service \"a\"", image,
                      " '", option, ") => #<service:a>");
    }
    section.entries.push_back(entry);
  }
  return section;
}

}  // namespace

std::vector<reml::ReferenceChapter> Reference() {
  std::vector<reml::ReferenceChapter> chapters = reml::LanguageReference();
  chapters.push_back({"stacks",
                      "Stacks",
                      {reml::SectionOf(ComposeForms::Table()),
                       reml::SectionOf(reml::ServiceMacros()), OptionSection()}});
  chapters.push_back(
      {"containers",
       "Containers and futures",
       {reml::SectionOf(ImperativeForms::Table()), reml::SectionOf(reml::FutureMacros())}});
  return chapters;
}

}  // namespace pelagos::compose
