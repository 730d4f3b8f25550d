// Pulls through an HTTP proxy, as the environment names it; and logins that are tokens.

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/registry/fake_registry.h"
#include "tests/rooted/image_test/registry_world.h"
#include "tests/rooted/image_test/small_proxy.h"

namespace pelagos::rooted {
namespace {

using image::FakeRegistry;
using image::TarBuilder;

// The registry is "registry.test", a name that only the proxy knows (RFC 2606).
class ProxyTest : public RegistryTest {
 protected:
  void TearDown() override {
    for (const std::string& name : set_) ::unsetenv(name.c_str());
    RegistryTest::TearDown();
  }
  void Set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  int Port() const {
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(host_.substr(host_.find(':') + 1), &port)) << host_;
    return port;
  }
  void StartFake() {
    fake_ = std::make_unique<FakeRegistry>();
    const std::string tar = TarBuilder().File("file", "x").Build();
    fake_->AddImage("a/b", "1", {tar}, {tar});
  }

  static constexpr char kName[] = "registry.test:5000/a/b:1";
  std::unique_ptr<FakeRegistry> fake_;
  std::vector<std::string> set_;
};

TEST_F(ProxyTest, HttpGoesThroughIt) {
  StartFake();
  Fails({"image", "pull", "--insecure", kName}, 1, "registry.test");
  SmallProxy proxy(fake_->port());
  // Whether there is TLS is found out first, through the other one.
  for (const auto& [http, https] :
       {std::pair("HTTP_PROXY", "HTTPS_PROXY"), std::pair("http_proxy", "https_proxy")}) {
    Set(http, proxy.Url());
    Set(https, proxy.Url());
    Must({"image", "pull", "--insecure", kName});
    Must({"image", "rm", kName});
    ::unsetenv(http);
    ::unsetenv(https);
  }
  EXPECT_TRUE(proxy.Saw("GET http://registry.test:5000/v2/a/b/manifests/1 HTTP/1.1"));
}

TEST_F(ProxyTest, TlsGoesThroughItUnseen) {
  StartWithTls();
  MakeLayout();
  PushLayout("a/b:1");
  SmallProxy proxy(Port());
  Set("HTTPS_PROXY", proxy.Url("me:hidden-word"));
  Configure(absl::StrCat("[registries.\"registry.test:5000\"]\nca = \"", Certificate(), "\"\n"));
  Must({"image", "pull", kName});
  ASSERT_FALSE(proxy.heads().empty());
  for (const std::string& head : proxy.heads()) {
    EXPECT_TRUE(absl::StartsWith(head, "CONNECT registry.test:5000 HTTP/1.1\r\n")) << head;
    EXPECT_TRUE(absl::StrContains(head, "Proxy-Authorization: Basic ")) << head;
  }
  Must({"image", "push", kName, "registry.test:5000/c/d:1"});
  EXPECT_EQ(Raw("c/d:1"), Raw("a/b:1"));

  proxy.Refuse("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  const Outcome refused = Pelagos({"image", "pull", kName});
  EXPECT_EQ(refused.code, 1) << refused.Describe();
  EXPECT_TRUE(absl::StrContains(refused.err, "407")) << refused.Describe();
  EXPECT_FALSE(absl::StrContains(refused.err, "hidden-word")) << refused.Describe();
}

TEST_F(ProxyTest, NoProxyNamesWhatGoesDirectly) {
  StartFake();
  SmallProxy proxy(fake_->port());
  Set("HTTP_PROXY", proxy.Url());
  Set("HTTPS_PROXY", proxy.Url());
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    Set(name, "localhost,.test");
    Fails({"image", "pull", "--insecure", kName}, 1, "Could not resolve host");
    ::unsetenv(name);
  }
  EXPECT_TRUE(proxy.heads().empty());
  // This machine itself never does.
  const std::string here = fake_->host() + "/a/b:1";
  Must({"image", "pull", here});
  EXPECT_TRUE(proxy.heads().empty());
}

TEST_F(ProxyTest, OneThatIsNotThereIsNamed) {
  StartFake();
  Set("HTTPS_PROXY", "http://me:hidden-word@127.0.0.1:1");
  const Outcome outcome = Pelagos({"image", "pull", kName});
  EXPECT_EQ(outcome.code, 1) << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "127.0.0.1")) << outcome.Describe();
  EXPECT_FALSE(absl::StrContains(outcome.err, "hidden-word")) << outcome.Describe();
}

// As `docker login` keeps them for registries that give such.
TEST_F(ProxyTest, IdentityTokensOfTheLoginFile) {
  StartFake();
  fake_->RequireIdentityToken("refresh-me");
  const std::string name = fake_->host() + "/a/b:1";
  Fails({"image", "pull", name}, 1, "invalid refresh token");
  ASSERT_TRUE(sys::MakeFolders(folder_ + "/docker", 0700).ok());
  Write("docker/config.json",
        absl::StrCat(R"({"auths":{")", fake_->host(),
                     R"(":{"auth":"PHRva2VuPjo=","identitytoken":"refresh-me"}}})"));
  Must({"image", "pull", name});
  Must({"image", "rm", name});

  // A credential helper says so by the user's name.
  ASSERT_TRUE(sys::MakeFolders(folder_ + "/bin", 0755).ok());
  Write("bin/docker-credential-test", R"sh(#!/bin/sh
    [ "$1" = get ] && read -r host
    echo "$1 $host" >> "$0.log"
    echo '{"ServerURL":"x","Username":"<token>","Secret":"refresh-me"}'
  )sh");
  ASSERT_EQ(::chmod((folder_ + "/bin/docker-credential-test").c_str(), 0755), 0);
  Write("docker/config.json", absl::StrCat(R"({"credHelpers":{")", fake_->host(), R"(":"test"}})"));
  const Outcome pulled =
      rooted::Run({"env", absl::StrCat("PATH=", folder_, "/bin:", kPath), Runfile("tools/pelagos"),
                   "--root", data_root(), "--run-root", folder_ + "/run", "image", "pull", name});
  EXPECT_EQ(pulled.code, 0) << pulled.Describe();
  EXPECT_EQ(rooted::Run({"cat", folder_ + "/bin/docker-credential-test.log"}).out,
            absl::StrCat("get ", fake_->host(), "\n"));
}

}  // namespace
}  // namespace pelagos::rooted
