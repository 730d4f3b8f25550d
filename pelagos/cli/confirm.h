// Asks before what cannot be undone.
#pragma once

#include <unistd.h>

#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::cli {

// Ok: a person at the terminal said yes. Cancelled: something else. FailedPrecondition: there is
// nobody to ask. `what` begins the question: "This removes all stopped containers."
inline absl::Status Confirm(absl::string_view what) {
  if (::isatty(STDIN_FILENO) == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " There is no terminal to ask at: say --force too"));
  }
  std::cerr << "WARNING! " << what << "\nGo on? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  const bool yes = answer == "y" || answer == "Y" || answer == "yes";
  return yes ? absl::OkStatus() : absl::CancelledError("nothing was removed");
}

}  // namespace pelagos::cli
