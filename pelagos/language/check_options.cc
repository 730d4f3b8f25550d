// The options of services and networks: the evaluator's own words, said of a call in which what is
// not known is left out.
#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/language/check_services.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::TokenKind;

// Stands for a name that is not known; no message with it is true.
constexpr absl::string_view kNoName = "name-that-is-not-known";

class OptionChecker {
 public:
  OptionChecker(Program& program, const Call& call)
      : program_(program), tree_(program.tree), call_(call) {}

  std::optional<Part> Check() {
    std::vector<NodeId> arguments = program_.ArgumentsOf(call_.list);
    if (program_.Dotted(arguments)) return std::nullopt;
    const Word& word = *call_.meaning.word;
    const std::string& head = word.name();
    const bool keywords = word.macro();
    part_.kind = SpecMadeBy(word);
    if (keywords && arguments.size() >= 2) arguments.erase(arguments.begin());
    if (arguments.empty() || (keywords && tree_[arguments[0]].list() && arguments.size() < 2)) {
      return std::nullopt;
    }
    part_.list = call_.list;
    part_.name = arguments[0];
    const NodeId name = arguments[0];
    sketch_.Add(absl::StrCat("(let (", program_.BindingsOf(arguments), ") "));
    sketch_.Copy("(", tree_[call_.list].begin);
    sketch_.Copy(head, tree_[call_.head].begin);
    if (keywords) sketch_.Add(" it");
    part_.named = IsKnown(name);
    if (part_.named) {
      Copy(name);
    } else {
      sketch_.Add(" ");
      sketch_.Replace(absl::StrCat("\"", kNoName, "\""), tree_[name].begin, tree_[name].end);
    }
    arguments.erase(arguments.begin());
    if (keywords) {
      AddGroups(arguments);
    } else {
      for (const NodeId argument : arguments) AddOption(argument);
    }
    if (needs_image_ && part_.kind == SpecKind::kService) {
      sketch_.Add(keywords ? " :image \"x\"" : " '(image \"x\")");
    }
    sketch_.Copy(")", tree_[call_.list].end - 1);
    sketch_.Add(keywords ? " it)" : ")");
    return Run();
  }

 private:
  bool IsKnown(NodeId node) const { return program_.KnownAt(node) != Known::kNot; }

  void Copy(NodeId node) {
    sketch_.Add(" ");
    sketch_.Copy(tree_.text(node), tree_[node].begin);
  }

  // A value of the same type, for one that is not known but is of no type that texts, numbers and
  // lists are of: a service for the name of one, say. Empty: there is none.
  absl::string_view StandInFor(NodeId value) const {
    const TypeSet type = program_.TypeOf(value);
    if (!type.single() || !(type & ParseType("text|number|list")).empty()) return "";
    const std::vector<absl::string_view> samples = SamplesOf(type);
    return samples.empty() ? "" : samples[0];
  }

  void CopyOrStandIn(NodeId value) {
    const absl::string_view other = StandInFor(value);
    if (IsKnown(value) || other.empty()) return Copy(value);
    sketch_.Add(" ");
    sketch_.Replace(other, tree_[value].begin, tree_[value].end);
  }

  // One argument of `service` or `network`: '(NAME VALUE...), (list 'NAME VALUE...), `(NAME ...).
  void AddOption(NodeId argument) {
    if (IsKnown(argument)) return Copy(argument);
    const SyntaxNode& node = tree_[argument];
    NodeId name = kNoNode;
    if (node.token == TokenKind::kQuasiquote) {
      const NodeId list = program_.Inside(argument);
      if (list != kNoNode && tree_[list].list()) name = tree_.FirstDatum(list);
      if (name != kNoNode && tree_[name].kind != SyntaxNode::Kind::kWord) name = kNoNode;
    } else if (const Call* list = program_.CallAt(argument, "list")) {
      const std::vector<NodeId> values = program_.ArgumentsOf(list->list);
      if (!values.empty() && program_.Quoted(values[0])) name = program_.Inside(values[0]);
      if (name != kNoNode && tree_[name].kind != SyntaxNode::Kind::kWord) name = kNoNode;
      if (name != kNoNode && std::all_of(values.begin() + 1, values.end(), [&](NodeId value) {
            return IsKnown(value) || !StandInFor(value).empty();
          })) {
        sketch_.Add(" (list");
        for (const NodeId value : values) CopyOrStandIn(value);
        return sketch_.Add(")");
      }
    }
    if (name == kNoNode) {
      // Any option, or none.
      needs_image_ = true;
      return;
    }
    if (part_.kind == SpecKind::kService && Vocabulary::Get().FindOption(tree_.text(name))) {
      needs_image_ = needs_image_ || tree_.text(name) == "image";
      return;
    }
    if (part_.kind == SpecKind::kNetwork && tree_.text(name) == "subnet") return;
    sketch_.Add(" '(");
    sketch_.Copy(tree_.text(name), tree_[name].begin);
    sketch_.Add(")");
  }

