#include "pelagos/image/docker_config.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

class DockerConfigTest : public ::testing::Test {
 protected:
  DockerConfigTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) / "docker"),
        path_((root_ / "config.json").string()),
        config_(path_) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void Write(const std::string& json) { std::ofstream(path_) << json; }
  std::string Read() { return *sys::ReadFile(path_, 1 << 20); }
  // A helper that keeps secrets in a file beside it.
  void AddHelper(const std::string& name) {
    const fs::path program = root_ / ("docker-credential-" + name);
    std::ofstream(program) << "#!/bin/sh\ncd " << root_.string() << R"(
case $1 in
  get) [ -e secret ] && cat secret || { echo 'credentials not found in native keychain'; exit 1; } ;;
  store) cat > secret ;;
  erase) cat > erased; rm secret ;;
  *) echo broken; exit 3 ;;
esac
)";
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("PATH", absl::StrCat(root_.string(), ":/usr/bin:/bin").c_str(), 1);
  }

  const fs::path root_;
  const std::string path_;
  const DockerConfig config_;
};

TEST_F(DockerConfigTest, WithoutAFileThereAreNoLogins) {
  EXPECT_TRUE(config_.Find("docker.io")->empty());
  EXPECT_TRUE(DockerConfig("").Find("docker.io")->empty());
  EXPECT_FALSE(DockerConfig("").Store("docker.io", {}).ok());
}

TEST_F(DockerConfigTest, AsDockerWritesIt) {
  // me:secret, other:pass:word
  Write(R"({"auths":{"https://index.docker.io/v1/":{"auth":"bWU6c2VjcmV0"},
            "https://old.example.com/v1/":{"auth":"b3RoZXI6cGFzczp3b3Jk"},
            "token.example.com":{"auth":"bWU6","identitytoken":"abc"},
            "ghcr.io":{"username":"u","password":"p"}}})");
  EXPECT_EQ(*config_.Find("docker.io"), (Credentials{.username = "me", .password = "secret"}));
  EXPECT_EQ(config_.Find("old.example.com")->password, "pass:word");
  EXPECT_EQ(config_.Find("token.example.com")->identity_token, "abc");
  EXPECT_EQ(config_.Find("ghcr.io")->username, "u");
  EXPECT_TRUE(config_.Find("example.com")->empty());
}

TEST_F(DockerConfigTest, MistakesNameTheField) {
  const auto says = [&](const std::string& json, absl::string_view text) {
    Write(json);
    const absl::Status status = config_.Find("a.b").status();
    EXPECT_TRUE(absl::StrContains(status.message(), text)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), path_)) << status;
  };
  says("[]", "is not a JSON object");
  says("{", "is not a JSON object");
  says(R"({"auths":[]})", "field 'auths' must be an object");
  says(R"({"auths":{"a.b":1}})", "field 'auths.\"a.b\"' must be an object");
  says(R"({"auths":{"a.b":{"auth":"%%"}}})", "must be base64 of USER:PASSWORD");
  says(R"({"credsStore":1})", "field 'credsStore' must be a string");
}

TEST_F(DockerConfigTest, LoginAndLogoutKeepTheRest) {
  Write(R"({"psFormat":"x","auths":{"a.b":{"auth":"YTpi"}},"HttpHeaders":{"k":"v"}})");
  EXPECT_EQ(*config_.Store("docker.io", {.username = "me", .password = "s:1"}), path_);
  EXPECT_EQ(config_.Find("docker.io")->password, "s:1");
  EXPECT_EQ(config_.Find("a.b")->username, "a");
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_TRUE(absl::StrContains(Read(), "https://index.docker.io/v1/"));
  EXPECT_EQ(*config_.Erase("docker.io"), true);
  EXPECT_EQ(*config_.Erase("docker.io"), false);
  EXPECT_TRUE(config_.Find("docker.io")->empty());
  EXPECT_TRUE(absl::StrContains(Read(), "psFormat") && absl::StrContains(Read(), "HttpHeaders"));
}

TEST_F(DockerConfigTest, TheFolderIsMade) {
  const DockerConfig deep((root_ / "new" / "config.json").string());
  ASSERT_TRUE(deep.Store("a.b", {.username = "u", .password = "p"}).ok());
  EXPECT_EQ(deep.Find("a.b")->username, "u");
}

TEST_F(DockerConfigTest, Helpers) {
  AddHelper("test");
  Write(R"({"credHelpers":{"a.b":"test"},"auths":{"c.d":{"auth":"YTpi"}}})");
  EXPECT_TRUE(config_.Find("a.b")->empty());
  EXPECT_EQ(*config_.Store("a.b", {.username = "u", .password = "p"}), "docker-credential-test");
  EXPECT_FALSE(absl::StrContains(Read(), "\"auth\": \"dTpw\""));
  EXPECT_EQ(*config_.Find("a.b"), (Credentials{.username = "u", .password = "p"}));
  EXPECT_EQ(config_.Find("c.d")->username, "a");
  EXPECT_EQ(*config_.Erase("a.b"), true);
  EXPECT_EQ(*sys::ReadFile((root_ / "erased").string(), 100), "a.b");
  EXPECT_TRUE(config_.Find("a.b")->empty());

  Write(R"({"credsStore":"test"})");
  std::ofstream(root_ / "secret") << R"({"Username":"<token>","Secret":"abc"})";
  EXPECT_EQ(config_.Find("docker.io")->identity_token, "abc");
  std::ofstream(root_ / "secret") << "nonsense";
  EXPECT_TRUE(absl::StrContains(config_.Find("docker.io").status().message(), "expected JSON"));
}

TEST_F(DockerConfigTest, AHelperThatIsNotThere) {
  Write(R"({"credsStore":"absent"})");
  EXPECT_TRUE(absl::StrContains(config_.Find("a.b").status().message(),
                                "'docker-credential-absent', which the Docker config names"));
  Write(R"({"credsStore":"../evil"})");
  EXPECT_TRUE(absl::StrContains(config_.Find("a.b").status().message(), "is not in PATH"));
}

}  // namespace
}  // namespace pelagos::image
