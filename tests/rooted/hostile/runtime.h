// From a case to what a runtime is told: flags of `pelagos run`, an image's archive, an OCI bundle.
// Texts of the case are already those of real folders.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

// kPelagosOci: as an OCI runtime, with the bundles that crun and runc get.
enum class Runtime : uint8_t { kPelagos, kPelagosRootless, kPelagosOci, kCrun, kRunc };

// The program with its arguments, as the container runs it.
std::vector<std::string> CommandOf(const Case& one, const std::string& outside);

// Behind `pelagos`. An image's config says what it can; the rest are flags. `root` is the folder,
// `id` the container's name.
std::vector<std::string> PelagosWords(const Case& one, const std::string& root,
                                      const std::string& outside, const std::string& id);

// Behind an OCI runtime: the program enters the container `id`.
std::vector<std::string> EnteringWords(const Case& one, const std::string& outside,
                                       const std::string& id);

// A docker-archive of the case's root and layers. `prober` is the program's content.
std::string ArchiveOf(const Case& one, const std::string& outside, const std::string& prober);
std::string ImageNameOf(const Case& one);

// config.json, or nullopt where the specification has no words for it.
std::optional<std::string> BundleConfig(const Case& one, const std::string& root,
                                        const std::string& outside, const std::string& id);

}  // namespace pelagos::hostile
