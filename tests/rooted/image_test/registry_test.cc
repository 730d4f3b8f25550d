// Pull and push against Debian's docker-registry, with skopeo and umoci as the other clients.

#include <sys/stat.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/rooted/image_test/registry_world.h"

namespace pelagos::rooted {
namespace {

TEST_F(RegistryTest, SkopeoPushesAndWePull) {
  StartRegistry();
  MakeLayout();
  PushLayout("a/x:1");
  const std::string name = host_ + "/a/x:1";
  const std::string digest(absl::StripAsciiWhitespace(
      Skopeo({"inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://" + name})));
  const Outcome pulled = Pelagos({"image", "pull", name});
  ASSERT_EQ(pulled.code, 0) << pulled.Describe();
  EXPECT_EQ(pulled.out, absl::StrCat("Pulled ", name, " (", digest, ")\n"));
  EXPECT_TRUE(absl::StrContains(pulled.err, ": downloading 3.0 MB\n")) << pulled.err;
  EXPECT_EQ(Must({"image", "inspect", "--raw", "manifest", name}), Raw("a/x:1"));
  EXPECT_EQ(InImage(name, "cat etc/passwd; ls; wc -c < srv/noise"),
            "app:x:70:71::/srv:/bin/sh\nbin\netc\nsrv\n3000000\n");
  // By its digest too; then everything is there.
  const std::string by_digest = absl::StrCat(host_, "/a/x@", digest);
  const Outcome again = Pelagos({"image", "pull", by_digest});
  EXPECT_EQ(again.code, 0) << again.Describe();
  EXPECT_FALSE(absl::StrContains(again.err, "downloading")) << again.Describe();
}

TEST_F(RegistryTest, DockersManifestsAndZstd) {
  StartRegistry();
  MakeLayout();
  PushLayout("x:docker", {"--format", "v2s2"});
  Skopeo({"copy", "--dest-compress-format", "zstd", absl::StrCat("oci:", folder_, "/layout:t"),
          absl::StrCat("oci:", folder_, "/zstd:t")});
  Skopeo({"copy", "--dest-tls-verify=false", absl::StrCat("oci:", folder_, "/zstd:t"),
          absl::StrCat("docker://", host_, "/x:zstd")});
  EXPECT_TRUE(absl::StrContains(Raw("x:zstd"), "tar+zstd"));
  for (const char* tag : {"docker", "zstd"}) {
    const std::string name = absl::StrCat(host_, "/x:", tag);
    Must({"image", "pull", name});
    EXPECT_EQ(InImage(name, "wc -c < srv/noise; ls removed 2>&1 | wc -l"), "3000000\n1\n");
    EXPECT_EQ(Must({"image", "inspect", "--raw", "manifest", name}), Raw(absl::StrCat("x:", tag)));
  }
}

TEST_F(RegistryTest, WhatWePushIsTheSameBytes) {
  StartRegistry();
  MakeLayout();
  PushLayout("a/x:1");
  const std::string from = host_ + "/a/x:1", to = host_ + "/b/y:2";
  Must({"image", "pull", from});
  Must({"image", "tag", from, to});
  const Outcome pushed = Pelagos({"image", "push", to});
  ASSERT_EQ(pushed.code, 0) << pushed.Describe();
  EXPECT_TRUE(absl::StrContains(pushed.err, ": mounted\n")) << pushed.err;
  EXPECT_EQ(Raw("b/y:2"), Raw("a/x:1"));
  // And others can use it.
  Skopeo({"copy", "--src-tls-verify=false", "docker://" + to,
          absl::StrCat("oci:", folder_, "/back:t")});
  const Outcome unpacked =
      rooted::Run({"umoci", "unpack", "--image", folder_ + "/back:t", folder_ + "/bundle"});
  EXPECT_EQ(unpacked.code, 0) << unpacked.Describe();
  EXPECT_EQ(rooted::Run({"cat", folder_ + "/bundle/rootfs/etc/passwd"}).out,
            "app:x:70:71::/srv:/bin/sh\n");
}

TEST_F(RegistryTest, ToAnEmptyRegistryInPieces) {
  StartRegistry();
  // Longer than one piece of an upload.
  const Outcome made =
      rooted::Run({"sh", "-ec",
                   absl::StrCat("mkdir ", folder_, "/big; head -c 70000000 /dev/urandom > ",
                                folder_, "/big/noise")});
  ASSERT_EQ(made.code, 0) << made.Describe();
  Must({"image", "import", folder_ + "/big", "big:1"});
  Must({"image", "push", "big:1", host_ + "/big:1"});
  EXPECT_EQ(Raw("big:1"), Must({"image", "inspect", "--raw", "manifest", "big:1"}));
  // Its own blobs are what comes back.
  Must({"image", "rm", "big:1"});
  Must({"image", "pull", host_ + "/big:1"});
  EXPECT_EQ(InImage(host_ + "/big:1", "cmp noise ../big/noise && echo same"), "same\n");
}

TEST_F(RegistryTest, Passwords) {
  StartWithPassword();
  MakeLayout();
  PushLayout("x:1", {"--dest-creds", "me:secret"});
  const std::string name = host_ + "/x:1";
  Fails({"image", "pull", name}, 1, absl::StrCat("pelagos image login ", host_));
  Fails({"image", "pull", "-u", "me", "-p", "wrong", name}, 1,
        "the user name or password is wrong");
  Fails({"image", "login", "-u", "me", "-p", "wrong", host_}, 1, "401 Unauthorized");
  struct stat info = {};
  EXPECT_NE(::stat((folder_ + "/docker/config.json").c_str(), &info), 0);
  EXPECT_TRUE(sys::ListFolder(data_root() + "/images/refs")->empty());

  Must({"image", "pull", "-u", "me", "-p", "secret", name});
  Must({"image", "rm", name});
  const Outcome login =
      rooted::Run({"sh", "-c", "printf secret | \"$@\"", "sh", Runfile("tools/pelagos"), "image",
                   "login", "-u", "me", "--password-stdin", host_});
  EXPECT_EQ(login.code, 0) << login.Describe();
  EXPECT_TRUE(absl::StartsWith(login.out, absl::StrCat("Login Succeeded (", host_, " as me)")))
      << login.Describe();
  ASSERT_EQ(::stat((folder_ + "/docker/config.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  Must({"image", "pull", name});
  Must({"image", "push", name, host_ + "/y:2"});
  // skopeo reads the login that we wrote.
  EXPECT_EQ(Skopeo({"inspect", "--authfile", folder_ + "/docker/config.json", "--tls-verify=false",
                    "--raw", absl::StrCat("docker://", host_, "/y:2")}),
            Must({"image", "inspect", "--raw", "manifest", name}));
  Must({"image", "logout", host_});
  Fails({"image", "logout", host_}, 1, "there is no login for");
  Fails({"image", "push", name, host_ + "/y:3"}, 1, "401 Unauthorized");
}

TEST_F(RegistryTest, Certificates) {
  StartWithTls();
  MakeLayout();
  PushLayout("x:1");
  const std::string name = host_ + "/x:1";
  Fails({"image", "pull", name}, 1, "'ca' in config.toml, or use --insecure");
  Must({"image", "pull", "--insecure", name});
  Must({"image", "rm", name});
  Configure(absl::StrCat("[registries.\"", host_, "\"]\nca = \"", Certificate(), "\"\n"));
  Must({"image", "pull", name});
  Must({"image", "push", name, host_ + "/y:1"});
  Must({"image", "rm", name});
  Configure("");
  ::setenv("SSL_CERT_FILE", Certificate().c_str(), 1);
  Must({"image", "pull", name});
  ::unsetenv("SSL_CERT_FILE");
  Configure(absl::StrCat("[registries.\"", host_, "\"]\ninsecure = 1\n"));
  Fails({"image", "pull", name}, 1, "config.toml:6:12: 'insecure' must be true or false");
}

TEST_F(RegistryTest, TlsIsHttp2) {
  StartWithTls();
  MakeLayout();
  PushLayout("x:1");
  Must({"image", "pull", "--insecure", host_ + "/x:1"});
  EXPECT_TRUE(registry_->AwaitLine("HTTP/2.0")) << "no request of ours was of HTTP/2";
}

TEST_F(RegistryTest, AMirrorForAnotherRegistry) {
  StartRegistry();
  MakeLayout();
  PushLayout("library/thing:1");
  Configure(absl::StrCat("[mirrors]\n\"docker.io\" = [\"http://", host_, "\"]\n"));
  EXPECT_TRUE(
      absl::StartsWith(Must({"image", "pull", "thing:1"}), "Pulled docker.io/library/thing:1 "));
  Configure(absl::StrCat("[images]\ndefault_registry = \"", host_, "\"\n"));
  PushLayout("other:1");
  EXPECT_TRUE(absl::StartsWith(Must({"image", "pull", "other:1"}),
                               absl::StrCat("Pulled ", host_, "/other:1 ")));
  EXPECT_EQ(Must({"image", "rm", "other:1"}), absl::StrCat("Removed image: ", host_, "/other:1\n"));
}

TEST_F(RegistryTest, RunPullsWhatIsMissing) {
  StartRegistry();
  MakeLayout();
  PushLayout("x:1");
  const std::string name = host_ + "/x:1";
  Fails({"run", "--rm", "--pull", "sometimes", name}, 2, "expected missing, always or never");
  Fails({"run", "--rm", "--pull", "never", name}, 125, "is not in the store");
  EXPECT_EQ(Must({"run", "--rm", name, "/bin/sh", "-c", "echo $(wc -c < /srv/noise)"}),
            "3000000\n");
  const size_t one = sys::ListFolder(data_root() + "/images/layers")->size();
  // The tag moves: only who asks notices.
  const Outcome made = rooted::Run({"sh", "-ec", absl::StrCat("cd ", folder_, R"(
      mkdir new; echo new > new/file
      umoci insert --image layout:t new /new
    )")});
  ASSERT_EQ(made.code, 0) << made.Describe();
  PushLayout("x:1");
  Fails({"run", "--rm", name, "/bin/sh", "-c", "cat /new/file"}, 1, "");
  EXPECT_EQ(Must({"run", "--rm", "--pull", "always", name, "/bin/sh", "-c", "cat /new/file"}),
            "new\n");
  EXPECT_EQ(sys::ListFolder(data_root() + "/images/layers")->size(), one + 1);
}

TEST_F(RegistryTest, ArchivesThatOthersRead) {
  StartRegistry();
  MakeLayout();
  PushLayout("x:1");
  const std::string name = host_ + "/x:1";
  Must({"image", "pull", name});
  Must({"image", "save", name, "-o", folder_ + "/oci.tar"});
  Must({"image", "save", name, "--format", "docker-archive", "-o", folder_ + "/docker.tar"});
  EXPECT_EQ(Skopeo({"inspect", "--raw", absl::StrCat("oci-archive:", folder_, "/oci.tar")}),
            Raw("x:1"));
  for (const char* archive :
       {"oci-archive:/oci.tar", "docker-archive:/oci.tar", "docker-archive:/docker.tar"}) {
    std::string source = archive;
    source.insert(source.find(':') + 1, folder_);
    const std::string target = absl::StrCat(folder_, "/from");
    Skopeo({"copy", source, absl::StrCat("oci:", target, ":t")});
    const Outcome unpacked = rooted::Run(
        {"sh", "-ec",
         absl::StrCat("umoci unpack --image ", target, ":t ", target, "-bundle; cat ", target,
                      "-bundle/rootfs/etc/passwd; rm -rf ", target, " ", target, "-bundle")});
    EXPECT_EQ(unpacked.code, 0) << source << "\n" << unpacked.Describe();
    EXPECT_TRUE(absl::StrContains(unpacked.out, "app:x:70")) << unpacked.Describe();
  }
  Must({"image", "rm", name});
  Must({"image", "load", folder_ + "/oci.tar"});
  EXPECT_EQ(Must({"image", "inspect", "--raw", "manifest", name}), Raw("x:1"));
}

TEST_F(RegistryTest, HistoryAndPrune) {
  StartRegistry();
  MakeLayout();
  PushLayout("x:1");
  const std::string name = host_ + "/x:1";
  Must({"image", "pull", name});
  const std::string history = Must({"image", "history", name});
  EXPECT_TRUE(absl::StrContains(history, "umoci insert")) << history;
  EXPECT_EQ(Must({"image", "prune"}), "Freed 0 bytes\n");
  Fails({"image", "prune", "--all"}, 2, "say --force");
  Fails({"image", "prune", "--all", "--force", "--filter", "age=1"}, 2, "expected until=AGE");
  EXPECT_FALSE(absl::StrContains(
      Must({"image", "prune", "--all", "--force", "--filter", "label=none"}), "Removed"));
  EXPECT_TRUE(absl::StrContains(Must({"image", "prune", "--all", "--force"}),
                                absl::StrCat("Removed image: ", name, "\nFreed ")));
  EXPECT_TRUE(sys::ListFolder(data_root() + "/images/layers")->empty());
  EXPECT_TRUE(sys::ListFolder(data_root() + "/images/blobs/sha256")->empty());
}

}  // namespace
}  // namespace pelagos::rooted
