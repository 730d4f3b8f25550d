// The requests about documents: what each of them asks for, and the answer as JSON.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/lsp/client.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/workspace.h"

namespace pelagos::lsp {

struct Request {
  Workspace& workspace;
  const Client& client;
  const Json& params;
};

// INVALID_ARGUMENT: the parameters are not as the protocol says. FAILED_PRECONDITION: it cannot be
// done, and the message is for people.
using Answer = absl::StatusOr<Json>;

struct Feature {
  absl::string_view method;
  Answer (*answer)(const Request& request);
};
absl::Span<const Feature> Features();

// The document that `params.textDocument` names; INVALID_ARGUMENT: there is none.
absl::StatusOr<Document*> DocumentOf(const Request& request);

// What textDocument/publishDiagnostics says of a document.
Json DiagnosticsOf(Workspace& workspace, Document& document, const Client& client);

// In files of their own.
Answer FormatDocument(const Request& request);
Answer FormatRange(const Request& request);
Answer PrepareRename(const Request& request);
Answer Rename(const Request& request);
Answer QuickFixes(const Request& request);

}  // namespace pelagos::lsp
