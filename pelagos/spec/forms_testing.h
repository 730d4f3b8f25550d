// What the tests of the forms share: run a program, see what it asked for and what was wrong.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/forms.h"

namespace pelagos {

using Words = std::vector<std::string>;

class FormsTest : public ::testing::Test {
 protected:
  FormsTest() : interpreter_(sources_, {}, HostOf(output_)), forms_(interpreter_) {}

  // Output is kept; no variable of the environment is set.
  static reml::Host HostOf(std::string& output) {
    reml::Host host;
    host.output = [&output](absl::string_view text) { absl::StrAppend(&output, text); };
    host.environment = [](absl::string_view) { return std::optional<std::string>(); };
    return host;
  }
  std::vector<reml::Root> HooksOf(const std::string& service) const {
    std::vector<reml::Root> procedures;
    for (const Hook& hook : forms_.hooks()) {
      if (hook.site.service == service) procedures.push_back(hook.procedure);
    }
    return procedures;
  }

  // Evaluates a program as t.reml. False: diags_ says why.
  bool Run(const std::string& program) {
    diags_ = {};
    output_.clear();
    return forms_.Evaluate(sources_.Add("t.reml", program), diags_) && diags_.ok();
  }
  // The messages of the errors, without those of notes.
  std::vector<std::string> Messages() const {
    std::vector<std::string> messages;
    for (const Diagnostic& diagnostic : diags_.list()) {
      if (diagnostic.severity == Severity::kError) messages.push_back(diagnostic.message);
    }
    return messages;
  }
  // The first error as it is shown.
  std::string Shown(const std::string& program) {
    EXPECT_FALSE(Run(program)) << program;
    return diags_.list().empty() ? "" : Render(sources_, diags_.list().front());
  }
  // What `guard` sees: the message of the first error.
  std::string Caught(const std::string& expression) {
    EXPECT_TRUE(Run("(display (guard (e (#t e)) " + expression + "))")) << Rendered();
    return output_;
  }
  std::string Rendered() const { return Render(sources_, diags_); }

  const ComposeSpec& spec() const { return forms_.request()->spec; }
  const ServiceSpec& service(const std::string& name) const {
    for (const ServiceSpec& service : spec().services) {
      if (service.name == name) return service;
    }
    ADD_FAILURE() << "no service " << name;
    return spec().services.front();
  }
  // A service "a" with an image and one more option, as a datum.
  const ContainerSpec& With(const std::string& option) {
    EXPECT_TRUE(Run("(compose-up (compose (service 'a '(image \"i\") '" + option + ")))"))
        << Rendered();
    return service("a").container;
  }

  SourceMap sources_;
  Diagnostics diags_;
  std::string output_;
  reml::Interpreter interpreter_;
  ComposeForms forms_;
};

}  // namespace pelagos
