// What a program defines: definitions of the program and of bodies, services, networks, volumes.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/place.h"
#include "pelagos/language/specs.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::SyntaxTree;
using Kind = SyntaxNode::Kind;

Symbol::Kind SymbolKind(SpecKind kind) {
  return kind == SpecKind::kService   ? Symbol::Kind::kService
         : kind == SpecKind::kNetwork ? Symbol::Kind::kNetwork
                                      : Symbol::Kind::kVolume;
}

// The whole of a text as one short line.
std::string Short(absl::string_view text) {
  constexpr size_t kMost = 60;
  std::string line;
  bool blank = false;
  for (const char c : text) {
    if (reml::IsBlank(c)) {
      blank = !line.empty();
      continue;
    }
    if (line.size() >= kMost && (static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      return line + "...";
    }
    if (blank) line.push_back(' ');
    blank = false;
    line.push_back(c);
  }
  return line;
}

// "image depends-on port": the options that are given, each once.
std::string OptionsOf(const Names& names, NodeId list) {
  const SyntaxTree& tree = names.tree();
  std::vector<absl::string_view> options;
  // The names stand in the call, or at most in two lists inside of it.
  const auto look = [&](NodeId id) {
    const auto use = OptionAround(names, id);
    if (!use || !use->is_name || use->option == nullptr) return;
    if (std::find(options.begin(), options.end(), use->name) == options.end()) {
      options.push_back(use->name);
    }
  };
  constexpr size_t kMost = 500;
  size_t count = 0;
  for (NodeId id = tree[list].first; id != kNoNode && ++count < kMost; id = tree[id].next) {
    if (tree[id].kind == Kind::kWord) look(id);
    const NodeId in = tree[id].kind == Kind::kPrefix ? tree[id].last : id;
    if (in == kNoNode || tree[in].kind != Kind::kList) continue;
    const NodeId head = tree.FirstDatum(in);
    if (head == kNoNode) continue;
    look(head);
    const NodeId first = tree.NextDatum(head);
    if (first != kNoNode && tree[first].kind == Kind::kPrefix && tree[first].last != kNoNode) {
      look(tree[first].last);
    }
  }
  std::string text;
  for (absl::string_view option : options) absl::StrAppend(&text, text.empty() ? "" : " ", option);
  return text;
}

// A symbol that is not in its place yet.
struct Item {
  Symbol symbol;
  NodeId form;
};

class Collector {
 public:
  explicit Collector(const Names& names) : names_(names), tree_(names.tree()) {}

  std::vector<Symbol> Run() {
    for (const Spec& spec : SpecsOf(names_)) specs_.emplace(spec.list, spec);
    for (const Definition& definition : names_.definitions()) {
      if (!definition.imported() && definition.form != kNoNode) Define(definition);
    }
    for (const auto& [list, spec] : specs_) {
      if (taken_.contains(list)) continue;
      Symbol symbol;
      symbol.name = spec.name;
      symbol.name_range = spec.name_range;
      SetSpec(spec, symbol);
      Add(list, std::move(symbol));
    }
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      return std::pair(a.form, a.symbol.name_range.begin) <
             std::pair(b.form, b.symbol.name_range.begin);
    });
    return Nest();
  }

 private:
  void Add(NodeId form, Symbol symbol) {
    symbol.range = {tree_[form].begin, tree_[form].end};
    items_.push_back({std::move(symbol), form});
  }

  void SetSpec(const Spec& spec, Symbol& symbol) {
    symbol.kind = SymbolKind(spec.kind);
    symbol.detail = spec.kind == SpecKind::kService ? OptionsOf(names_, spec.list) : "";
    if (symbol.name != spec.name) {
      symbol.detail =
          absl::StrCat("\"", spec.name, "\"", symbol.detail.empty() ? "" : ": ", symbol.detail);
    }
  }

  void Define(const Definition& definition) {
    const Call* call = names_.CallOf(definition.form);
    const Word* word = call == nullptr ? nullptr : call->meaning.word;
    if (word == nullptr || word->entry->reach != reml::Reach::kAround ||
        definition.kind == Definition::Kind::kParameter) {
      return;
    }
    Symbol symbol;
    symbol.name = definition.name;
    symbol.name_range = {definition.begin, definition.end};
    if (definition.kind == Definition::Kind::kMacro) {
      symbol.kind = Symbol::Kind::kMacro;
    } else if (tree_[definition.node].parent != definition.form && definition.arity) {
      symbol.kind = Symbol::Kind::kProcedure;
      symbol.detail = Short(tree_.text(tree_[definition.node].parent));
    } else if (definition.arity) {
      symbol.kind = Symbol::Kind::kProcedure;
    }
    if (const auto own = specs_.find(definition.form); own != specs_.end()) {
      SetSpec(own->second, symbol);  // define-service
      taken_.emplace(own->first, true);
    } else if (const auto value = specs_.find(definition.value);
               definition.value != kNoNode && value != specs_.end()) {
      SetSpec(value->second, symbol);
      taken_.emplace(value->first, true);
    } else if (definition.value != kNoNode && symbol.kind == Symbol::Kind::kVariable &&
               tree_[definition.node].parent == definition.form) {
      symbol.detail = Short(tree_.text(definition.value));
    }
    Add(definition.form, std::move(symbol));
  }

  // Items inside of another form are its children; a form that defines several names, as that of a
  // record does, gives its first name the others.
  std::vector<Symbol> Nest() {
    std::vector<Symbol> top;
    std::vector<Symbol*> open;
    for (Item& item : items_) {
      while (!open.empty() && open.back()->range.end <= item.symbol.range.begin) open.pop_back();
      const bool sibling = !open.empty() && open.back()->range == item.symbol.range;
      if (sibling) {
        Symbol& first = *open.back();
        if (first.kind == Symbol::Kind::kVariable && item.symbol.kind != Symbol::Kind::kVariable) {
          first.kind = Symbol::Kind::kRecord;
          first.detail.clear();
        }
        item.symbol.range = item.symbol.name_range;
        first.children.push_back(std::move(item.symbol));
        continue;
      }
      if (open.size() >= kDeepest) continue;  // that is no outline any more
      std::vector<Symbol>& into = open.empty() ? top : open.back()->children;
      into.push_back(std::move(item.symbol));
      // Children are only added to the last one, and so pointers stay good.
      open.push_back(&into.back());
    }
    return top;
  }
  static constexpr size_t kDeepest = 16;

  const Names& names_;
  const SyntaxTree& tree_;
  absl::flat_hash_map<NodeId, Spec> specs_;
  absl::flat_hash_map<NodeId, bool> taken_;
  std::vector<Item> items_;
};

}  // namespace

std::vector<Symbol> SymbolsOf(const Names& names) { return Collector(names).Run(); }

}  // namespace pelagos::language
