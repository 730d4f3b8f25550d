#include "pelagos/cli/reml/session.h"

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/json_text.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::cli {

Session::Session(reml::Host host, std::unique_ptr<compose::ContainerHost> containers,
                 reml::Limits limits)
    : interpreter(sources, limits, std::move(host)),
      forms(interpreter),
      containers(std::move(containers)),
      imperative(interpreter, forms, *this->containers) {}

reml::Host HostFor(Streams& streams) {
  reml::Host host;
  host.output = [&out = streams.out](absl::string_view text) { out << text; };
  host.log = [&streams](absl::string_view record) {
    streams.out.flush();
    streams.err << "[lisp] " << record << "\n" << std::flush;
  };
  host.sleep = [&out = streams.out](double seconds) {
    out.flush();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  };
  return host;
}

bool EndsInDefinition(absl::string_view program) {
  if (program.size() >= UINT32_MAX) return false;
  const reml::SyntaxTree tree(program);
  reml::NodeId last = reml::kNoNode;
  for (reml::NodeId id = tree.FirstDatum(reml::SyntaxTree::kRoot); id != reml::kNoNode;
       id = tree.NextDatum(id)) {
    last = id;
  }
  if (last == reml::kNoNode || tree[last].kind != reml::SyntaxNode::Kind::kList) return false;
  const absl::string_view head = tree.Head(last);
  return absl::StartsWith(head, "define") || head == "defmacro" || head == "import" ||
         head == "reml-version";
}

absl::StatusOr<std::string> Written(reml::Value value, bool json, size_t limit) {
  constexpr char kTooLarge[] = "the value is too large to print";
  std::string text;
  if (json) {
    absl::StatusOr<std::string> written = reml::JsonText(value, 0, limit);
    if (absl::IsResourceExhausted(written.status())) {
      return absl::ResourceExhaustedError(kTooLarge);
    }
    if (!written.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the value cannot be JSON: ", written.status().message()));
    }
    text = *std::move(written);
  } else if (!reml::WriteTo(value, &text, limit)) {
    return absl::ResourceExhaustedError(kTooLarge);
  }
  return absl::StrCat(text, "\n");
}

}  // namespace pelagos::cli
