// How an editor names a document: file:///srv/my%20stack.reml, or untitled:Untitled-1.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::lsp {

// nullopt: it is none of a file of this machine.
std::optional<std::string> PathOfUri(absl::string_view uri);
std::string UriOfPath(absl::string_view path);

// An absolute path without "." and "..", by its text alone.
std::string NormalPath(absl::string_view path);

}  // namespace pelagos::lsp
