#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "tests/rooted/image_test/hostile_archives.h"

namespace pelagos::rooted {
namespace {

using image::Gzip;
using image::LayoutForTests;
using image::Sha256Of;
using image::TarBuilder;

constexpr char kManifest[] = "application/vnd.oci.image.manifest.v1+json";
constexpr char kIndex[] = "application/vnd.oci.image.index.v1+json";

const std::string& Tar() {
  static const auto* const tar = new std::string(TarBuilder().File("a", "hostile").Build());
  return *tar;
}
std::string DiffId() { return Sha256Of(Tar()).ToString(); }
std::string Digest(const std::string& blob) { return Sha256Of(blob).ToString(); }
std::string Hex(const std::string& blob) { return Sha256Of(blob).hex(); }

std::string Config(const std::string& diff_ids, const std::string& config = R"({"Cmd":["sh"]})",
                   const std::string& os = "linux") {
  return absl::StrCat(R"({"os":")", os, R"(","architecture":"amd64","config":)", config,
                      R"(,"rootfs":{"type":"layers","diff_ids":[)", diff_ids, "]}}");
}
std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

std::string Descriptor(const std::string& type, const std::string& digest,
                       const std::string& size) {
  return absl::StrCat(R"({"mediaType":"application/vnd.oci.image.)", type, R"(","digest":")",
                      digest, R"(","size":)", size, "}");
}
std::string LayerDescriptor() {
  return Descriptor("layer.v1.tar", Digest(Tar()), absl::StrCat(Tar().size()));
}
std::string ManifestOf(const std::string& config, const std::string& layers) {
  return absl::StrCat(R"({"schemaVersion":2,"config":)",
                      Descriptor("config.v1+json", Digest(config), absl::StrCat(config.size())),
                      R"(,"layers":[)", layers, "]}");
}

// An image with this config and these layers, in which all other things are right.
HostileImage With(const std::string& name, const std::string& error, const std::string& config,
                  const std::string& layers = LayerDescriptor(),
                  const std::string& error_of_registry = "") {
  HostileImage image = {name, error, ManifestOf(config, layers), kManifest, {}, error_of_registry};
  image.blobs = {{Hex(Tar()), Tar()}, {Hex(config), config}};
  return image;
}
HostileImage WithLayer(const std::string& name, const std::string& error, const std::string& digest,
                       const std::string& size, const std::string& error_of_registry = "") {
  return With(name, error, Config(Quoted(DiffId())), Descriptor("layer.v1.tar", digest, size),
              error_of_registry);
}
HostileImage Document(const std::string& name, const std::string& error, const std::string& text,
                      const std::string& type = kManifest,
                      const std::string& error_of_registry = "") {
  return {name, error, text, type, {}, error_of_registry};
}
std::string Nested(size_t depth) {
  return absl::StrCat(std::string(depth, '['), std::string(depth, ']'));
}

}  // namespace

