#include "pelagos/cli/reml/check.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/cli/reml/findings.h"
#include "pelagos/cli/reml/programs.h"
#include "pelagos/language/check.h"

namespace pelagos::cli {
namespace {

using language::Finding;

constexpr int kMostImports = 100;

// Checks files one after the other.
class Run {
 public:
  explicit Run(Streams streams) : streams_(streams) {}

  void Take(const std::string& path) {
    if (path == "-") return Check("<stdin>", {std::istreambuf_iterator<char>(streams_.in), {}});
    std::vector<std::string> files;
    const absl::Status status = AddPrograms(path, files);
    for (const std::string& file : files) CheckFile(file);
    if (!status.ok()) Unreadable(status.message());
  }

  const SourceMap& sources() const { return sources_; }
  const std::vector<Finding>& findings() const { return findings_; }
  size_t files() const { return files_; }
  bool unreadable() const { return unreadable_; }
  size_t Count(Severity severity) const {
    return static_cast<size_t>(std::count_if(
        findings_.begin(), findings_.end(),
        [&](const Finding& finding) { return finding.diagnostic.severity == severity; }));
  }

 private:
  void Unreadable(absl::string_view message) {
    unreadable_ = true;
    streams_.err << "pelagos: error: " << message << "\n";
  }

  void CheckFile(const std::string& path) {
    absl::StatusOr<std::string> text = ReadProgram(path);
    if (!text.ok()) return Unreadable(text.status().message());
    Check(path, *std::move(text));
  }

  void Check(std::string name, std::string text) {
    ++files_;
    int imports = 0;
    const auto import = [&](const std::string& path) -> std::optional<std::string> {
      if (++imports > kMostImports) return std::nullopt;
      return ReadImport(path);
    };
    const uint32_t source = sources_.Add(std::move(name), std::move(text));
    for (Finding& finding : language::Check(sources_, source, import)) {
      findings_.push_back(std::move(finding));
    }
  }

  Streams streams_;
  SourceMap sources_;
  std::vector<Finding> findings_;
  size_t files_ = 0;
  bool unreadable_ = false;
};

std::string Counted(size_t count, absl::string_view what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

// "2 errors, 1 warning in 3 files"
std::string Summary(const Run& run) {
  const size_t errors = run.Count(Severity::kError);
  const size_t warnings = run.Count(Severity::kWarning);
  std::string text = errors > 0 ? Counted(errors, "error") : "";
  if (warnings > 0) absl::StrAppend(&text, errors > 0 ? ", " : "", Counted(warnings, "warning"));
  return absl::StrCat(text, " in ", Counted(run.files(), "file"), "\n");
}

int WrongUse(Streams streams, absl::string_view problem) {
  streams.err << "pelagos: error: reml check: " << problem << "\n";
  return kUsage;
}

int RunCheck(const Context&, const Arguments& args) {
  return CheckReml(args, {std::cin, std::cout, std::cerr});
}

}  // namespace

int CheckReml(const Arguments& args, Streams streams) {
  const std::string format = args.value("format", "text");
  if (format != "text" && format != "json" && format != "sarif") {
    return WrongUse(streams,
                    absl::StrCat("--format: expected text, json or sarif, got '", format, "'"));
  }
  if (args.positionals().empty()) {
    return WrongUse(streams, "give a FILE, a folder, or - for standard input");
  }
  Run run(streams);
  for (const std::string& path : args.positionals()) run.Take(path);
  if (format == "json") {
    streams.out << FindingsJson(run.sources(), run.findings());
  } else if (format == "sarif") {
    streams.out << FindingsSarif(run.sources(), run.findings());
  } else if (!run.findings().empty()) {
    streams.out << FindingsText(run.sources(), run.findings()) << Summary(run);
  }
  streams.out << std::flush;
  streams.err << std::flush;
  const bool failed = run.unreadable() || run.Count(Severity::kError) > 0 ||
                      (args.has("deny-warnings") && !run.findings().empty());
  return failed ? kFailed : kDone;
}

std::vector<Command> CheckCommands() {
  return {
      {.name = "reml check",
       .usage = "[FLAGS] FILE... | -",
       .summary = "Show the mistakes of programs without running them.",
       .example = "pelagos reml check compose.reml",
       .flags = {{"format", 0, "FORMAT", "text, json, or sarif"},
                 {"deny-warnings", 0, "", "warnings fail too"}},
       .run = RunCheck},
  };
}

}  // namespace pelagos::cli
