// A future as the language sees it: what is to be done, and what it needs. It holds no result,
// `run` executes it as often as it is asked to (future_run.h).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::compose {

class Future final : public reml::Foreign {
 public:
  enum class Kind : uint8_t {
    kStart,    // starts a container; the procedure, if any, makes its environment
    kThen,     // calls the procedure with the value of its one upstream
    kThenAll,  // calls it with the values of all
  };
  struct Parts {
    Kind kind = Kind::kStart;
    std::string name;
    reml::Value service;                 // kStart: a service-spec
    reml::Value procedure;               // () if there is none
    std::vector<reml::Value> upstreams;  // futures
    Span span;                           // of what is to be blamed when it fails
    Span procedure_span;
  };

  explicit Future(Parts parts) : parts_(std::move(parts)) {}

  absl::string_view type_name() const override { return "future"; }
  void Print(std::string* out) const override {
    absl::StrAppend(out, "#<future:", parts_.name);
    if (!parts_.upstreams.empty()) absl::StrAppend(out, " after:", parts_.upstreams.size());
    out->push_back('>');
  }
  void Trace(reml::Marker& marker) const override {
    marker.Mark(parts_.service);
    marker.Mark(parts_.procedure);
    for (reml::Value upstream : parts_.upstreams) marker.Mark(upstream);
  }

  const Parts& parts() const { return parts_; }
  size_t bytes() const {
    return parts_.name.size() + parts_.upstreams.size() * sizeof(reml::Value);
  }

 private:
  const Parts parts_;
};

// Requires: it is a future.
inline const Future::Parts& PartsOf(reml::Value future) {
  return future.foreign<Future>()->parts();
}

}  // namespace pelagos::compose
