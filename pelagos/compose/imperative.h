// The forms by which a program starts containers itself: container-start, container-wait, ...; and
// futures, which describe such starts as a graph of values: start, then, then-all, run, resolve,
// await. They are registered on an interpreter.
//
// Values and graphs are pure; what touches the world goes through a ContainerHost. Nothing is
// started while a form of the program has a mistake (ComposeForms::has_mistakes).
#pragma once

#include "pelagos/compose/container_host.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/forms.h"

namespace pelagos::compose {

// What all three arguments name must outlive it; it must not outlive the interpreter.
class ImperativeForms {
 public:
  ImperativeForms(reml::Interpreter& interpreter, const ComposeForms& forms, ContainerHost& host);
  ImperativeForms(const ImperativeForms&) = delete;
  ImperativeForms& operator=(const ImperativeForms&) = delete;

  // The chapter of the reference.
  static reml::BuiltinTable Table();

  // What a form acts on.
  struct World {
    const ComposeForms& forms;
    ContainerHost& host;
  };

 private:
  World world_;
};

}  // namespace pelagos::compose