std::vector<HostileImage> HostileImages() {
  const std::string good = Config(Quoted(DiffId()));
  const std::string size = absl::StrCat(Tar().size());
  const std::string other = Quoted(Digest("other"));
  std::vector<HostileImage> all = {
      With("a diffID of something else", "unpacks to sha256:", Config(other), LayerDescriptor(),
           "it unpacks to sha256:"),
      With("two diffIDs for one blob",
           "unpacks to sha256:", Config(absl::StrCat(Quoted(DiffId()), ",", other)),
           absl::StrCat(LayerDescriptor(), ",", LayerDescriptor()), "two different diffIDs"),
      With("fewer diffIDs than layers", "the manifest has 2 layers, the config 1", good,
           absl::StrCat(LayerDescriptor(), ",", LayerDescriptor())),
      With("more diffIDs than layers", "the manifest has 1 layers, the config 2",
           Config(absl::StrCat(Quoted(DiffId()), ",", other)), LayerDescriptor()),
      With("a diffID that is no digest", "diff_ids", Config(Quoted("sha256:../../../etc"))),
      With("no diffIDs", "'diff_ids' must be a list", Config("")),
      With("no layers", "it has no layers", good, ""),
      With("an environment of numbers", "'Env' must be",
           Config(Quoted(DiffId()), R"({"Env":[1]})")),
      With("an environment with a NUL", "'Env' must be text without a NUL byte",
           Config(Quoted(DiffId()), R"({"Env":["A=\u0000B"]})")),
      With("a command that is an object", "'Cmd' must be",
           Config(Quoted(DiffId()), R"({"Cmd":{"0":"sh"}})")),
      With("a folder that is a number", "'WorkingDir' must be",
           Config(Quoted(DiffId()), R"({"WorkingDir":7})")),
      With("a config that is a list", "'config' must be an object", Config(Quoted(DiffId()), "[]")),
      With("for another system", "windows/amd64", Config(Quoted(DiffId()), "{}", "windows")),
      With("a config that nests without end", "its JSON nests more than 100 deep",
           Config(Quoted(DiffId()), absl::StrCat(R"({"x":)", std::string(500000, '['),
                                                 std::string(500000, ']'), "}"))),
      With("a config that is no JSON", "it is not JSON", "{"),
      With("a config of 9 MB", "larger than 8388608 bytes",
           Config(Quoted(DiffId()), absl::StrCat(R"({"x":")", std::string(9 << 20, 'x'), "\"}")),
           LayerDescriptor(), "more than 8388608"),
      WithLayer("a layer that is not there", "is not in the archive", Digest("nothing"), size,
                "404 Not Found"),
      WithLayer("a layer's digest that is a path", "digest", "sha256:../../../../../etc/passwd",
                size),
      WithLayer("a layer's digest that is too short", "digest", "sha256:abc", size),
      WithLayer("a digest of another kind", "digest", "md5:0123456789abcdef0123456789abcdef", size),
      WithLayer("a digest in capitals", "digest", "sha256:" + std::string(64, 'A'), size),
      WithLayer("a layer larger than it is", "but the manifest says", Digest(Tar()), size + "0",
                "the manifest says"),
      WithLayer("a layer smaller than it is", "but the manifest says 5", Digest(Tar()), "5",
                "but there are more"),
      WithLayer("a size below 0", "'size' must be a number of bytes", Digest(Tar()), "-1"),
      WithLayer("a size that is text", "'size' must be", Digest(Tar()), "\"5\""),
      WithLayer("a size with an exponent", "'size' must be", Digest(Tar()), "1e30"),
      WithLayer("a size without end", "but the manifest says", Digest(Tar()),
                "18446744073709551615", "(--max-bytes)"),
      Document("a manifest that is a list", "it is not a JSON object", "[]", kManifest,
               "is no JSON object"),
      Document("a manifest without a config", "'config' must be", R"({"layers":[]})"),
      Document("layers that are an object", "'layers' must be a list",
               absl::StrCat(R"({"schemaVersion":2,"config":)",
                            Descriptor("config.v1+json", Digest("x"), "1"), R"(,"layers":{}})")),
      Document("a manifest that nests without end", "its JSON nests more than 100 deep",
               absl::StrCat(R"({"layers":)", Nested(1000000), "}")),
      Document("a manifest of objects without end", "its JSON nests more than 100 deep",
               [] {
                 std::string text;
                 for (int i = 0; i < 100000; ++i) text += R"({"a":)";
                 return absl::StrCat(text, "1", std::string(100000, '}'));
               }()),
      Document("an index that nests without end", "its JSON nests more than 100 deep",
               absl::StrCat(R"({"manifests":)", Nested(1000000), "}"), kIndex),
      Document("an index of nothing", "has no image", R"({"schemaVersion":2,"manifests":[]})",
               kIndex),
      Document("an index that is called a manifest", "'config' must be",
               R"({"schemaVersion":2,"manifests":[]})"),
      Document(
          "an artifact", "it is an artifact, not an image: its config",
          absl::StrCat(R"({"schemaVersion":2,"config":{"mediaType":"application/x","digest":")",
                       Digest("x"), R"(","size":1},"layers":[]})")),
      Document("a layer that is an artifact", "it is an artifact, not an image: its layer",
               absl::StrCat(R"({"schemaVersion":2,"config":)",
                            Descriptor("config.v1+json", Digest("x"), "1"), R"(,"layers":[)",
                            Descriptor("layer.v1.tar+gzip+encrypted", Digest("x"), "1"), "]}")),
      Document("Docker's schema 1", "Docker's old schema 1", R"({"schemaVersion":1})"),
  };
  {
    std::vector<std::string> layers(600, LayerDescriptor());
    std::vector<std::string> diff_ids(600, Quoted(DiffId()));
    all.push_back(With("600 layers", "it has 600 layers; overlayfs stacks 500 at most",
                       Config(absl::StrJoin(diff_ids, ",")), absl::StrJoin(layers, ",")));
  }
  for (const char* what : {"layer", "config"}) {
    HostileImage image = With(absl::StrCat("a ", what, " with another's digest"),
                              "its content has the digest sha256:", good, LayerDescriptor(),
                              "has the digest sha256:");
    const bool layer = absl::string_view(what) == "layer";
    image.blobs[layer ? Hex(Tar()) : Hex(good)] =
        layer ? TarBuilder().File("a", "HOSTILE").Build() : absl::StrCat(good, " ");
    all.push_back(std::move(image));
  }
  {
    HostileImage image = With("indexes within indexes", "nest deeper than", good);
    image.blobs[Hex(image.top)] = image.top;
    std::string inner = LayoutForTests::Index(
        Descriptor("manifest.v1+json", Digest(image.top), absl::StrCat(image.top.size())));
    for (int i = 0; i < 12; ++i) {
      image.blobs[Hex(inner)] = inner;
      inner = LayoutForTests::Index(
          Descriptor("index.v1+json", Digest(inner), absl::StrCat(inner.size())));
    }
    image.top = inner;
    image.type = kIndex;
    all.push_back(std::move(image));
  }
  return all;
}

