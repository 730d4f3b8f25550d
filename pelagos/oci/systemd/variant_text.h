// One value of D-Bus, and GVariant's text format, in which annotations of a bundle write one.
//
//   uint64 123456789    'inactive-or-failed'    true    ['a', 'b']    [('/dev/null', 'rw')]
//
// Pure. Source: docs.gtk.org/glib/gvariant-text.html, D-Bus specification ("Type system").
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::oci {

struct DbusValue {
  std::string type;  // as D-Bus writes it: "t", "as", "a(ss)"
  std::string json;  // numbers, texts, booleans; arrays and structures are arrays of their members

  friend bool operator==(const DbusValue&, const DbusValue&) = default;
};

// Booleans, numbers, texts, and arrays and tuples of them; with or without a type before it
// ("uint64 1", "@at []"). InvalidArgument for everything else, dictionaries and variants too.
absl::StatusOr<DbusValue> ParseVariantText(absl::string_view text);

}  // namespace pelagos::oci
