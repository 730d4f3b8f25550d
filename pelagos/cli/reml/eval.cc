#include "pelagos/cli/reml/eval.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/sha256.h"
#include "pelagos/cli/reml/session.h"
#include "pelagos/reml/inputs.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

constexpr size_t kLargestFile = 64 << 20;

struct Program {
  std::string name;
  std::string text;
};

absl::StatusOr<Program> ProgramFrom(const Arguments& args, std::istream& in) {
  if (args.has("expr")) return Program{"-e", absl::StrJoin(args.values("expr"), "\n")};
  const std::string& file = args.positionals().front();
  if (file == "-") return Program{"<stdin>", {std::istreambuf_iterator<char>(in), {}}};
  absl::StatusOr<std::string> text = sys::ReadFile(file, kLargestFile);
  if (!text.ok()) return text.status();
  return Program{file, *std::move(text)};
}

// A program that has run; `value` is that of its last form.
struct Evaluation {
  Evaluation(Program program, reml::Host host) : session(std::move(host)) {
    source = session.sources.Add(std::move(program.name), std::move(program.text));
    value = session.forms.Evaluate(source, diagnostics);
  }

  Session session;
  uint32_t source = 0;
  Diagnostics diagnostics;
  std::optional<reml::Value> value;
};

int Complain(Streams& streams, absl::string_view message, int code) {
  streams.out.flush();
  streams.err << "pelagos: error: " << message << "\n" << std::flush;
  return code;
}

// Exactly one program has to be given.
std::optional<int> WrongUse(const Arguments& args, absl::string_view command, Streams& streams) {
  const size_t programs = args.positionals().size() + (args.has("expr") ? 1 : 0);
  if (programs == 1) return std::nullopt;
  const std::string problem =
      programs == 0 ? "give a FILE, - for standard input, or -e EXPR"
                    : absl::StrCat("unexpected argument '", args.positionals().back(), "'");
  return Complain(streams, absl::StrCat(command, ": ", problem), kUsage);
}

std::string InputTable(const std::vector<reml::Input>& inputs) {
  std::string text;
  size_t width = 0;
  for (const reml::Input& input : inputs) width = std::max(width, input.name.size());
  for (const reml::Input& input : inputs) {
    absl::StrAppendFormat(&text, "%-7s  %-*s  %s\n", InputKindName(input.kind),
                          static_cast<int>(width), absl::Utf8SafeCEscape(input.name), input.digest);
  }
  return text;
}

std::string InputJson(const std::vector<reml::Input>& inputs) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const reml::Input& input : inputs) {
    rows.push_back({{"kind", std::string(InputKindName(input.kind))},
                    {"name", input.name},
                    {"digest", input.digest}});
  }
  return rows.dump(2) + "\n";
}

int RunEval(const Context&, const Arguments& args) {
  return EvaluateReml(args, {std::cin, std::cout, std::cerr});
}
int RunInputs(const Context&, const Arguments& args) {
  return ListRemlInputs(args, {std::cin, std::cout, std::cerr});
}

}  // namespace

int EvaluateReml(const Arguments& args, Streams streams) {
  if (const auto code = WrongUse(args, "reml eval", streams)) return *code;
  absl::StatusOr<Program> program = ProgramFrom(args, streams.in);
  if (!program.ok()) return Complain(streams, program.status().message(), kFailed);
  Evaluation evaluation(*std::move(program), HostFor(streams));
  Diagnostics& diagnostics = evaluation.diagnostics;
  const std::optional<reml::Value>& value = evaluation.value;
  const SourceMap& sources = evaluation.session.sources;
  std::string text;
  if (diagnostics.ok() &&
      !(value->is_nil() && EndsInDefinition(sources.Find(evaluation.source)->text()))) {
    absl::StatusOr<std::string> written =
        Written(*value, args.has("json"), evaluation.session.interpreter.heap().limit());
    if (written.ok()) {
      text = *std::move(written);
    } else {
      diagnostics.Error({}, std::string(written.status().message()));
    }
  }
  streams.out << text << std::flush;
  streams.err << Render(sources, diagnostics) << std::flush;
  return diagnostics.ok() ? kDone : kFailed;
}

int ListRemlInputs(const Arguments& args, Streams streams) {
  if (const auto code = WrongUse(args, "reml inputs", streams)) return *code;
  absl::StatusOr<Program> program = ProgramFrom(args, streams.in);
  if (!program.ok()) return Complain(streams, program.status().message(), kFailed);
  std::vector<reml::Input> inputs = {{reml::InputKind::kProgram, program->name,
                                      absl::StrCat("sha256:", Sha256Hex(program->text))}};
  // Only what it reads is of interest here.
  reml::Host host;
  host.sleep = [](double) {};
  const Evaluation evaluation(*std::move(program), std::move(host));
  for (reml::Input& input : evaluation.session.interpreter.inputs().list()) {
    inputs.push_back(std::move(input));
  }
  streams.out << (args.has("json") ? InputJson(inputs) : InputTable(inputs)) << std::flush;
  streams.err << Render(evaluation.session.sources, evaluation.diagnostics) << std::flush;
  return evaluation.diagnostics.ok() ? kDone : kFailed;
}

std::vector<Command> EvalCommands() {
  return {
      {.name = "reml eval",
       .usage = "[--json] -e EXPR | FILE | -",
       .summary = "Evaluate a program, and print the value of its last form.",
       .example = "pelagos reml eval -e '(map (lambda (x) (* x x)) (iota 5))'",
       .flags = {{"expr", 'e', "EXPR", "the program itself; several are one program"},
                 {"json", 0, "", "the value as JSON"}},
       .run = RunEval},
      {.name = "reml inputs",
       .usage = "[FLAGS] FILE | -",
       .summary = "List what a program reads of the world, with its hashes.",
       .example = "pelagos reml inputs compose.reml",
       .flags = {{"json", 0, "", "as JSON"}},
       .run = RunInputs},
  };
}

}  // namespace pelagos::cli
