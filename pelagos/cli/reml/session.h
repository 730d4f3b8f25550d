// A program of the language by itself, with all that programs may use: what `reml eval`, `reml
// inputs` and `reml repl` have in common. No engine is opened, and no container started.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/cli/reml/streams.h"
#include "pelagos/compose/container_host.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/compose/no_containers.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/limits.h"
#include "pelagos/reml/value.h"
#include "pelagos/spec/forms.h"

namespace pelagos::cli {

struct Session {
  explicit Session(reml::Host host,
                   std::unique_ptr<compose::ContainerHost> containers =
                       std::make_unique<compose::NoContainers>(),
                   reml::Limits limits = {});

  SourceMap sources;
  reml::Interpreter interpreter;
  ComposeForms forms;  // a stack's program is one too, which starts nothing
  std::unique_ptr<compose::ContainerHost> containers;
  compose::ImperativeForms imperative;
};

// A world whose output and log go to the streams, which must outlive it. What the program prints is
// there before it sleeps or logs.
reml::Host HostFor(Streams& streams);

// Whether the last form of a program is there for its effect: a definition, say. Nothing is printed
// for its (). Any text is fine.
bool EndsInDefinition(absl::string_view program);

// A value as a line. `limit`: bytes that it may have. The error says what is wrong with it.
absl::StatusOr<std::string> Written(reml::Value value, bool json, size_t limit);

}  // namespace pelagos::cli
