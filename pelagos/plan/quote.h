// Words as a POSIX shell would need them, so that a printed command can be read without doubt.
//
// Source: POSIX, Shell Command Language, 2.2 ("Quoting"). Control characters are shown as $'\x1b',
// the form that bash and POSIX.1-2024 read.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

inline std::string ShellQuoted(absl::string_view word) {
  constexpr absl::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-";
  constexpr char kHex[] = "0123456789abcdef";
  bool plain = !word.empty();
  bool control = false;
  for (char c : word) {
    plain = plain && kPlain.find(c) != absl::string_view::npos;
    control = control || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }
  if (plain) return std::string(word);
  std::string text = control ? "$'" : "'";
  for (char c : word) {
    if (control && (c == '\'' || c == '\\')) {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += "\\x";
      text += kHex[static_cast<unsigned char>(c) >> 4];
      text += kHex[c & 15];
    } else if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

inline std::string ShellQuoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += ShellQuoted(word);
  }
  return text;
}

}  // namespace pelagos
