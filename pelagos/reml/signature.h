// The signature of a procedure, as its row says it and the manual shows it:
//
//   "text:string start:int [end:int] -> string"     [..]: may be left out
//   "procedure:procedure list:list... -> list"      ...: any number of times, also none
//   " -> string"                                    no parameters
//
// A parameter is NAME:TYPE. Types: any bool int float number (int or float) string symbol text
// (string or symbol) keyword char nil pair list vector map procedure record regex parameter port
// promise eof values, and the names that layers above give theirs (service-spec); `a|b` is either,
// `list<string>` a list of them.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::reml {

// How many arguments a procedure takes.
struct Arity {
  static constexpr int kAny = -1;
  int least = 0;
  int most = 0;  // kAny: no limit
};

struct Parameter {
  absl::string_view name;
  absl::string_view type;
  bool optional = false;
  bool repeated = false;
};

struct Signature {
  std::vector<Parameter> parameters;
  absl::string_view result;
};

namespace internal {

// Takes the next word off `text`; empty at the end.
constexpr absl::string_view NextWord(absl::string_view& text) {
  size_t begin = 0;
  while (begin < text.size() && text[begin] == ' ') ++begin;
  size_t end = begin;
  while (end < text.size() && text[end] != ' ') ++end;
  const absl::string_view word = text.substr(begin, end - begin);
  text = text.substr(end);
  return word;
}

constexpr bool IsRepeated(absl::string_view word) {
  return word.size() > 3 && word.substr(word.size() - 3) == "...";
}

}  // namespace internal

constexpr Arity ArityOf(absl::string_view signature) {
  Arity arity;
  for (absl::string_view word = internal::NextWord(signature); !word.empty() && word != "->";
       word = internal::NextWord(signature)) {
    if (internal::IsRepeated(word)) {
      arity.most = Arity::kAny;
      continue;
    }
    if (word.front() != '[') ++arity.least;
    if (arity.most != Arity::kAny) ++arity.most;
  }
  return arity;
}

inline Signature ParseSignature(absl::string_view text) {
  Signature signature;
  for (absl::string_view word = internal::NextWord(text); !word.empty() && word != "->";
       word = internal::NextWord(text)) {
    Parameter parameter;
    if (word.front() == '[') {
      parameter.optional = true;
      word = word.substr(1, word.size() - 2);
    }
    if (internal::IsRepeated(word)) {
      parameter.repeated = true;
      word.remove_suffix(3);
    }
    const size_t colon = word.find(':');
    parameter.name = word.substr(0, colon);
    parameter.type =
        colon == absl::string_view::npos ? absl::string_view("any") : word.substr(colon + 1);
    signature.parameters.push_back(parameter);
  }
  signature.result = internal::NextWord(text);
  return signature;
}

// As it is called: "(substring text start [end])".
inline std::string Usage(absl::string_view name, absl::string_view signature) {
  std::string usage = absl::StrCat("(", name);
  for (const Parameter& parameter : ParseSignature(signature).parameters) {
    absl::StrAppend(&usage, " ", parameter.optional ? "[" : "", parameter.name,
                    parameter.optional ? "]" : "", parameter.repeated ? "..." : "");
  }
  return absl::StrCat(usage, ")");
}

}  // namespace pelagos::reml
