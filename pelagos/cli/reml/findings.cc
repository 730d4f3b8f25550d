#include "pelagos/cli/reml/findings.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;
using language::Finding;
using language::Rule;

// What is no UTF-8 is shown as U+FFFD.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json Text(absl::string_view text) { return std::string(text); }

// Where a diagnostic stands. Spans that are nowhere are at the beginning.
struct Region {
  std::string file;
  LineColumn begin, end;
};
Region RegionOf(const SourceMap& sources, const Diagnostic& diagnostic) {
  const Source* source = sources.Find(diagnostic.span.source);
  if (source == nullptr) return {};
  return {source->name(), source->Locate(diagnostic.span.begin),
          source->Locate(diagnostic.span.end)};
}

Json PlaceJson(const SourceMap& sources, const Diagnostic& diagnostic) {
  const Region region = RegionOf(sources, diagnostic);
  return {{"file", Text(region.file)},
          {"line", region.begin.line},
          {"column", region.begin.column},
          {"endLine", region.end.line},
          {"endColumn", region.end.column}};
}

// A file name as a reference (RFC 3986).
std::string UriOf(absl::string_view file) {
  std::string uri;
  for (const char c : file) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::string_view("-._~/").find(c) != absl::string_view::npos) {
      uri.push_back(c);
    } else {
      absl::StrAppendFormat(&uri, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return absl::StartsWith(uri, "/") ? absl::StrCat("file://", uri) : uri;
}

Json LocationJson(const SourceMap& sources, const Diagnostic& diagnostic) {
  const Region region = RegionOf(sources, diagnostic);
  return {{"physicalLocation",
           {{"artifactLocation", {{"uri", UriOf(region.file)}}},
            {"region",
             {{"startLine", region.begin.line},
              {"startColumn", region.begin.column},
              {"endLine", region.end.line},
              {"endColumn", region.end.column}}}}}};
}

std::string WithHint(const Diagnostic& diagnostic) {
  return diagnostic.hint.empty() ? diagnostic.message
                                 : absl::StrCat(diagnostic.message, " (", diagnostic.hint, ")");
}

Json ResultJson(const SourceMap& sources, const Finding& finding) {
  const auto rules = language::Rules();
  Json result = {{"ruleId", Text(finding.rule->name)},
                 {"ruleIndex", finding.rule - rules.data()},
                 {"level", Text(SeverityName(finding.rule->severity))},
                 {"message", {{"text", WithHint(finding.diagnostic)}}},
                 {"locations", Json::array({LocationJson(sources, finding.diagnostic)})}};
  Json related = Json::array();
  for (const Diagnostic& note : finding.notes) {
    if (!note.span.known()) continue;
    Json location = LocationJson(sources, note);
    location["message"] = {{"text", note.message}};
    related.push_back(std::move(location));
  }
  if (!related.empty()) result["relatedLocations"] = std::move(related);
  return result;
}

}  // namespace

std::string FindingsText(const SourceMap& sources, absl::Span<const Finding> findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += Render(sources, finding.diagnostic);
    for (const Diagnostic& note : finding.notes) text += Render(sources, note);
  }
  return text;
}

std::string FindingsJson(const SourceMap& sources, absl::Span<const Finding> findings) {
  Json array = Json::array();
  for (const Finding& finding : findings) {
    Json object = PlaceJson(sources, finding.diagnostic);
    object["severity"] = Text(SeverityName(finding.diagnostic.severity));
    object["rule"] = Text(finding.rule->name);
    object["message"] = finding.diagnostic.message;
    object["hint"] = finding.diagnostic.hint;
    object["notes"] = Json::array();
    for (const Diagnostic& note : finding.notes) {
      Json place = PlaceJson(sources, note);
      place["message"] = note.message;
      object["notes"].push_back(std::move(place));
    }
    array.push_back(std::move(object));
  }
  return Dump(array);
}

std::string FindingsSarif(const SourceMap& sources, absl::Span<const Finding> findings) {
  Json rules = Json::array();
  for (const Rule& rule : language::Rules()) {
    rules.push_back({{"id", Text(rule.name)},
                     {"shortDescription", {{"text", Text(rule.doc)}}},
                     {"defaultConfiguration", {{"level", Text(SeverityName(rule.severity))}}}});
  }
  Json results = Json::array();
  for (const Finding& finding : findings) results.push_back(ResultJson(sources, finding));
  const Json run = {{"tool", {{"driver", {{"name", "pelagos reml check"}, {"rules", rules}}}}},
                    {"columnKind", "unicodeCodePoints"},
                    {"results", results}};
  return Dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
               {"version", "2.1.0"},
               {"runs", Json::array({run})}});
}

}  // namespace pelagos::cli
