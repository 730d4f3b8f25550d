#include "pelagos/language/vocabulary.h"

#include <utility>

#include "pelagos/base/suggest.h"
#include "pelagos/compose/reference.h"

namespace pelagos::language {
namespace {

std::string NearestOf(const std::vector<Word>& words, absl::string_view name) {
  std::vector<absl::string_view> names;
  names.reserve(words.size());
  for (const Word& word : words) names.push_back(word.name());
  return std::string(Suggest(name, names));
}

}  // namespace

Vocabulary::Vocabulary() : chapters_(compose::Reference()) {
  for (const reml::ReferenceChapter& chapter : chapters_) {
    for (const reml::ReferenceSection& section : chapter.sections) {
      for (const reml::ReferenceEntry& entry : section.entries) {
        Word word;
        word.entry = &entry;
        word.chapter = &chapter;
        word.section = &section;
        if (word.procedure()) {
          word.arity = reml::ArityOf(entry.signature);
          word.signature = reml::ParseSignature(entry.signature);
        } else if (word.special() || word.macro()) {
          word.ways = reml::ParseUsage(entry.usage);
        }
        const bool option = word.kind() == Word::Kind::kOption;
        std::vector<Word>& words = option ? options_ : words_;
        (option ? option_index_ : index_).emplace(entry.name, words.size());
        words.push_back(std::move(word));
      }
    }
  }
}

const Vocabulary& Vocabulary::Get() {
  static const Vocabulary* const vocabulary = new Vocabulary();
  return *vocabulary;
}

std::string Vocabulary::Nearest(absl::string_view name) const { return NearestOf(words_, name); }
std::string Vocabulary::NearestOption(absl::string_view name) const {
  return NearestOf(options_, name);
}

}  // namespace pelagos::language
