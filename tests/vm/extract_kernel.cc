// extract_kernel BZIMAGE VMLINUX: the kernel inside a bzImage, as an ELF file.
//
// QEMU starts an ELF kernel at once through its PVH entry; the decompressor in a bzImage takes
// seconds when every instruction is emulated.
//
// Source: Documentation/arch/x86/boot.rst ("setup_sects", "payload_offset", "payload_length").

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

// Places in the setup header; all numbers are little-endian, as this machine's.
constexpr size_t kSetupSectors = 0x1f1;  // one byte
constexpr size_t kMagic = 0x202;
constexpr size_t kPayloadOffset = 0x248;  // four bytes, from the end of the setup code
constexpr size_t kPayloadLength = 0x24c;  // four bytes
constexpr size_t kHeaderEnd = 0x250;
constexpr size_t kSector = 512;

uint32_t Number(const std::string& bytes, size_t place) {
  uint32_t number = 0;
  std::memcpy(&number, bytes.data() + place, sizeof(number));
  return number;
}

int Fail(const std::string& what) {
  std::cerr << "extract_kernel: " << what << "\n";
  return 1;
}

// The compressed kernel; empty if `image` is no bzImage.
std::string Payload(const std::string& image) {
  if (image.size() < kHeaderEnd || image.compare(kMagic, 4, "HdrS") != 0) return "";
  size_t setup_sectors = static_cast<unsigned char>(image[kSetupSectors]);
  if (setup_sectors == 0) setup_sectors = 4;
  const size_t begin = (setup_sectors + 1) * kSector + Number(image, kPayloadOffset);
  const size_t length = Number(image, kPayloadLength);
  if (length < 4 || begin > image.size() || length > image.size() - begin) return "";
  return image.substr(begin, length);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return Fail("usage: extract_kernel BZIMAGE VMLINUX");
  std::ifstream in(argv[1], std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(in), {}};
  const std::string payload = Payload(image);
  if (payload.empty()) return Fail(std::string(argv[1]) + " is no bzImage");
  // The last four bytes hold the size of what is in it. In gzip's format they are its own, after
  // all others they were added.
  std::string kernel(Number(payload, payload.size() - 4), '\0');
  const bool is_gzip = payload.compare(0, 2, "\x1f\x8b") == 0;
  const size_t compressed = payload.size() - (is_gzip ? 0 : 4);

  archive* reader = archive_read_new();
  archive_read_support_filter_all(reader);
  archive_read_support_format_raw(reader);
  archive_entry* entry = nullptr;
  size_t done = 0;
  if (archive_read_open_memory(reader, payload.data(), compressed) == ARCHIVE_OK &&
      archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    while (done < kernel.size()) {
      const la_ssize_t got = archive_read_data(reader, kernel.data() + done, kernel.size() - done);
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
  }
  if (done < kernel.size()) {
    const char* error = archive_error_string(reader);
    return Fail("the kernel ends early: " + std::string(error != nullptr ? error : "no more data"));
  }
  archive_read_free(reader);
  if (kernel.compare(0, SELFMAG, ELFMAG) != 0) return Fail("what is inside is no ELF file");

  std::ofstream out(argv[2], std::ios::binary);
  out.write(kernel.data(), static_cast<std::streamsize>(kernel.size()));
  out.close();
  return out ? 0 : Fail(std::string(argv[2]) + " cannot be written");
}