  // The rest of a define-service: a keyword and its values, again and again.
  void AddGroups(const std::vector<NodeId>& rest) {
    size_t i = 0;
    if (!rest.empty() && !IsKeyword(rest[0])) {
      // Not a keyword where one has to be; what stands behind it does not matter.
      const bool atom = tree_[rest[0]].atom();
      if (atom) return Copy(rest[0]);
      needs_image_ = true;
      return;
    }
    while (i < rest.size()) {
      const NodeId key = rest[i];
      const absl::string_view option = tree_.text(key).substr(1);
      size_t end = i + 1;
      while (end < rest.size() && !IsKeyword(rest[end])) ++end;
      const bool known = std::all_of(
          rest.begin() + static_cast<ptrdiff_t>(i) + 1, rest.begin() + static_cast<ptrdiff_t>(end),
          [&](NodeId value) { return KnownValue(value, option) || !StandInFor(value).empty(); });
      if (known) {
        for (size_t j = i; j < end; ++j) CopyOrStandIn(rest[j]);
      } else if (Vocabulary::Get().FindOption(option) == nullptr) {
        Copy(key);
        sketch_.Add(" 0");
      } else if (option == "image") {
        needs_image_ = true;
      }
      i = end;
    }
  }

  bool IsKeyword(NodeId node) const {
    return tree_[node].kind == SyntaxNode::Kind::kWord && tree_.text(node)[0] == ':';
  }

  // A value of a define-service, where a list that is no call is data.
  bool KnownValue(NodeId value, absl::string_view option, int depth = 0) const {
    constexpr int kDeepest = 8;
    if (depth > kDeepest) return false;
    const SyntaxNode& node = tree_[value];
    if (IsKnown(value)) return true;
    if (node.kind == SyntaxNode::Kind::kWord) {
      const auto kind = program_.names.MeaningOf(value).kind;
      const bool free = kind == Meaning::Kind::kUnknown || kind == Meaning::Kind::kDatum;
      return free && depth == 0 && absl::StartsWith(option, "cap-");
    }
    if (node.kind != SyntaxNode::Kind::kList) return false;
    const NodeId head = tree_.FirstDatum(value);
    if (head == kNoNode) return false;
    const bool word = tree_[head].kind == SyntaxNode::Kind::kWord;
    if (word && TypeOfAtom(tree_.text(head)).empty()) return false;
    const std::vector<NodeId> data = tree_.Data(value);
    return std::all_of(data.begin(), data.end(), [&](NodeId part) {
      return tree_.text(part) == "." || KnownValue(part, option, depth + 1);
    });
  }

  Part Run() {
    // The call is what it is in the program: a part is found by its list.
    Trial::Outcome outcome = program_.trial().Run(std::move(sketch_));
    for (Diagnostic& error : outcome.errors) {
      if (absl::StrContains(error.message, kNoName) || absl::StrContains(error.hint, kNoName)) {
        continue;
      }
      if (absl::StartsWith(error.message, "unbound variable: ")) continue;
      const absl::string_view rule =
          absl::StrContains(error.message, "unknown option")     ? "unknown-option"
          : absl::StrContains(error.message, ": missing (image") ? "missing-image"
                                                                 : "option-value";
      if (!program_.Sheltered(call_.list)) program_.Report(rule, std::move(error));
    }
    if (!outcome.value || !part_.named) {
      part_.named = false;
      return part_;
    }
    if (const ServiceSpec* spec = FindServiceSpec(*outcome.value)) {
      part_.service = *spec;
      part_.text = spec->name;
    } else if (const NetworkSpec* network = FindNetworkSpec(*outcome.value)) {
      part_.network = *network;
      part_.text = network->name;
    } else if (const VolumeSpec* volume = FindVolumeSpec(*outcome.value)) {
      part_.text = volume->name;
      part_.network.span = volume->span;
    }
    part_.named = !part_.text.empty();
    return part_;
  }

  Program& program_;
  const reml::SyntaxTree& tree_;
  const Call& call_;
  Part part_;
  Sketch sketch_;
  bool needs_image_ = false;  // an option that is left out may be the image
};

}  // namespace

std::vector<Part> CheckOptions(Program& program) {
  std::vector<Part> parts;
  for (const Call& call : program.names.calls()) {
    if (call.vague || call.meaning.kind != Meaning::Kind::kWord) continue;
    const Word* word = program.WordOf(call);
    if (word == nullptr) continue;
    if (SpecMadeBy(*word) == SpecKind::kNone) continue;
    // define-service calls whatever is `service`.
    if (program.names.Lookup("service", 0).kind != Meaning::Kind::kWord) continue;
    if (std::optional<Part> part = OptionChecker(program, call).Check()) {
      parts.push_back(*std::move(part));
    }
  }
  return parts;
}

void CheckServices(Program& program) { CheckStacks(program, CheckOptions(program)); }

}  // namespace pelagos::language
