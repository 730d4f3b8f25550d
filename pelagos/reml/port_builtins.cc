// Output, and ports that read from strings and write to them.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/port.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/text.h"
#include "pelagos/reml/text_output.h"

namespace pelagos::reml {
namespace {

constexpr size_t kTextPerStep = 64;  // bytes

MaybeError WantInput(CallContext& ctx, Args args, size_t index, InputPort** port) {
  *port = InputPort::From(args[index]);
  if (*port == nullptr) return ctx.TypeError(index, "input-port", args[index]);
  return std::nullopt;
}

EvalResult StringOf(CallContext& ctx, absl::string_view text) {
  if (!ctx.Charge(text.size() / kTextPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(text.size())) return ctx.OutOfMemory();
  return ctx.heap().String(std::string(text));
}

// Sends text to the output port in argument `index`, or to the host when there is none.
EvalResult Send(CallContext& ctx, Args args, size_t index, absl::string_view text) {
  if (!ctx.Charge(text.size() / kTextPerStep)) return ctx.OutOfSteps();
  if (index >= args.size()) {
    ctx.host().output(text);
    return Value::Nil();
  }
  OutputPort* port = OutputPort::From(args[index]);
  if (port == nullptr) return ctx.TypeError(index, "output-port", args[index]);
  if (!ctx.Fits(text.size())) return ctx.OutOfMemory();
  port->text()->append(text.data(), text.size());
  port->Grew(ctx.heap());
  return Value::Nil();
}

// In the original, display and write ignore further arguments; here one that is a port counts.
EvalResult Print(CallContext& ctx, Args args, bool display) {
  std::string text;
  if (auto error = AppendText(ctx, args[0], display, &text)) return *error;
  const bool to_port = args.size() > 1 && (OutputPort::From(args[1]) != nullptr ||
                                           InputPort::From(args[1]) != nullptr);
  return Send(ctx, to_port ? args : args.subspan(0, 1), 1, text);
}

EvalResult DisplayOne(CallContext& ctx, Args args) { return Print(ctx, args, true); }
EvalResult WriteOne(CallContext& ctx, Args args) { return Print(ctx, args, false); }
EvalResult Newline(CallContext& ctx, Args args) { return Send(ctx, args, 0, "\n"); }

EvalResult WriteString(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  return Send(ctx, args, 1, args[0].text());
}

EvalResult WriteChar(CallContext& ctx, Args args) {
  if (!args[0].is_char()) return ctx.TypeError(0, "char", args[0]);
  std::string text;
  AppendUtf8(args[0].as_char(), &text);
  return Send(ctx, args, 1, text);
}

EvalResult OpenInput(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  if (!ctx.Charge(args[0].text().size() / kTextPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(args[0].text().size())) return ctx.OutOfMemory();
  return InputPort::Make(ctx.heap(), std::string(args[0].text()));
}

EvalResult OpenOutput(CallContext& ctx, Args) { return OutputPort::Make(ctx.heap()); }

EvalResult GetOutput(CallContext& ctx, Args args) {
  OutputPort* port = OutputPort::From(args[0]);
  if (port == nullptr) return ctx.TypeError(0, "output-port", args[0]);
  return StringOf(ctx, *port->text());
}

// Locals: the port.
EvalResult ResumeCallWithOutput(CallContext& ctx, absl::Span<Value> locals, Value) {
  return StringOf(ctx, *OutputPort::From(locals[0])->text());
}
EvalResult CallWithOutput(CallContext& ctx, Args args) {
  if (auto error = WantProcedure(ctx, args, 0)) return *error;
  const Value port = OutputPort::Make(ctx.heap());
  return ctx.CallThen(args[0], {port}, {port}, ResumeCallWithOutput);
}

EvalResult IsInput(CallContext&, Args args) {
  return Value::Bool(InputPort::From(args[0]) != nullptr);
}
EvalResult IsOutput(CallContext&, Args args) {
  return Value::Bool(OutputPort::From(args[0]) != nullptr);
}
EvalResult IsPort(CallContext& ctx, Args args) {
  return Value::Bool(IsInput(ctx, args).value().is_true() || OutputPort::From(args[0]) != nullptr);
}
EvalResult Eof(CallContext&, Args) { return Value::Eof(); }
EvalResult IsEof(CallContext&, Args args) { return Value::Bool(args[0].is_eof()); }

EvalResult ReadLine(CallContext& ctx, Args args) {
  InputPort* port = nullptr;
  if (auto error = WantInput(ctx, args, 0, &port)) return *error;
  absl::string_view line = port->rest();
  if (line.empty()) return Value::Eof();
  const size_t end = line.find('\n');
  line = line.substr(0, end);
  port->Skip(line.size() + (end == absl::string_view::npos ? 0 : 1));
  if (end != absl::string_view::npos && !line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  return StringOf(ctx, line);
}

EvalResult NextChar(CallContext& ctx, Args args, bool take) {
  InputPort* port = nullptr;
  if (auto error = WantInput(ctx, args, 0, &port)) return *error;
  if (port->rest().empty()) return Value::Eof();
  size_t at = 0;
  const char32_t c = NextCharacter(port->rest(), at);
  if (take) port->Skip(at);
  return Value::Char(c);
}
EvalResult ReadChar(CallContext& ctx, Args args) { return NextChar(ctx, args, true); }
EvalResult PeekChar(CallContext& ctx, Args args) { return NextChar(ctx, args, false); }

EvalResult ReadString(CallContext& ctx, Args args) {
  size_t count = 0;
  if (auto error = ReadIndex(ctx, args, 0, 0, INT64_MAX, &count, "number of characters")) {
    return *error;
  }
  InputPort* port = nullptr;
  if (auto error = WantInput(ctx, args, 1, &port)) return *error;
  if (port->rest().empty() && count != 0) return Value::Eof();
  const absl::string_view text =
      port->rest().substr(0, ByteOffset(port->rest(), count).value_or(absl::string_view::npos));
  port->Skip(text.size());
  return StringOf(ctx, text);
}

// Takes away where the data stood: that is no text which a message could show.
void ForgetSpans(const std::vector<Datum>& data) {
  std::vector<Value> waiting;
  for (const Datum& datum : data) waiting.push_back(datum.value);
  while (!waiting.empty()) {
    const Value part = waiting.back();
    waiting.pop_back();
    if (part.is_pair()) {
      part.object()->flag = 0;
      waiting.push_back(part.cdr());
      waiting.push_back(part.car());
    } else if (part.is_vector()) {
      const std::vector<Value>& items = part.vector()->items;
      waiting.insert(waiting.end(), items.begin(), items.end());
    }
  }
}

EvalResult ReadDatum(CallContext& ctx, Args args) {
  InputPort* port = nullptr;
  if (auto error = WantInput(ctx, args, 0, &port)) return *error;
  if (const std::optional<Value> datum = port->NextDatum()) return *datum;
  constexpr size_t kSourcePerStep = 8;  // bytes; more work than printing
  if (!ctx.Charge(port->rest().size() / kSourcePerStep)) return ctx.OutOfSteps();
  SourceMap sources;
  Diagnostics diagnostics;
  const uint32_t source = sources.Add("port", std::string(port->rest()));
  std::optional<std::vector<Datum>> data = Read(ctx.heap(), sources, source, diagnostics);
  if (!data || !diagnostics.ok()) {
    if (!ctx.Fits(0)) return ctx.OutOfMemory();
    const Diagnostic& first = diagnostics.list().front();
    const LineColumn at = sources.Find(source)->Locate(first.span.begin);
    return ctx.Error(
        ctx.ArgSpan(0), absl::StrCat("read: ", first.message),
        absl::StrCat("in line ", at.line, ", column ", at.column, " of what is left to read"));
  }
  ForgetSpans(*data);
  port->Remember(*std::move(data));
  if (const std::optional<Value> datum = port->NextDatum()) return *datum;
  port->Skip(port->rest().size());
  return Value::Eof();
}

constexpr absl::string_view kIntro =
    "`display`, `write` and `newline` print to the terminal, or to a port. An output port collects "
    "text in a string; an input port reads from one, until it returns the end-of-file object.";

constexpr Builtin kRows[] = {
    {"display", "x:any [port:output-port] rest:any... -> nil", DisplayOne,
     "Prints X as people read it: strings without quotes. It goes to PORT when that is a port; "
     "other further arguments are ignored.",
     "(display \"a\") => ()\n(call-with-output-string (lambda (port) (display \"a\" port))) => "
     "\"a\""},
    {"write", "x:any [port:output-port] rest:any... -> nil", WriteOne,
     "Prints X as `read` takes it: strings with quotes. It goes to PORT when that is a port; other "
     "further arguments are ignored.",
     "(write \"a\") => ()\n(call-with-output-string (lambda (port) (write \"a\" port))) => "
     "\"\\\"a\\\"\""},
    {"newline", "[port:output-port] -> nil", Newline, "Ends the line.",
     "(newline) => ()\n(call-with-output-string newline) => \"\\n\""},
    {"write-string", "text:string [port:output-port] -> nil", WriteString, "Prints TEXT.",
     "(call-with-output-string (lambda (port) (write-string \"a\" port))) => \"a\"\n(write-string "
     "5) !! write-string: expected string, got int",
     1},
    {"write-char", "char:char [port:output-port] -> nil", WriteChar, "Prints CHAR.",
     "(call-with-output-string (lambda (port) (write-char #\\a port))) => \"a\"", 1},
    {"open-output-string", " -> output-port", OpenOutput,
     "A new port that collects what is printed to it.", "(open-output-string) => #<output-port>",
     1},
    {"get-output-string", "port:output-port -> string", GetOutput,
     "What was printed to PORT so far.",
     "(let ((port (open-output-string))) (write 'a port) (get-output-string port)) => \"a\"", 1},
    {"call-with-output-string", "procedure:procedure -> string", CallWithOutput,
     "Calls PROCEDURE with a new output port, and returns what was printed to it.",
     "(call-with-output-string (lambda (port) (display 1 port) (display 2 port))) => \"12\"", 1},
    {"open-input-string", "text:string -> input-port", OpenInput,
     "A new port that reads from TEXT.", "(read-char (open-input-string \"abc\")) => #\\a", 1},
    {"read-line", "port:input-port -> string|eof", ReadLine, "The next line, without its end.",
     "(read-line (open-input-string \"one\\ntwo\")) => \"one\"\n(read-line (open-input-string "
     "\"\")) => #<eof>",
     1},
    {"read-char", "port:input-port -> char|eof", ReadChar, "The next character.",
     "(read-char (open-input-string \"abc\")) => #\\a", 1},
    {"peek-char", "port:input-port -> char|eof", PeekChar,
     "The next character, which is still to be read.",
     "(let ((port (open-input-string \"abc\"))) (peek-char port) (read-char port)) => #\\a", 1},
    {"read-string", "count:int port:input-port -> string|eof", ReadString,
     "The next COUNT characters, or as many as there are.",
     "(read-string 2 (open-input-string \"abc\")) => \"ab\"\n(read-string 2 (open-input-string "
     "\"\")) => #<eof>",
     1},
    {"read", "port:input-port -> any", ReadDatum,
     "The next datum: a number, a list, whatever the text says. All that follows in PORT must be "
     "readable too.",
     "(read (open-input-string \"(a 1) b\")) => (a 1)\n(read (open-input-string \"(a\")) !! read: "
     "unmatched '('",
     1},
    {"eof-object", " -> eof", Eof,
     "The end-of-file object, which reading returns when nothing is left.",
     "(eof-object) => #<eof>", 1},
    {"eof-object?", "x:any -> bool", IsEof, "Whether X is the end-of-file object.",
     "(eof-object? (read-char (open-input-string \"\"))) => #t", 1},
    {"port?", "x:any -> bool", IsPort, "Whether X is a port.",
     "(port? (open-output-string)) => #t\n(port? \"a\") => #f", 1},
    {"input-port?", "x:any -> bool", IsInput, "Whether X is a port to read from.",
     "(input-port? (open-input-string \"\")) => #t", 1},
    {"output-port?", "x:any -> bool", IsOutput, "Whether X is a port to print to.",
     "(output-port? (open-input-string \"\")) => #f", 1},
};

}  // namespace

BuiltinTable PortBuiltins() { return {"Ports", kIntro, kRows}; }

}  // namespace pelagos::reml
