// Random configs for property tests: every field of config_fields.h, from a seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "pelagos/oci/config_fields.h"

namespace pelagos::oci {

class RandomConfigs {
 public:
  explicit RandomConfigs(uint64_t seed) : random_(seed) {}

  template <typename T>
  T Make() {
    T value;
    Fill(value);
    return value;
  }

  template <typename T>
  void Field(const char*, T& value) {
    if (random_() % 3 != 0) Fill(value);
  }
  template <typename T>
  void Always(const char*, T& value) {
    Fill(value);
  }
  template <typename T>
  void Needed(const char*, T& value) {
    Fill(value);
  }

 private:
  void Fill(std::string& value) {
    static constexpr const char* kTexts[] = {
        "", "a", "/x/y", "quote\"d", "tab\tnew\nline", "~0", "\xc3\xa9", "SCHED_FIFO", "\\"};
    value = kTexts[random_() % std::size(kTexts)];
  }
  void Fill(bool& value) { value = random_() % 2 == 0; }
  void Fill(RawJson& value) { value.text = R"({"defaultAction":"SCMP_ACT_ALLOW"})"; }
  template <typename T>
  requires(std::is_integral_v<T>) void Fill(T& value) {
    const uint64_t bits = random_();
    // Small numbers and the ends of the range as well as any.
    value = static_cast<T>(bits % 4 == 0 ? bits >> 2 : bits % 4 == 1 ? ~uint64_t{0} : bits % 100);
  }
  template <typename T>
  void Fill(std::optional<T>& value) {
    Fill(value.emplace());
  }
  template <typename T>
  void Fill(std::vector<T>& value) {
    value.resize(random_() % 3);
    for (T& item : value) Fill(item);
  }
  template <typename T>
  void Fill(std::map<std::string, T>& value) {
    for (size_t i = random_() % 3; i > 0; --i) {
      std::string key;
      Fill(key);
      Fill(value[key]);
    }
  }
  template <typename T>
  requires(std::is_class_v<T>) void Fill(T& value) { internal::Visit(*this, value); }

  std::mt19937_64 random_;
};

}  // namespace pelagos::oci
