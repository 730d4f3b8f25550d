// Texts that need not be UTF-8, as the words of a command line, in JSON, which is: byte for byte
// the same when they are read again.
//
// A byte b that belongs to no character becomes the character U+10FF00 + b, of the private use
// plane 16; so does each byte of a character that is itself between U+10FF80 and U+10FFFF. All
// other texts stay as they are. Source: RFC 8259, 8.1; PEP 383, of which this is the form without
// lone surrogates, which JSON has no room for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::store {

std::string BytesToText(absl::string_view bytes);
std::string TextToBytes(absl::string_view text);

// Of all strings in it, keys too.
void BytesToText(nlohmann::json& json);
void TextToBytes(nlohmann::json& json);

// Whether TextToBytes would change anything in the document.
bool HasBytes(absl::string_view document);

}  // namespace pelagos::store
