// Malicious images as data: what each is, and the error it must give. hostile_archives_test.cc
// brings every one of them through each door of the store.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pelagos::rooted {

// What no image may touch: a folder of the host, as archives may try to name it.
struct Outside {
  std::string absolute;  // "/var/tmp/.../outside"
  std::string relative;  // from the folder that a layer is unpacked into: "../../../../../outside"
};

// A layer. It comes in an OCI layout, in a docker-archive, from a registry, and as a root file
// system that is imported; digests and diffIDs around it are true.
struct HostileLayer {
  std::string name;
  std::string error;                    // a part of the message
  std::string tar;                      // before compression: what its diffID is of
  std::string blob = {};                // as it is stored; empty: the tar
  std::vector<std::string> flags = {};  // of the command
  // Of an archive, where it is told apart from a document by its first bytes.
  std::string error_in_archive = {};
  // Nothing is wrong with it but what it hopes for: it may be let in, and harms nobody.
  bool harmless = false;
};

std::vector<HostileLayer> HostileLayers(const Outside& outside);

// Documents that lie. They come in an OCI layout, and from a registry.
struct HostileImage {
  std::string name;
  std::string error;
  std::string top;                                // manifest or index
  std::string type;                               // its media type
  std::map<std::string, std::string> blobs = {};  // by the hex that they are called by
  std::string error_of_registry = {};             // if it is another
};

std::vector<HostileImage> HostileImages();

// Whole files for `image load`.
struct HostileFile {
  std::string name;
  std::string error;
  std::string bytes;
  std::vector<std::string> flags = {};
};

std::vector<HostileFile> HostileFiles(const Outside& outside);

}  // namespace pelagos::rooted
