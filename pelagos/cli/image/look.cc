#include "pelagos/cli/image/look.h"

#include <algorithm>
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "pelagos/image/store.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Print(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json Member(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() ? Json() : *found;
}

int Inspect(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("image inspect: expected the names of images", kUsage);
  }
  const std::string raw = args.value("raw");
  if (args.has("raw") && raw != "manifest" && raw != "config") {
    return Fail(absl::StrCat("image inspect: --raw: '", raw, "': expected manifest or config"),
                kUsage);
  }
  if (args.has("raw") && args.positionals().size() != 1) {
    return Fail("image inspect: --raw takes one image", kUsage);
  }
  const image::Store store = image::Store::Look(context.roots.data);
  Json list = Json::array();
  for (const std::string& name : args.positionals()) {
    const absl::StatusOr<image::StoredImage> image = store.Describe(name);
    if (!image.ok()) return Fail(image.status());
    if (args.has("raw")) {
      std::cout << (raw == "manifest" ? image->manifest_text : image->config_text);
      return kDone;
    }
    list.push_back(DescribeImage(*image, store));
  }
  std::cout << Print(list) << "\n";
  return kDone;
}

// "3 days ago"; as it is written where it is no time.
std::string Ago(const std::string& created) {
  absl::Time at;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, created, &at, &error)) return created;
  const int64_t seconds = absl::ToInt64Seconds(absl::Now() - at);
  struct Unit {
    int64_t seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{31557600, "year"}, {2629800, "month"}, {604800, "week"},
                             {86400, "day"},     {3600, "hour"},     {60, "minute"}};
  for (const Unit& unit : kUnits) {
    const int64_t count = seconds / unit.seconds;
    if (count >= 1) return absl::StrCat(count, " ", unit.name, count == 1 ? "" : "s", " ago");
  }
  return seconds < 0 ? created : "now";
}

// What a terminal would obey is not printed.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

int History(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 1) {
    return Fail("image history: expected the name of an image", kUsage);
  }
  const image::Store store = image::Store::Look(context.roots.data);
  const absl::StatusOr<image::StoredImage> image = store.Describe(args.positionals()[0]);
  if (!image.ok()) return Fail(image.status());
  const Json config = Json::parse(image->config_text.begin(), image->config_text.end(), nullptr,
                                  /*allow_exceptions=*/false);
  const Json history = Member(config, "history");
  Json rows = Json::array();
  size_t layer = 0;
  const auto add = [&](const std::string& created, const std::string& by,
                       const std::string& comment, bool empty) {
    uint64_t size = 0;
    std::string digest;
    if (!empty && layer < image->manifest.layers.size()) {
      digest = image->manifest.layers[layer].digest.ToString();
      size = image->manifest.layers[layer++].size;
    }
    rows.push_back({{"created", created},
                    {"createdBy", by},
                    {"size", size},
                    {"layer", digest},
                    {"comment", comment}});
  };
  const auto text = [](const Json& entry, const char* field) -> std::string {
    const auto found = entry.find(field);
    return found == entry.end() || !found->is_string() ? "" : found->get<std::string>();
  };
  for (const Json& entry : history.is_array() ? history : Json::array()) {
    if (!entry.is_object()) continue;
    const auto empty = entry.find("empty_layer");
    add(text(entry, "created"), text(entry, "created_by"), text(entry, "comment"),
        empty != entry.end() && empty->is_boolean() && empty->get<bool>());
  }
  // Of layers that the history leaves out, or all of them, there is at least the size.
  while (layer < image->manifest.layers.size()) add("", "", "", false);
  std::reverse(rows.begin(), rows.end());  // newest first
  if (args.has("json")) {
    std::cout << Print(rows) << "\n";
    return kDone;
  }
  constexpr size_t kWide = 60;
  std::cout << absl::StrFormat("%-16s %-*s %-12s %s\n", "CREATED", static_cast<int>(kWide),
                               "CREATED BY", "SIZE", "COMMENT");
  for (const Json& row : rows) {
    std::string by = OneLine(row["createdBy"].get<std::string>());
    absl::string_view shown = by;
    absl::ConsumePrefix(&shown, "/bin/sh -c #(nop) ");
    by = std::string(absl::StripAsciiWhitespace(shown));
    if (!args.has("no-trunc") && by.size() > kWide)
      by = absl::StrCat(by.substr(0, kWide - 3), "...");
    std::string line =
        absl::StrFormat("%-16s %-*s %-12d %s", OneLine(Ago(row["created"].get<std::string>())),
                        static_cast<int>(kWide), by, row["size"].get<uint64_t>(),
                        OneLine(row["comment"].get<std::string>()));
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << "\n";
  }
  return kDone;
}

}  // namespace

Json DescribeImage(const image::StoredImage& image, const image::Store& store) {
  const Json config = Json::parse(image.config_text.begin(), image.config_text.end(), nullptr,
                                  /*allow_exceptions=*/false);
  Json layers = Json::array();
  uint64_t size = 0;
  for (size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const image::Descriptor& layer = image.manifest.layers[i];
    size += layer.size;
    layers.push_back({{"Digest", layer.digest.ToString()},
                      {"DiffID", image.config.diff_ids[i].ToString()},
                      {"MediaType", layer.media_type},
                      {"Size", layer.size},
                      {"BlobKept", store.HasBlob(layer.digest)}});
  }
  Json described = {{"Reference", image.reference},
                    {"Digest", image.manifest_digest.ToString()},
                    {"Id", image.manifest.config.digest.ToString()},
                    {"Created", Member(config, "created")},
                    {"Author", Member(config, "author")},
                    {"Os", image.config.platform.os},
                    {"Architecture", image.config.platform.architecture},
                    {"Variant", image.config.platform.variant},
                    {"Size", size},
                    {"Config", Member(config, "config")},
                    {"Layers", layers}};
  for (const char* field : {"Created", "Author", "Variant"}) {
    if (described[field].is_null() || described[field] == "") described.erase(field);
  }
  return described;
}

std::vector<Command> LookCommands() {
  return {
      {"image inspect",
       "[--raw manifest|config] REF...",
       "Print what images of the store are, as JSON.",
       "pelagos image inspect redis:7",
       {{"raw", 0, "WHAT", "the manifest or the config, byte for byte as it came"}},
       false,
       Inspect},
      {"image history",
       "[--json] [--no-trunc] REF",
       "Print how an image was made, newest step first; sizes in bytes as they are sent.",
       "pelagos image history redis:7",
       {{"json", 0, "", "as JSON"}, {"no-trunc", 0, "", "whole commands, however long"}},
       false,
       History},
  };
}

}  // namespace pelagos::cli
