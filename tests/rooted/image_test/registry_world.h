// Debian's docker-registry on a free port of 127.0.0.1, and pelagos' command line with a login file
// and a config.toml of its own.
#pragma once

#include <signal.h>
#include <stdlib.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/image_test/store_world.h"
#include "tests/rooted/program.h"

namespace pelagos::rooted {

// User "me", password "secret".
inline constexpr char kHtpasswd[] =
    "me:$2b$04$7i3ZngPhmCZS6pVJ45X.d..JQlGjaF2AAiCSoTG0ZRm5AKH7VZ/s6\n";

class RegistryTest : public ImageTest {
 protected:
  void SetUp() override {
    ImageTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(sys::MakeFolders(folder_ + "/home", 0700).ok());
    ::setenv("HOME", (folder_ + "/home").c_str(), 1);
    ::setenv("DOCKER_CONFIG", (folder_ + "/docker").c_str(), 1);
    ::setenv("PELAGOS_CONFIG", (folder_ + "/config.toml").c_str(), 1);
    for (const char* name : {"SSL_CERT_FILE", "PELAGOS_REGISTRY_USER", "PELAGOS_DEFAULT_REGISTRY",
                             "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy",
                             "NO_PROXY", "all_proxy", "ALL_PROXY"}) {
      ::unsetenv(name);
    }
    Configure("");
  }
  void TearDown() override {
    if (registry_) {
      registry_->SignalGroup(SIGTERM);
      registry_->Wait();
    }
    ImageTest::TearDown();
  }

  // `http` are lines of its configuration below "http:", `more` is whole sections.
  void StartRegistry(const std::string& http = "", const std::string& more = "") {
    Write("registry.yml", absl::StrCat("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ",
                                       folder_, "/registry\n  delete:\n    enabled: true\n",
                                       "http:\n  addr: 127.0.0.1:0\n", http, more));
    // Its log is read on to the end: a full pipe would stop it. Two lines are passed on: where it
    // listens, and the first request of ours over HTTP/2.
    registry_ = std::make_unique<Program>(
        std::vector<std::string>{"sh", "-c",
                                 absl::StrCat("docker-registry serve ", folder_,
                                              "/registry.yml 2>&1 | { grep -m 1 'listening on'; "
                                              "grep -m 1 'HTTP/2.0.*pelagos'; cat > /dev/null; }")},
        ProgramOptions{.env = {absl::StrCat("PATH=", kPath)}, .folder = folder_, .netns = -1});
    constexpr absl::string_view kListening = "listening on 127.0.0.1:";
    while (const std::optional<std::string> line = registry_->NextLine()) {
      const size_t at = line->find(kListening.data(), 0, kListening.size());
      if (at == std::string::npos) continue;
      const std::string rest = line->substr(at + kListening.size());
      host_ = absl::StrCat("127.0.0.1:", rest.substr(0, rest.find_first_not_of("0123456789")));
      return;
    }
    FAIL() << "docker-registry does not listen";
  }
  void StartWithPassword() {
    Write("htpasswd", kHtpasswd);
    StartRegistry("", absl::StrCat("auth:\n  htpasswd:\n    realm: test\n    path: ", folder_,
                                   "/htpasswd\n"));
  }
  // A certificate of its own authority, for 127.0.0.1 and registry.test.
  void StartWithTls() {
    const Outcome made =
        rooted::Run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                     "-addext", "subjectAltName=IP:127.0.0.1,DNS:registry.test", "-keyout",
                     folder_ + "/key.pem", "-out", Certificate()});
    ASSERT_EQ(made.code, 0) << made.Describe();
    StartRegistry(absl::StrCat("  tls:\n    certificate: ", Certificate(), "\n    key: ", folder_,
                               "/key.pem\n"));
  }
  std::string Certificate() const { return folder_ + "/certificate.pem"; }

  void Write(const std::string& name, const std::string& content) {
    const absl::Status written = sys::WriteFileAtomically(folder_ + "/" + name, content);
    ASSERT_TRUE(written.ok()) << written;
  }
  // config.toml, impatient enough for a test.
  void Configure(const std::string& toml) {
    Write(
        "config.toml",
        absl::StrCat("[transfers]\nattempts = 3\nstall_seconds = 2\nbackoff_millis = 10\n", toml));
  }

  std::vector<std::string> Argv(std::vector<std::string> args) const {
    args.insert(args.begin(),
                {Runfile("tools/pelagos"), "--root", data_root(), "--run-root", folder_ + "/run"});
    return args;
  }
  Outcome Pelagos(std::vector<std::string> args) { return rooted::Run(Argv(std::move(args))); }
  std::string Must(std::vector<std::string> args) {
    const Outcome outcome = Pelagos(std::move(args));
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }
  void Fails(std::vector<std::string> args, int code, const std::string& message) {
    const Outcome outcome = Pelagos(std::move(args));
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
  }
  std::string Skopeo(std::vector<std::string> args) {
    args.insert(args.begin(), {"skopeo", "--insecure-policy", "--tmpdir", folder_});
    const Outcome outcome = rooted::Run(args);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }

  // A layout with the image "t" of three layers, made by umoci: a base, a file, a file removed.
  void MakeLayout() {
    const Outcome made = rooted::Run({"sh", "-ec", absl::StrCat("cd ", folder_, R"sh(
      mkdir -p root/etc root/bin other
      echo 'app:x:70:71::/srv:/bin/sh' > root/etc/passwd
      echo base > root/removed
      cp "$(command -v busybox)" root/bin/sh
      head -c 3000000 /dev/urandom > other/noise
      umoci init --layout layout
      umoci new --image layout:t
      umoci insert --image layout:t root /
      umoci insert --image layout:t other /srv
      umoci insert --image layout:t --whiteout /removed
      umoci config --image layout:t --config.cmd /bin/sh --os linux --architecture amd64
    )sh")});
    ASSERT_EQ(made.code, 0) << made.Describe();
  }
  void PushLayout(const std::string& name, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"copy", "--dest-tls-verify=false"});
    flags.insert(flags.end(), {absl::StrCat("oci:", folder_, "/layout:t"),
                               absl::StrCat("docker://", host_, "/", name)});
    Skopeo(flags);
  }
  std::string Raw(const std::string& name) {
    return Skopeo(
        {"inspect", "--tls-verify=false", "--raw", absl::StrCat("docker://", host_, "/", name)});
  }

  std::string host_;  // "127.0.0.1:PORT"
  std::unique_ptr<Program> registry_;
};

}  // namespace pelagos::rooted
