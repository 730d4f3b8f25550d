// The services, networks and volumes that a program describes, and their options, as far as they
// can be seen in its text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/language/names.h"
#include "pelagos/language/range.h"

namespace pelagos::language {

enum class SpecKind : uint8_t { kNone, kService, kNetwork, kVolume };

// What the word makes when it is called: of (service NAME ...) and (define-service VARIABLE NAME
// ...) a service.
SpecKind SpecMadeBy(const Word& word);

// One whose name is written in the program.
struct Spec {
  SpecKind kind = SpecKind::kNone;
  std::string name;
  Range name_range;        // without quotes
  NodeId list = kNoNode;   // that makes it
  NodeId bound = kNoNode;  // the variable of a define-service
};
std::vector<Spec> SpecsOf(const Names& names);

// An option of a service that a node is in, or whose name it is.
struct OptionUse {
  const Word* option = nullptr;  // nullptr: there is none of that name
  absl::string_view name;        // as it is written, without a colon
  NodeId name_node = kNoNode;
  size_t index = 0;      // of the value that the node is in; of a name it says nothing
  bool is_name = false;  // the node is the option's name
  bool keyword = false;  // of define-service
};
std::optional<OptionUse> OptionAround(const Names& names, NodeId node);

// What a text at a place may name.
enum class Named : uint8_t { kNothing, kService, kNetwork, kVolume, kCapability };
Named NamedBy(const OptionUse& use);
// The same for an argument of a call that may be the name of a spec: (on-ready "db" ...)
Named NamedByArgument(const Names& names, NodeId node);
constexpr SpecKind KindOf(Named named) {
  switch (named) {
    case Named::kService:
      return SpecKind::kService;
    case Named::kNetwork:
      return SpecKind::kNetwork;
    case Named::kVolume:
      return SpecKind::kVolume;
    case Named::kNothing:
    case Named::kCapability:
      break;
  }
  return SpecKind::kNone;
}

// The text of an atom without its quotation marks; "" of others.
absl::string_view AtomText(const reml::SyntaxTree& tree, NodeId node);
Range AtomRange(const reml::SyntaxTree& tree, NodeId node);

}  // namespace pelagos::language
