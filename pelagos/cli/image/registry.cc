#include "pelagos/cli/image/registry.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/image/limits.h"
#include "pelagos/image/docker_config.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/transfer.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

constexpr size_t kMaxSecret = 65536;

constexpr Flag kUsername = {"username", 'u', "NAME", "log in as NAME, this time only"};
constexpr Flag kPassword = {"password", 'p', "TEXT", "its password; other users can see it in ps"};
constexpr Flag kPasswordStdin = {"password-stdin", 0, "", "read the password from standard input"};
constexpr Flag kInsecure = {"insecure", 0, "",
                            "TLS without checks; plain HTTP where there is none"};
constexpr Flag kProgress = {"progress", 0, "HOW", "auto, tty, plain, json or quiet"};

// One line, without its end.
absl::StatusOr<std::string> ReadSecret(absl::string_view what) {
  const Fd input(::dup(STDIN_FILENO));
  PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadAll(input, kMaxSecret, what));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) {
    return absl::InvalidArgumentError("standard input has no password (--password-stdin)");
  }
  return text;
}

// Asks on the terminal. A password is not shown.
absl::StatusOr<std::string> Ask(absl::string_view prompt, bool hidden) {
  std::cerr << prompt << std::flush;
  termios before = {};
  const bool hide = hidden && ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (hide) {
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  std::string line;
  const bool got = static_cast<bool>(std::getline(std::cin, line));
  if (hide) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << "\n";
  }
  if (!got || line.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("nothing was given for '", prompt, "'"));
  }
  return line;
}

// What the flags say; nullopt: nothing, so that the user's login counts.
absl::StatusOr<std::optional<image::Credentials>> CredentialsFrom(const Arguments& args) {
  const bool from_stdin = args.has(kPasswordStdin.name);
  if (from_stdin && args.has(kPassword.name)) {
    return absl::InvalidArgumentError("--password and --password-stdin: only one of them");
  }
  if (!args.has(kUsername.name)) {
    if (from_stdin || args.has(kPassword.name)) {
      return absl::InvalidArgumentError("a password needs --username NAME");
    }
    return std::nullopt;
  }
  image::Credentials credentials;
  credentials.username = args.value(kUsername.name);
  if (from_stdin) {
    PELAGOS_ASSIGN_OR_RETURN(credentials.password, ReadSecret("standard input"));
  } else if (args.has(kPassword.name)) {
    credentials.password = args.value(kPassword.name);
  } else if (::isatty(STDIN_FILENO) == 1) {
    PELAGOS_ASSIGN_OR_RETURN(credentials.password, Ask("Password: ", /*hidden=*/true));
  } else {
    return absl::InvalidArgumentError("--username needs --password-stdin or --password");
  }
  return credentials;
}

absl::StatusOr<image::TransferOptions> OptionsFrom(const Arguments& args) {
  image::TransferOptions options;
  PELAGOS_ASSIGN_OR_RETURN(options.credentials, CredentialsFrom(args));
  options.insecure = args.has(kInsecure.name);
  PELAGOS_ASSIGN_OR_RETURN(
      options.progress, image::ParseProgressMode(args.value(kProgress.name, "auto")), "--progress");
  if (args.has("quiet")) options.progress = image::ProgressMode::kQuiet;
  options.platform = args.value("platform");
  if (!options.platform.empty()) {
    PELAGOS_RETURN_IF_ERROR(image::ParsePlatform(options.platform).status(), "--platform");
  }
  return options;
}

int Pull(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("image pull: expected the name of an image, as 'redis:7'", kUsage);
  }
  absl::StatusOr<image::TransferOptions> options = OptionsFrom(args);
  if (!options.ok()) return Fail(absl::StrCat("image pull: ", options.status().message()), kUsage);
  if (!ReadLimits(args, options->ingest)) return kUsage;
  for (const std::string& name : args.positionals()) {
    if (const auto checked = image::ResolveReference(name); !checked.ok()) {
      return Fail(checked.status(), kUsage);
    }
  }
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const auto image = image::Pull(context.roots.data, name, *options);
    if (!image.ok()) {
      code = Fail(image.status());
      continue;
    }
    if (args.has("quiet")) {
      std::cout << image->reference << "\n";
    } else {
      std::cout << "Pulled " << image->reference << " (" << image->digest << ")\n";
    }
  }
  return code;
}

int Push(const Context& context, const Arguments& args) {
  if (args.positionals().empty() || args.positionals().size() > 2) {
    return Fail(
        "image push: expected the name of an image of the store, and perhaps another for "
        "the registry",
        kUsage);
  }
  const absl::StatusOr<image::TransferOptions> options = OptionsFrom(args);
  if (!options.ok()) return Fail(absl::StrCat("image push: ", options.status().message()), kUsage);
  const std::string destination =
      args.positionals().size() == 2 ? args.positionals()[1] : args.value("dest");
  for (const std::string& name : {args.positionals()[0], destination}) {
    if (name.empty()) continue;
    if (const auto checked = image::ResolveReference(name); !checked.ok()) {
      return Fail(checked.status(), kUsage);
    }
  }
  const auto image = image::Push(context.roots.data, args.positionals()[0], destination, *options);
  if (!image.ok()) return Fail(image.status());
  std::cout << "Pushed " << image->reference << " (" << image->digest << ")\n";
  return kDone;
}

