// The words of the language, looked up by name. Nothing is described here: it is the reference
// (compose/reference.h), which the evaluator's own tables give, in a shape that tools can ask.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/reml/reference.h"
#include "pelagos/reml/signature.h"
#include "pelagos/reml/usage.h"

namespace pelagos::language {

// A form, a macro, a procedure, or an option of a service.
struct Word {
  using Kind = reml::ReferenceEntry::Kind;

  const reml::ReferenceEntry* entry = nullptr;
  const reml::ReferenceChapter* chapter = nullptr;
  const reml::ReferenceSection* section = nullptr;
  // Of a procedure.
  reml::Arity arity;
  reml::Signature signature;
  // Of a form or a macro.
  std::vector<reml::UsageWay> ways;

  const std::string& name() const { return entry->name; }
  Kind kind() const { return entry->kind; }
  bool procedure() const { return kind() == Kind::kProcedure; }
  // A special form: it cannot be shadowed at the head of a list.
  bool special() const { return kind() == Kind::kForm; }
  bool macro() const { return kind() == Kind::kMacro; }
};

class Vocabulary {
 public:
  // The one there is, made when it is first asked for. Never changes; any thread may use it.
  static const Vocabulary& Get();

  // A form, a macro or a procedure; nullptr: no such name.
  const Word* Find(absl::string_view name) const { return Look(index_, words_, name); }
  // An option of a service, by its name without a colon.
  const Word* FindOption(absl::string_view name) const {
    return Look(option_index_, options_, name);
  }

  // In the order of the manual.
  absl::Span<const Word> words() const { return words_; }
  absl::Span<const Word> options() const { return options_; }
  const std::vector<reml::ReferenceChapter>& chapters() const { return chapters_; }

  // The name that was probably meant; "" when none is near.
  std::string Nearest(absl::string_view name) const;
  std::string NearestOption(absl::string_view name) const;

 private:
  using Index = absl::flat_hash_map<absl::string_view, size_t>;

  Vocabulary();
  static const Word* Look(const Index& index, const std::vector<Word>& words,
                          absl::string_view name) {
    const auto found = index.find(name);
    return found == index.end() ? nullptr : &words[found->second];
  }

  std::vector<reml::ReferenceChapter> chapters_;
  std::vector<Word> words_, options_;
  Index index_, option_index_;
};

}  // namespace pelagos::language
