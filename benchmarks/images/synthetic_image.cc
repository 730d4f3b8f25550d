#include "benchmarks/images/synthetic_image.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

constexpr uint64_t kMb = 1000000;

// std::mt19937_64 gives the same numbers everywhere; the standard's distributions do not.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  // Small ones often, large ones seldom.
  uint64_t Skewed(uint64_t bound) {
    const double unit = Unit();
    return static_cast<uint64_t>(static_cast<double>(bound) * unit * unit * unit);
  }
  uint64_t Bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// What files are made of: a stock of words and of pieces of code, used with the frequencies that
// languages have.
class Stock {
 public:
  explicit Stock(Random& random) {
    for (std::string& word : words_) {
      const uint64_t size = 2 + random.Below(9);
      for (uint64_t i = 0; i < size; ++i) {
        word.push_back(static_cast<char>('a' + random.Skewed(26)));
      }
    }
    for (std::string& piece : pieces_) {
      const uint64_t size = 3 + random.Below(9);
      for (uint64_t i = 0; i < size; ++i) piece.push_back(static_cast<char>(random.Below(256)));
    }
  }

  std::string Text(Random& random, uint64_t size) const {
    std::string text;
    text.reserve(size + 128);
    uint64_t on_line = 0;
    while (text.size() < size) {
      if (random.Below(12) == 0) Repeat(random, text);
      text += words_[random.Skewed(words_.size())];
      text += ++on_line % 11 == 0 ? "\n    " : " ";
    }
    text.resize(size);
    return text;
  }
  // Opcodes that come again and again, with registers and addresses that do not.
  std::string Program(Random& random, uint64_t size) const {
    std::string code;
    code.reserve(size + 128);
    while (code.size() < size) {
      if (random.Below(6) == 0) Repeat(random, code);
      code += pieces_[random.Skewed(pieces_.size())];
      const uint64_t bits = random.Bits();
      if (bits % 8 == 0) code.append({static_cast<char>(bits >> 8), static_cast<char>(bits >> 16)});
      if (bits % 64 == 1) code.append(8 + (bits >> 8) % 40, '\0');
    }
    code.resize(size);
    return code;
  }
  static std::string Noise(Random& random, uint64_t size) {
    std::string noise;
    noise.reserve(size + 8);
    while (noise.size() < size) {
      const uint64_t bits = random.Bits();
      noise.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
    }
    noise.resize(size);
    return noise;
  }

  std::string Content(Random& random, uint64_t size) const {
    const uint64_t kind = random.Below(100);
    if (kind < 52) return Text(random, size);
    if (kind < 94) return Program(random, size);
    return Noise(random, size);
  }

  std::string Name(Random& random) const {
    return absl::StrCat(words_[random.Below(words_.size())], "-", random.Below(1000));
  }

 private:
  // What was there before, not long ago: a phrase, a table's line, a compiler's habit.
  static void Repeat(Random& random, std::string& content) {
    constexpr uint64_t kNear = 24000;
    if (content.size() < 160) return;
    const uint64_t size = 16 + random.Below(64);
    const uint64_t back = size + random.Skewed(std::min<uint64_t>(content.size() - size, kNear));
    content += std::string(content, content.size() - back, size);
  }

  std::array<std::string, 6000> words_;
  std::array<std::string, 1500> pieces_;
};

uint64_t FileSize(Random& random, const LayerShape& shape) {
  // A program or an archive now and then.
  if (random.Below(700) == 0) return 2 * kMb + random.Skewed(shape.bytes / 10);
  // Else two orders of magnitude around the common size.
  const double bend = random.Unit() + random.Unit() + random.Unit() - 1.5;
  return static_cast<uint64_t>(static_cast<double>(shape.common_size) * std::pow(10.0, 1.6 * bend));
}

}  // namespace

std::vector<LayerShape> UsualLayers() {
  return {{120 * kMb, 4000}, {300 * kMb, 4000}, {80 * kMb, 2500}};
}

std::string SyntheticLayer(uint64_t seed, const LayerShape& shape) {
  Random random(seed);
  const Stock stock(random);
  image::TarBuilder tar;
  std::string folder, last;
  uint64_t left_in_folder = 0, bytes = 0;
  while (bytes < shape.bytes) {
    if (left_in_folder == 0) {
      // Beside, below or above the last one, as a walk through a tree comes by.
      const uint64_t depth = static_cast<uint64_t>(std::count(folder.begin(), folder.end(), '/'));
      if (depth >= 5 || (depth > 1 && random.Below(2) == 0)) {
        folder.resize(folder.rfind('/'));
      }
      absl::StrAppend(&folder, folder.empty() ? "usr/" : "/", stock.Name(random));
      if (folder.size() > 60) folder = absl::StrCat("usr/", stock.Name(random));
      tar.Folder(folder);
      left_in_folder = 1 + random.Skewed(60);
      last.clear();
    }
    --left_in_folder;
    const std::string path = absl::StrCat(folder, "/", stock.Name(random));
    const uint64_t kind = random.Below(100);
    if (kind < 6) {
      tar.Symlink(path, stock.Name(random));
    } else if (kind < 7 && !last.empty()) {
      tar.HardLink(path, last);
    } else {
      const std::string content = stock.Content(random, FileSize(random, shape));
      bytes += content.size();
      tar.Add({.name = path, .content = content, .mode = kind < 20 ? 0755u : 0644u});
      last = path;
    }
  }
  return tar.Build();
}

absl::Status WriteSyntheticLayout(const std::string& folder, uint64_t seed,
                                  const std::vector<LayerShape>& shapes) {
  std::vector<std::string> tars(shapes.size()), blobs(shapes.size());
  std::vector<std::thread> makers;
  for (size_t i = 0; i < shapes.size(); ++i) {
    makers.emplace_back([&, i] {
      tars[i] = SyntheticLayer(seed + i, shapes[i]);
      blobs[i] = image::Gzip(tars[i]);
    });
  }
  for (std::thread& maker : makers) maker.join();
  const image::LayoutForTests layout(tars, blobs, "bench");
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(folder + "/blobs/sha256", 0755));
  for (const auto& [path, content] : layout.blobs) {
    PELAGOS_RETURN_IF_ERROR(
        sys::WriteFileAtomically(absl::StrCat(folder, "/", path), content, 0644));
  }
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(folder + "/index.json", layout.index, 0644));
  return sys::WriteFileAtomically(folder + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})",
                                  0644);
}

}  // namespace pelagos::benchmarks
