#include "pelagos/base/sha256.h"

#include <string>

#include "gtest/gtest.h"

namespace pelagos {
namespace {

// Vectors: FIPS 180-2 appendix B, NIST CAVP (SHA256ShortMsg).
TEST(Sha256Test, KnownDigests) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(Sha256Hex("\xbd"), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
}

// Around the ends of blocks, and in pieces of every size.
TEST(Sha256Test, PiecesGiveTheSameAsTheWhole) {
  for (size_t size = 0; size < 200; ++size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * 7));
    const std::string whole = Sha256Hex(text);
    for (size_t piece : {1, 3, 55, 56, 63, 64, 65, 127}) {
      Sha256 sha256;
      for (size_t at = 0; at < size; at += piece) sha256.Update(text.substr(at, piece));
      EXPECT_EQ(sha256.Hex(), whole) << size << " " << piece;
      EXPECT_EQ(sha256.Hex(), whole) << "asked twice";
    }
  }
}

}  // namespace
}  // namespace pelagos
