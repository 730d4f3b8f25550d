// The forms by which a program describes a stack: service, network, volume, compose, compose-up,
// on-ready. They are registered on an interpreter and do nothing but remember: what was asked for
// is a value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/check.h"
#include "pelagos/spec/compose.h"

namespace pelagos {

// What the last compose-up asked for.
struct ComposeRequest {
  ComposeSpec spec;
  std::string project;  // empty: not said
  bool foreground = false;
  Span span;          // of the call
  Span project_span;  // of the project's name
};

// A procedure without arguments, to be called when the service is ready.
struct Hook {
  HookSite site;
  reml::Root procedure;
};

// Must not outlive its interpreter.
class ComposeForms {
 public:
  explicit ComposeForms(reml::Interpreter& interpreter);
  ComposeForms(const ComposeForms&) = delete;
  ComposeForms& operator=(const ComposeForms&) = delete;

  // The chapter of the reference.
  static reml::BuiltinTable Table();

  // nullopt: the program asked for nothing.
  const std::optional<ComposeRequest>& request() const { return request_; }
  // In the order of their registration.
  const std::vector<Hook>& hooks() const { return hooks_; }

 private:
  std::optional<ComposeRequest> request_;
  std::vector<Hook> hooks_;
};

}  // namespace pelagos