// The registry that is meant: the first argument, or the Hub.
absl::StatusOr<std::string> RegistryFrom(const Arguments& args) {
  if (args.positionals().size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", args.positionals()[1], "'"));
  }
  if (args.positionals().empty()) return std::string(image::kDefaultRegistry);
  absl::string_view host = args.positionals()[0];
  if (!absl::ConsumePrefix(&host, "https://")) absl::ConsumePrefix(&host, "http://");
  host = absl::StripSuffix(host.substr(0, host.find('/')), "/");
  if (host == "index.docker.io" || host == "registry-1.docker.io") host = image::kDefaultRegistry;
  if (!image::internal::IsRegistry(host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", args.positionals()[0], "' is not the host[:port] of a registry"));
  }
  return std::string(host);
}

int Login(const Context&, const Arguments& args) {
  const absl::StatusOr<std::string> registry = RegistryFrom(args);
  if (!registry.ok())
    return Fail(absl::StrCat("image login: ", registry.status().message()), kUsage);
  absl::StatusOr<std::optional<image::Credentials>> given = CredentialsFrom(args);
  if (!given.ok()) return Fail(absl::StrCat("image login: ", given.status().message()), kUsage);
  if (!*given) {
    if (::isatty(STDIN_FILENO) == 0) {
      return Fail("image login: expected --username NAME and --password-stdin", kUsage);
    }
    image::Credentials credentials;
    absl::StatusOr<std::string> answer = Ask("Username: ", /*hidden=*/false);
    if (answer.ok()) {
      credentials.username = *std::move(answer);
      answer = Ask("Password: ", /*hidden=*/true);
    }
    if (!answer.ok()) return Fail(answer.status());
    credentials.password = *std::move(answer);
    *given = std::move(credentials);
  }
  image::TransferOptions options;
  options.insecure = args.has(kInsecure.name);
  if (const absl::Status checked = image::CheckLogin(*registry, **given, options); !checked.ok()) {
    return Fail(checked);
  }
  const auto kept = image::DockerConfig::AtUsualPlace().Store(*registry, **given);
  if (!kept.ok()) return Fail(kept.status());
  std::cout << "Login Succeeded (" << *registry << " as " << (*given)->username << "), kept in "
            << *kept << "\n";
  return kDone;
}

int Logout(const Context&, const Arguments& args) {
  const absl::StatusOr<std::string> registry = RegistryFrom(args);
  if (!registry.ok()) {
    return Fail(absl::StrCat("image logout: ", registry.status().message()), kUsage);
  }
  const absl::StatusOr<bool> erased = image::DockerConfig::AtUsualPlace().Erase(*registry);
  if (!erased.ok()) return Fail(erased.status());
  if (!*erased) return Fail(absl::StrCat("there is no login for '", *registry, "'"));
  std::cout << "Removed login credentials for " << *registry << "\n";
  return kDone;
}

}  // namespace

std::vector<Command> RegistryCommands() {
  return {
      {"image pull",
       "[FLAGS] REF...",
       "Get images from their registries (or mirrors of them) into the store.",
       "pelagos image pull --platform linux/arm64 redis:7",
       {{"platform", 0, "OS/ARCH", "not this machine's: linux/arm64, linux/arm/v7, ..."},
        kUsername,
        kPassword,
        kPasswordStdin,
        kInsecure,
        kProgress,
        kMaxBytes,
        kMaxEntries,
        {"quiet", 'q', "", "say the name only"}},
       false,
       Pull},
      {"image push",
       "[FLAGS] REF [REMOTE]",
       "Send an image of the store to a registry, byte for byte as it came.",
       "pelagos image push redis:7 registry.example.com/mine/redis:7",
       {{"dest", 0, "REMOTE", "the name at the registry (default: the image's own)"},
        kUsername,
        kPassword,
        kPasswordStdin,
        kInsecure,
        kProgress},
       false,
       Push},
      {"image login",
       "[FLAGS] [REGISTRY]",
       "Check a user name and password with a registry, and keep them for pull and push.",
       "pass registry | pelagos image login -u me --password-stdin registry.example.com",
       {kUsername, kPassword, kPasswordStdin, kInsecure},
       false,
       Login},
      {"image logout",
       "[REGISTRY]",
       "Forget the login at a registry.",
       "pelagos image logout registry.example.com",
       {},
       false,
       Logout},
  };
}

}  // namespace pelagos::cli
