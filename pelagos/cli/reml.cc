#include "pelagos/cli/reml.h"

#include <chrono>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/compose/no_containers.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/reader.h"
#include "pelagos/spec/forms.h"
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

// What the program prints is there before it sleeps or logs.
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

// Whether the last form of a source that reads is there for its effect: a definition, say.
bool EndsInDefinition(const SourceMap& sources, uint32_t source) {
  reml::Heap heap(reml::Limits().bytes);
  Diagnostics diagnostics;
  const auto data = reml::Read(heap, sources, source, diagnostics);
  if (!data || data->empty()) return false;
  const reml::Value last = data->back().value;
  if (!last.is_pair() || !last.car().is_symbol()) return false;
  const absl::string_view head = last.car().text();
  return absl::StartsWith(head, "define") || head == "defmacro" || head == "import" ||
         head == "reml-version";
}

int RunEval(const Context&, const Arguments& args) {
  return EvaluateReml(args, {std::cin, std::cout, std::cerr});
}

int Complain(Streams& streams, absl::string_view message, int code) {
  streams.out.flush();
  streams.err << "pelagos: error: " << message << "\n" << std::flush;
  return code;
}

}  // namespace

int EvaluateReml(const Arguments& args, Streams streams) {
  const size_t programs = args.positionals().size() + (args.has("expr") ? 1 : 0);
  if (programs == 0) {
    return Complain(streams, "reml eval: what? Give -e EXPR, a FILE, or - for standard input",
                    kUsage);
  }
  if (programs > 1) {
    return Complain(
        streams, absl::StrCat("reml eval: unexpected argument '", args.positionals().back(), "'"),
        kUsage);
  }
  absl::StatusOr<Program> program = ProgramFrom(args, streams.in);
  if (!program.ok()) return Complain(streams, program.status().message(), kFailed);
  SourceMap sources;
  reml::Interpreter interpreter(sources, reml::Limits{}, HostFor(streams));
  ComposeForms forms(interpreter);
  compose::NoContainers containers;
  const compose::ImperativeForms imperative(interpreter, forms, containers);
  const uint32_t source = sources.Add(std::move(program->name), std::move(program->text));
  Diagnostics diagnostics;
  const std::optional<reml::Value> value = forms.Evaluate(source, diagnostics);
  std::string text;
  if (value && diagnostics.ok() && !(value->is_nil() && EndsInDefinition(sources, source))) {
    if (reml::WriteTo(*value, &text, interpreter.heap().limit())) {
      absl::StrAppend(&text, "\n");
    } else {
      diagnostics.Error({}, "the value is too large to print");
    }
  }
  streams.out << text << std::flush;
  streams.err << Render(sources, diagnostics) << std::flush;
  return diagnostics.ok() ? kDone : kFailed;
}

std::vector<Command> RemlCommands() {
  return {
      {.name = "reml eval",
       .usage = "-e EXPR | FILE | -",
       .summary = "Evaluate a program, and print the value of its last form.",
       .example = "pelagos reml eval -e '(map (lambda (x) (* x x)) (iota 5))'",
       .flags = {{"expr", 'e', "EXPR", "the program itself; several are one program"}},
       .run = RunEval},
  };
}

}  // namespace pelagos::cli
