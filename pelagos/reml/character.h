// What Unicode 14 says of single characters: case, letters, digits, white space.
#pragma once

#include <cstdint>
#include <optional>

namespace pelagos::reml {

// One character to one, as R7RS wants it: the capital of 'ß' is 'ß'.
char32_t UpperCase(char32_t c);
char32_t LowerCase(char32_t c);
// The same for all characters that differ in case only.
char32_t FoldCase(char32_t c);

bool IsAlphabetic(char32_t c);
bool IsUpperCase(char32_t c);
bool IsLowerCase(char32_t c);
bool IsWhitespace(char32_t c);
// The value of a decimal digit of any script; nullopt for what is none.
std::optional<int> DigitValue(char32_t c);

}  // namespace pelagos::reml
