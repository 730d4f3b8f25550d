// What an editor said that it understands.
#pragma once

#include "pelagos/lsp/message.h"
#include "pelagos/lsp/position.h"

namespace pelagos::lsp {

struct Client {
  Encoding encoding = Encoding::kUtf16;
  bool hover_markdown = false;
  bool completion_markdown = false;
  bool signature_markdown = false;
  bool signature_offsets = false;  // parameters as places in the label
  bool nested_symbols = false;
  bool related_information = false;
  bool tags = false;
  bool prepare_rename = false;
  bool versioned_edits = false;
  bool quick_fixes = false;  // code actions as values, and not as commands
};

// From the parameters of `initialize`.
Client ClientOf(const Json& params);

// What the server can do for it: the result of `initialize`.
Json CapabilitiesFor(const Client& client);

}  // namespace pelagos::lsp