namespace {

// A docker-archive of one layer: `more` is put in beside it.
struct DockerFile {
  std::string config = Config(Quoted(DiffId()));
  std::string config_name = Hex(config) + ".json";
  std::string tags = R"(["hostile:1"])", layers = R"(["a/layer.tar"])";
  TarBuilder more = {};

  std::string Pack() {
    more.File("a/layer.tar", Tar());
    return Finish();
  }
  std::string Finish() {
    return more.File(absl::StrReplaceAll(config_name, {{"/", "-"}}), config)
        .File("manifest.json", absl::StrCat(R"([{"Config":")", config_name, R"(","RepoTags":)",
                                            tags, R"(,"Layers":)", layers, "}]"))
        .Build();
  }
};

std::string Layout(const std::string& name) {
  return LayoutForTests({Tar()}, {Tar()}, name).Pack();
}

}  // namespace

std::vector<HostileFile> HostileFiles(const Outside& outside) {
  std::vector<HostileFile> all;
  const auto docker = [&](const std::string& name, const std::string& error, DockerFile file) {
    all.push_back({name, error, file.Pack()});
  };
  docker("a layer's path with ..", "is not in the archive",
         {.layers = R"(["../../../../../../etc/passwd"])"});
  docker("an absolute path of a layer", "is not in the archive", {.layers = R"(["/etc/passwd"])"});
  docker("a config's path with ..", "is not in the archive",
         {.config_name = "../../../../../../etc/passwd"});
  docker("a config with another's digest",
         "has the digest sha256:", {.config_name = std::string(64, 'a') + ".json"});
  docker("a tag that is a path", "is not an image name", {.tags = R"(["../../etc/passwd"])"});
  docker("a tag that a terminal obeys", "is not an image name", {.tags = R"(["x\u001b[2J"])"});
  docker("layers that are numbers", "'Layers' must be", {.layers = "[1]"});
  docker("no layers in manifest.json", "'Layers' must be", {.layers = "[]"});
  docker("two layers for one diffID", "manifest.json has 2 layers, the config 1",
         {.layers = R"(["a/layer.tar","a/layer.tar"])"});
  const auto linked = [&](const std::string& name, const TarBuilder& more) {
    DockerFile file;
    file.more = more;
    all.push_back({name, "layer 'a/layer.tar' is not in the archive", file.Finish()});
  };
  linked("a layer that is a link to the host", TarBuilder().Symlink("a/layer.tar", "/etc/passwd"));
  linked("a layer that is a link out of the archive",
         TarBuilder().Symlink("a/layer.tar", "../../../../../../etc/passwd"));
  linked("a layer that is a hard link to the host",
         TarBuilder().HardLink("a/layer.tar", outside.absolute + "/precious"));
  linked("links in a circle",
         TarBuilder().Symlink("a/layer.tar", "../b").Symlink("b", "a/layer.tar"));
  linked("a layer that is a link to itself", TarBuilder().Symlink("a/layer.tar", "layer.tar"));
  linked("a layer that is a folder", TarBuilder().Folder("a/layer.tar"));
  linked("a layer that is a device",
         TarBuilder().Add({.name = "a/layer.tar", .type = '4', .major = 8}));

  const std::string layout = Layout("hostile:1");
  const auto beside = [&](const std::string& name, const std::string& error,
                          const TarBuilder& first) {
    all.push_back({name, error, first.unfinished() + layout});
  };
  beside("a member with ..", "climbs with '..'", TarBuilder().File("../../outside/precious"));
  beside("a link with ..", "climbs with '..'", TarBuilder().Symlink("../x", outside.absolute));
  beside("a member twice", "is in the archive twice", TarBuilder().File("index.json", "{}"));
  beside("a member twice by another spelling", "is in the archive twice",
         TarBuilder().File(".//./index.json", "{}"));
  beside("a blob twice", "is in the archive twice",
         TarBuilder().File("blobs/sha256/" + Hex(Tar()), Tar()));
  beside("a blob that is not what it is called", "its content has the digest",
         TarBuilder().File("blobs/sha256/" + std::string(64, 'a'), "x"));
  beside("a member that is too large for the archive", "the archive is damaged",
         TarBuilder().Add({.name = "x", .content = "x", .claimed_size = 1 << 30}));
  {
    TarBuilder many;
    for (int i = 0; i < 100001; ++i) many.Add({.name = absl::StrCat(i), .type = '2', .link = "x"});
    all.push_back({"too many members", "has more than 100000 members", Gzip(many.Build())});
    TarBuilder documents;
    for (int i = 0; i < 9; ++i) documents.File(absl::StrCat(i), std::string(8 << 20, '{'));
    all.push_back({"too many documents", "bytes of documents", Gzip(documents.Build())});
    const std::string zeros(64 << 20, '.');
    all.push_back({"a bomb beside the image",
                   "(--max-bytes)",
                   Gzip(TarBuilder().File("bomb", zeros).unfinished() + layout),
                   {"--max-bytes", "10000000"}});
    all.push_back({"a bomb behind the image",
                   "(--max-bytes)",
                   Gzip(layout + zeros),
                   {"--max-bytes", "10000000"}});
    all.push_back({"a manifest.json of 9 MB", "larger than 8388608 bytes",
                   Gzip(TarBuilder().File("manifest.json", std::string(9 << 20, '[')).Build())});
  }
  all.insert(
      all.end(),
      {
          {"a name that is a path", "is not an image name", Layout("../../../etc/passwd")},
          {"a name with a line end", "is not an image name", Layout("x\\nLoaded y")},
          {"nothing", "the archive is empty", ""},
          {"no archive", "the archive is damaged", "hello"},
          {"zeros", "neither an OCI image layout", std::string(10240, '\0')},
          {"a root file system", "neither an OCI image layout", Tar()},
          {"an index that is no JSON", "not JSON", TarBuilder().File("index.json", "{").Build()},
          {"an index that is a layer", "neither an OCI image layout",
           TarBuilder().File("index.json", Tar()).Build()},
          {"a gzip within a gzip", "the archive is damaged", Gzip(Gzip(layout))},
          {"cut in the middle", "the archive is damaged", layout.substr(0, layout.size() / 2)},
          {"a gzip cut in the middle", "the archive is damaged",
           Gzip(layout).substr(0, Gzip(layout).size() / 2)},
      });
  return all;
}

}  // namespace pelagos::rooted
