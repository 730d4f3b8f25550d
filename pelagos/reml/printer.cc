#include "pelagos/reml/printer.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {
namespace {

void WriteString(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        out->push_back(c);
    }
  }
  out->push_back('"');
}

void WriteObject(const Object& object, std::string* out) {
  switch (object.kind) {
    case Kind::kForeign:
      static_cast<const ForeignObject&>(object).foreign->Print(out);
      break;
    case Kind::kBuiltin:
      absl::StrAppend(out, "#<procedure:", static_cast<const BuiltinObject&>(object).builtin.name,
                      ">");
      break;
    case Kind::kMacro:
      absl::StrAppend(out, "#<macro:", static_cast<const MacroObject&>(object).name->name, ">");
      break;
    default:
      out->append("#<lambda>");
  }
}

// Everything but pairs.
void WriteAtom(Value value, std::string* out) {
  if (value.is_nil()) {
    out->append("()");
  } else if (value.is_bool()) {
    out->append(value.is_true() ? "#t" : "#f");
  } else if (value.is_int()) {
    absl::StrAppend(out, value.as_int());
  } else if (value.is_float()) {
    out->append(FormatFloat(value.as_float()));
  } else if (value.is_symbol()) {
    absl::StrAppend(out, value.text());
  } else if (value.is_string()) {
    WriteString(value.text(), out);
  } else if (value.is_object()) {
    WriteObject(*value.object(), out);
  }
}

}  // namespace

bool WriteTo(Value value, std::string* out, size_t limit) {
  // What is still to be written of the lists that are open: their rests, innermost last.
  std::vector<Value> rests;
  for (;;) {
    if (out->size() > limit) {
      out->resize(limit);
      return false;
    }
    if (value.is_pair()) {
      out->push_back('(');
      rests.push_back(value.cdr());
      value = value.car();
      continue;
    }
    WriteAtom(value, out);
    for (;; rests.pop_back()) {
      if (rests.empty()) return true;
      Value& rest = rests.back();
      if (rest.is_pair()) {
        out->push_back(' ');
        value = rest.car();
        rest = rest.cdr();
        break;
      }
      if (!rest.is_nil()) {
        out->append(" . ");
        WriteAtom(rest, out);
      }
      out->push_back(')');
    }
  }
}

bool DisplayTo(Value value, std::string* out, size_t limit) {
  if (!value.is_string()) return WriteTo(value, out, limit);
  const absl::string_view text = value.text();
  const size_t room = limit > out->size() ? limit - out->size() : 0;
  absl::StrAppend(out, text.substr(0, room));
  return text.size() <= room;
}

}  // namespace pelagos::reml
