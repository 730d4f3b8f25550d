// The forms by which a program describes a stack: service, network, volume, compose, compose-up,
// on-ready. They are registered on an interpreter and do nothing but remember: what was asked for
// is a value.
//
// A mistake in a form does not end the program, so that all mistakes of all forms are shown in one
// run: the form notes it and returns its value as if it were fine. Only where a guard of the
// program would see the error does the form fail.
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

// The spec behind a value that (service ...) made; nullptr: it is another value.
const ServiceSpec* FindServiceSpec(reml::Value value);
// The same of (network ...) and (volume ...).
const NetworkSpec* FindNetworkSpec(reml::Value value);
const VolumeSpec* FindVolumeSpec(reml::Value value);

// Must not outlive its interpreter.
class ComposeForms {
 public:
  explicit ComposeForms(reml::Interpreter& interpreter);
  ComposeForms(const ComposeForms&) = delete;
  ComposeForms& operator=(const ComposeForms&) = delete;

  // The chapter of the reference.
  static reml::BuiltinTable Table();

  // Evaluates a program to its end, whatever mistakes its forms have. All of them are in
  // `diagnostics` then, in the order of evaluation, and after them what ended the program. nullopt:
  // something did; else the value of the last form. (Outside of Evaluate, a form with a mistake
  // fails.)
  std::optional<reml::Value> Evaluate(uint32_t source, Diagnostics& diagnostics);
  // The same for a part of a source, as Interpreter::Evaluate.
  std::optional<reml::Value> Evaluate(Span part, Diagnostics& diagnostics);

  // Whether a form of the program that is being evaluated had a mistake so far.
  bool has_mistakes() const { return !state_.mistakes.ok(); }
  // nullopt: the program asked for nothing. After mistakes it is what could be understood: good to
  // look for more of them, not to act upon.
  const std::optional<ComposeRequest>& request() const { return state_.request; }
  // In the order of their registration.
  const std::vector<Hook>& hooks() const { return state_.hooks; }

  // What the forms know of each other.
  struct State {
    std::optional<ComposeRequest> request;
    std::vector<Hook> hooks;
    bool collecting = false;  // mistakes are noted
    Diagnostics mistakes;
  };

 private:
  reml::Interpreter& interpreter_;
  State state_;
};

}  // namespace pelagos
