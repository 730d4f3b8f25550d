// What the tests of the imperative forms share: an interpreter with a made-up host, and the
// services db, web, app and bad (whose image is missing).
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/compose/fake_containers.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/printer.h"
#include "pelagos/spec/forms.h"

namespace pelagos::compose {

using Words = std::vector<std::string>;

class ImperativeTest : public ::testing::Test {
 protected:
  explicit ImperativeTest(reml::Limits limits = {})
      : interpreter_(sources_, limits, MakeHost()),
        forms_(interpreter_),
        containers_("proj", [this](absl::string_view text) { absl::StrAppend(&output_, text); }),
        imperative_(interpreter_, forms_, containers_) {
    Eval(
        "(define-service db \"db\" :image \"redis\")"
        "(define-service web \"web\" :image \"nginx\")"
        "(define-service app \"app\" :image \"app\")"
        "(define-service bad \"bad\" :image \"missing\")");
  }

  // The value of the last form in write form, or "!! " and the message of the first error.
  std::string Eval(const std::string& text) {
    diagnostics_ = {};
    const auto value = interpreter_.Evaluate(sources_.Add("t.reml", text), diagnostics_);
    if (value) return reml::Write(*value);
    const Words messages = Messages();
    return absl::StrCat("!! ", messages.empty() ? "" : messages[0]);
  }
  // All that is said of a text that fails.
  std::string Shown(const std::string& text) {
    EXPECT_EQ(Eval(text).substr(0, 2), "!!") << text;
    return Render(sources_, diagnostics_);
  }
  // As a program whose mistakes are collected. False: it has some.
  bool Program(const std::string& text) {
    diagnostics_ = {};
    forms_.Evaluate(sources_.Add("t.reml", text), diagnostics_);
    return diagnostics_.ok();
  }
  Words Messages() const {
    Words messages;
    for (const Diagnostic& diagnostic : diagnostics_.list()) {
      if (diagnostic.severity == Severity::kError) messages.push_back(diagnostic.message);
    }
    return messages;
  }
  // What the host was asked for, since the last look.
  Words Log() { return std::exchange(containers_.log, {}); }
  // What was printed, since the last look.
  std::string Output() { return std::exchange(output_, {}); }

  SourceMap sources_;
  Diagnostics diagnostics_;
  std::string output_;
  reml::Interpreter interpreter_;
  ComposeForms forms_;
  FakeContainers containers_;
  ImperativeForms imperative_;

 private:
  reml::Host MakeHost() {
    reml::Host host;
    host.output = [this](absl::string_view text) { absl::StrAppend(&output_, text); };
    host.environment = [](absl::string_view) { return std::optional<std::string>(); };
    return host;
  }
};

}  // namespace pelagos::compose
