// The language server as a machine: a message in, messages out. It reads no stream and writes none;
// the disk is a function. Whatever a message holds, it is answered, and the next one is too.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/lsp/client.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/workspace.h"

namespace pelagos::lsp {

class Server {
 public:
  explicit Server(Workspace::Disk disk = nullptr) : workspace_(std::move(disk)) {}

  // What is said to the body of a frame, in order; each a body of its own.
  std::vector<std::string> Handle(absl::string_view body);
  // What is said to something that was no frame.
  std::vector<std::string> Refuse(absl::string_view why) const;

  // The diagnostics of the documents that have changed. To be called when no message waits: who
  // types faster than they are found waits for the last of them only.
  std::vector<std::string> Settle();
  bool unsettled() const { return workspace_.changed(); }

  // After `exit` nothing is answered.
  bool ended() const { return state_ == State::kEnded; }
  // Of the process: 0 when the editor had said goodbye.
  int exit_code() const { return exit_code_; }

 private:
  enum class State { kNew, kReady, kShutDown, kEnded };

  std::string Answered(const Json& id, absl::string_view method, const Json& params);
  void Notice(absl::string_view method, const Json& params, std::vector<std::string>& out);
  void Open(const Json& params);
  void Change(const Json& params);
  void Close(const Json& params, std::vector<std::string>& out);

  State state_ = State::kNew;
  int exit_code_ = 1;
  Client client_;
  Workspace workspace_;
};

}  // namespace pelagos::lsp
