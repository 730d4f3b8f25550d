// SHA-256, for programs that shall not carry a cryptographic library for one digest.
//
// Source: FIPS 180-4, sections 4.1.2, 5.1.1, 5.3.3, 6.2.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

// Takes bytes in pieces of any size. A copy goes on by itself: what has come so far has a digest
// too.
class Sha256 {
 public:
  void Update(absl::string_view bytes) {
    size_ += bytes.size();
    if (held_ != 0) {
      const size_t taken = std::min(kBlock - held_, bytes.size());
      std::copy_n(bytes.begin(), taken, block_.begin() + static_cast<ptrdiff_t>(held_));
      held_ += taken;
      bytes.remove_prefix(taken);
      if (held_ < kBlock) return;
      Compress(block_.data());
    }
    for (; bytes.size() >= kBlock; bytes.remove_prefix(kBlock)) Compress(bytes.data());
    std::copy(bytes.begin(), bytes.end(), block_.begin());
    held_ = bytes.size();
  }

  // 64 lower-case hexadecimal digits.
  std::string Hex() const {
    constexpr size_t kLength = 8;  // of the size in bits, which ends the last block
    Sha256 last = *this;
    const size_t used = (held_ + 1 + kLength) % kBlock;
    std::string padding(1 + (used == 0 ? 0 : kBlock - used) + kLength, '\0');
    padding[0] = '\x80';
    for (size_t i = 0; i < kLength; ++i) {
      padding[padding.size() - 1 - i] = static_cast<char>((size_ * 8) >> (8 * i));
    }
    last.Update(padding);
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (uint32_t word : last.state_) {
      for (int shift = 28; shift >= 0; shift -= 4) hex.push_back(kDigits[(word >> shift) & 15]);
    }
    return hex;
  }

 private:
  static constexpr size_t kBlock = 64;
  // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  static constexpr std::array<uint32_t, 64> kRounds = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};

  void Compress(const char* block) {
    std::array<uint32_t, 64> w;
    for (size_t i = 0; i < 16; ++i) {
      const auto byte = [&](size_t at) {
        return uint32_t{static_cast<unsigned char>(block[4 * i + at])};
      };
      w[i] = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    }
    for (size_t i = 16; i < 64; ++i) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRounds[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::array<uint32_t, 8> mixed = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < mixed.size(); ++i) state_[i] += mixed[i];
  }

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, kBlock> block_ = {};
  size_t held_ = 0;  // bytes of a block that is not complete
  uint64_t size_ = 0;
};

inline std::string Sha256Hex(absl::string_view bytes) {
  Sha256 sha256;
  sha256.Update(bytes);
  return sha256.Hex();
}

}  // namespace pelagos
