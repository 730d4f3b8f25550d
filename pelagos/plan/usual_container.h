// A container that breaks no rule, for tests that change one thing of it.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/rules.h"

namespace pelagos {

struct UsualContainer {
  ContainerSpec spec;
  ResolvedImage image;
  ResolvedUser user;
  HostFacts facts;

  UsualContainer() {
    spec.name = "web";
    spec.image = "busybox";
    image.layers = {"/l"};
    image.cmd = {"sh"};
  }
  // What the rule says, one line an error, each with where it points.
  std::vector<std::string> Ask(void (*rule)(const PlanInputs&, Diagnostics&)) const {
    Diagnostics diags;
    rule({spec, image, user, facts}, diags);
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : diags.list()) {
      lines.push_back((diagnostic.span.known() ? absl::StrCat(diagnostic.span.begin, ": ") : "") +
                      diagnostic.message);
    }
    return lines;
  }
};

}  // namespace pelagos
