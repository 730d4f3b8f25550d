// The files in tools/editor that are made of the language's tables.
#pragma once

#include <map>
#include <string>

namespace pelagos {

// Their texts, by their paths below tools/editor.
std::map<std::string, std::string> EditorFiles();

}  // namespace pelagos
