// Tar archives byte by byte, also such as no tool would write; and image archives made of them.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/program/sha256.h"

namespace pelagos::image {

// ustar headers, pax records before them where asked for. Source: tar(5).
class TarBuilder {
 public:
  struct Member {
    std::string name;
    char type = '0';  // '0' file, '1' hard link, '2' symlink, '3' char, '4' block, '5' folder
    std::string content = "";
    std::string link = "";
    uint32_t mode = 0644;
    uint64_t uid = 0, gid = 0;
    int64_t mtime = 1000000000;
    uint32_t major = 0, minor = 0;
    int64_t claimed_size = -1;                                  // -1: the content's
    std::vector<std::pair<std::string, std::string>> pax = {};  // "SCHILY.xattr.user.x" and so on
  };

  TarBuilder& Add(const Member& member) {
    if (!member.pax.empty()) {
      std::string records;
      for (const auto& [key, value] : member.pax) records += PaxRecord(key, value);
      Header({.name = "pax", .type = 'x', .content = records});
      Content(records);
    }
    Header(member);
    Content(member.content);
    return *this;
  }
  TarBuilder& File(const std::string& name, const std::string& content = "x") {
    return Add({.name = name, .content = content});
  }
  TarBuilder& Folder(const std::string& name, uint32_t mode = 0755) {
    return Add({.name = name, .type = '5', .mode = mode});
  }
  TarBuilder& Symlink(const std::string& name, const std::string& target) {
    return Add({.name = name, .type = '2', .link = target, .mode = 0777});
  }
  TarBuilder& HardLink(const std::string& name, const std::string& target) {
    return Add({.name = name, .type = '1', .link = target});
  }
  std::string Build() const { return bytes_ + std::string(1024, '\0'); }
  const std::string& unfinished() const { return bytes_; }

 private:
  static std::string PaxRecord(const std::string& key, const std::string& value) {
    const size_t rest = key.size() + value.size() + 3;  // ' ', '=', '\n'
    size_t size = rest + 1;
    while (absl::StrCat(size).size() + rest != size) size = absl::StrCat(size).size() + rest;
    return absl::StrCat(size, " ", key, "=", value, "\n");
  }

  void Header(const Member& member) {
    char header[512] = {};
    std::strncpy(header, member.name.c_str(), 100);
    const auto octal = [&](size_t at, size_t width, uint64_t value) {
      char text[32];
      std::snprintf(text, sizeof(text), "%0*lo", static_cast<int>(width - 1),
                    static_cast<unsigned long>(value));
      std::memcpy(header + at, text, width - 1);
    };
    const uint64_t size = member.claimed_size >= 0 ? static_cast<uint64_t>(member.claimed_size)
                                                   : member.content.size();
    octal(100, 8, member.mode);
    octal(108, 8, member.uid);
    octal(116, 8, member.gid);
    octal(124, 12, size);
    octal(136, 12, static_cast<uint64_t>(member.mtime));
    header[156] = member.type;
    std::strncpy(header + 157, member.link.c_str(), 100);
    std::memcpy(header + 257, "ustar\00000", 8);
    octal(329, 8, member.major);
    octal(337, 8, member.minor);
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header + 148, 8, "%06o", sum);
    bytes_.append(header, sizeof(header));
  }

  void Content(const std::string& content) {
    bytes_ += content;
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
  }

  std::string bytes_;
};

inline std::string Gzip(const std::string& text) {
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// The members of an OCI image layout with one image, to be changed before they are packed.
struct LayoutForTests {
  static constexpr char kOci[] = "application/vnd.oci.image.";

  // `tars` bottom first, as they are; `blobs` what is stored for them, perhaps compressed.
  LayoutForTests(const std::vector<std::string>& tars, const std::vector<std::string>& blobs,
                 const std::string& name) {
    std::vector<std::string> diff_ids, layers;
    for (size_t i = 0; i < tars.size(); ++i) {
      diff_ids.push_back(absl::StrCat("\"", Sha256Of(tars[i]).ToString(), "\""));
      const absl::string_view ending =
          blobs[i] == tars[i] ? "" : (blobs[i][0] == '\x1f' ? "+gzip" : "+zstd");
      layers.push_back(Descriptor(absl::StrCat("layer.v1.tar", ending), blobs[i]));
      AddBlob(blobs[i]);
    }
    config = absl::StrCat(
        R"({"os":"linux","architecture":"amd64","config":{"Env":["A=1"],"Cmd":["sh"]},)",
        R"("rootfs":{"type":"layers","diff_ids":[)", absl::StrJoin(diff_ids, ","), "]}}");
    AddBlob(config);
    manifest = absl::StrCat(R"({"schemaVersion":2,"config":)", Descriptor("config.v1+json", config),
                            R"(,"layers":[)", absl::StrJoin(layers, ","), "]}");
    AddBlob(manifest);
    index = Index(Descriptor("manifest.v1+json", manifest, name));
  }

  static std::string Descriptor(const std::string& type, const std::string& blob,
                                const std::string& name = "") {
    return absl::StrCat(
        R"({"mediaType":")", kOci, type, R"(","digest":")", Sha256Of(blob).ToString(),
        R"(","size":)", blob.size(),
        name.empty()
            ? ""
            : absl::StrCat(R"(,"annotations":{"org.opencontainers.image.ref.name":")", name, "\"}"),
        "}");
  }
  static std::string Index(const std::string& descriptors) {
    return absl::StrCat(R"({"schemaVersion":2,"manifests":[)", descriptors, "]}");
  }

  void AddBlob(const std::string& content) {
    const std::string path = "blobs/sha256/" + Sha256Of(content).hex();
    for (const auto& member : blobs) {
      if (member.first == path) return;
    }
    blobs.emplace_back(path, content);
  }

  // Blobs first: a loader must not count on an order.
  std::string Pack() const {
    TarBuilder tar;
    for (const auto& [path, content] : blobs) tar.File(path, content);
    return tar.File("oci-layout", R"({"imageLayoutVersion":"1.0.0"})")
        .File("index.json", index)
        .Build();
  }

  std::vector<std::pair<std::string, std::string>> blobs;
  std::string config, manifest, index;
};

}  // namespace pelagos::image
