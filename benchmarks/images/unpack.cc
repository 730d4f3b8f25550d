// One gzip layer, from a file to a folder: how much faster than with zlib as the inflater.
//
// Usage: unpack [--rounds N] [--state /DIR]     (root: the files have owners)
//
// All in turn in this process, on the largest layer of the synthetic image, which lies in the page
// cache; folders on a tmpfs unless DIR is named. "one thread" is what zlib used to do here: read,
// hash, inflate, hash, write files, one after the other.

#include "pelagos/image/program/unpack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/images/synthetic_image.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/gzip_source.h"
#include "pelagos/image/program/read_ahead.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

using image::ByteSource;

// gzip of one member, by zlib, in pieces of 64 KiB.
class ZlibSource : public ByteSource {
 public:
  explicit ZlibSource(ByteSource& source) : source_(source) {
    constexpr int kGzipWindow = 15 + 16;
    inflateInit2(&stream_, kGzipWindow);
  }
  ~ZlibSource() override { inflateEnd(&stream_); }
  ZlibSource(const ZlibSource&) = delete;
  ZlibSource& operator=(const ZlibSource&) = delete;

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(size);
    while (!ended_ && stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        PELAGOS_ASSIGN_OR_RETURN(const size_t count, source_.Read(input_.data(), input_.size()));
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(count);
      }
      const int result = inflate(&stream_, Z_NO_FLUSH);
      ended_ = result == Z_STREAM_END;
      if (!ended_ && result != Z_OK) return absl::DataLossError("inflate");
    }
    return size - stream_.avail_out;
  }

 private:
  ByteSource& source_;
  z_stream stream_ = {};
  std::vector<char> input_ = std::vector<char>(size_t{64} << 10);
  bool ended_ = false;
};

// To the end, in pieces of 256 KiB, into nothing.
absl::Status Discard(ByteSource& source) {
  std::vector<char> buffer(image::ReadAhead::kBlockSize);
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, source.Read(buffer.data(), buffer.size()));
    if (count == 0) return absl::OkStatus();
  }
}

// As UnpackLayer, with an inflater of one's choice.
template <typename Inflater>
absl::Status UnpackWith(ByteSource& blob, const std::string& folder, bool threads) {
  image::Budget budget({});
  image::HashingSource raw(blob);
  Inflater inflater(raw);
  image::LimitedSource limited(inflater, budget);
  if (threads) {
    image::ReadAhead content(limited, blob);
    PELAGOS_RETURN_IF_ERROR(image::UnpackTar(content, folder, budget));
    PELAGOS_RETURN_IF_ERROR(image::Drain(content));
    PELAGOS_RETURN_IF_ERROR(content.Finish().status());
  } else {
    image::HashingSource content(limited);
    PELAGOS_RETURN_IF_ERROR(image::UnpackTar(content, folder, budget));
    PELAGOS_RETURN_IF_ERROR(image::Drain(content));
    content.Finish();
  }
  raw.Finish();
  return absl::OkStatus();
}

struct Contestant {
  const char* name;
  std::function<absl::Status(ByteSource& blob, const std::string& folder)> run;
};

std::vector<Contestant> Contestants() {
  return {
      {"pelagos",
       [](ByteSource& blob, const std::string& folder) {
         image::Budget budget({});
         return image::UnpackLayer(blob, folder, budget).status();
       }},
      {"zlib, one thread",
       [](ByteSource& blob, const std::string& folder) {
         return UnpackWith<ZlibSource>(blob, folder, false);
       }},
      {"zlib, with pelagos' threads",
       [](ByteSource& blob, const std::string& folder) {
         return UnpackWith<ZlibSource>(blob, folder, true);
       }},
      {"ISA-L, one thread",
       [](ByteSource& blob, const std::string& folder) {
         return UnpackWith<image::GzipSource>(blob, folder, false);
       }},
      {"inflate alone, zlib",
       [](ByteSource& blob, const std::string&) {
         ZlibSource content(blob);
         return Discard(content);
       }},
      {"inflate alone, ISA-L",
       [](ByteSource& blob, const std::string&) {
         image::GzipSource content(blob);
         return Discard(content);
       }},
  };
}

absl::StatusOr<double> RunOnce(const Contestant& contestant, const Fd& blob,
                               const std::string& folder) {
  if (::lseek(blob.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "lseek");
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(folder, 0755));
  const auto begin = std::chrono::steady_clock::now();
  image::FdSource source(blob.get());
  PELAGOS_RETURN_IF_ERROR(contestant.run(source, folder), contestant.name);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(folder));
  return took.count();
}

absl::Status Main(int argc, char** argv) {
  int rounds = 11;
  std::string state = "/dev/shm";
  for (int i = 1; i < argc; i += 2) {
    const std::string word = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    const bool good = (word == "--rounds" && absl::SimpleAtoi(value, &rounds) && rounds > 0) ||
                      (word == "--state" && !value.empty() && value.front() == '/');
    if (!good) return absl::InvalidArgumentError("usage: unpack [--rounds N] [--state /DIR]");
    if (word == "--state") state = value;
  }
  std::string scratch = state + "/pelagos-unpack-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  const absl::Cleanup remove = [&scratch] { sys::RemoveTree(scratch).IgnoreError(); };
  size_t size = 0;
  {
    const std::string tar = SyntheticLayer(2, UsualLayers()[1]);
    size = tar.size();
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(scratch + "/blob", image::Gzip(tar)));
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd blob, sys::OpenFile(scratch + "/blob", O_RDONLY));
  const std::vector<Contestant> all = Contestants();
  std::vector<std::vector<double>> seconds(all.size());
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 random(1);  // the same order in every measurement
  for (int round = 0; round <= rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t turn : order) {
      PELAGOS_ASSIGN_OR_RETURN(const double took, RunOnce(all[turn], blob, scratch + "/layer"));
      if (round > 0) seconds[turn].push_back(took);  // the first one warms
    }
  }
  std::printf("%d rounds in turn, a layer of %zu MB; times the first one's median\n\n", rounds,
              size / 1000000);
  std::printf("%-34s %7s %7s %8s %7s\n", "", "min s", "median", "MB/s", "times");
  const double first = Quantile(seconds[0], 0.5);
  for (size_t i = 0; i < all.size(); ++i) {
    const double median = Quantile(seconds[i], 0.5);
    std::printf("%-34s %7.3f %7.3f %8.0f %7.2f\n", all[i].name, Quantile(seconds[i], 0), median,
                static_cast<double>(size) / median / 1e6, median / first);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "unpack: " << status.message() << "\n";
  return 1;
}
