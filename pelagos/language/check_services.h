// The services, networks and volumes that a program makes, as far as they can be known. For
// check_*.cc only.
#pragma once

#include <string>
#include <vector>

#include "pelagos/language/check_program.h"
#include "pelagos/language/specs.h"
#include "pelagos/spec/compose.h"

namespace pelagos::language {

// One call that makes a part of a stack.
struct Part {
  SpecKind kind = SpecKind::kService;
  NodeId list = kNoNode;  // the call
  NodeId name = kNoNode;  // its argument
  bool named = false;     // the name is known; then the specs below are what is known of it
  std::string text;       // the name
  ServiceSpec service;
  NetworkSpec network;
};

// Tries the options of all services, networks and volumes of the program, and reports what is wrong
// with them. Spans in the specs are those of trials.
std::vector<Part> CheckOptions(Program& program);  // check_options.cc

// The stacks that are made of them.
void CheckStacks(Program& program, const std::vector<Part>& parts);  // check_stacks.cc

}  // namespace pelagos::language
