#include "pelagos/cli/run_userns.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

absl::StatusOr<ContainerSpec> SpecOf(const std::vector<std::string>& words,
                                     const std::optional<RootlessFacts>& rootless = std::nullopt) {
  const absl::StatusOr<Arguments> args = ParseFlags(UsernsFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status status = ApplyUserns(*args, rootless, spec); !status.ok()) return status;
  return spec;
}

std::string MistakeOf(const std::vector<std::string>& words,
                      const std::optional<RootlessFacts>& rootless = std::nullopt) {
  return std::string(SpecOf(words, rootless).status().message());
}

TEST(RunUsernsTest, NoneUnlessAsked) {
  EXPECT_EQ(SpecOf({}).value(), ContainerSpec{});
  EXPECT_EQ(SpecOf({"--userns", "host"}).value(), ContainerSpec{});
}

TEST(RunUsernsTest, Maps) {
  const ContainerSpec spec =
      SpecOf({"--uidmap", "0:100000:1000", "--uidmap=1000:5:1", "--gidmap", "0:7"}).value();
  EXPECT_TRUE(spec.namespaces.contains(Namespace::kUser));
  EXPECT_EQ(spec.ids, (IdMap{{{0, 100000, 1000}, {1000, 5, 1}}, {{0, 7, 1}}}));
  // One for both.
  EXPECT_EQ(SpecOf({"--userns=private", "--uidmap", "0:5:2"}).value().ids,
            (IdMap{{{0, 5, 2}}, {{0, 5, 2}}}));
  EXPECT_EQ(SpecOf({"--gidmap", "0:5:2"}).value().ids, (IdMap{{{0, 5, 2}}, {{0, 5, 2}}}));
}

TEST(RunUsernsTest, KeepId) {
  const RootlessFacts rootless = {{{{0, 1000, 1}, {1, 100000, 65536}},  //
                                   {{0, 100, 1}, {1, 100000, 65536}}}};
  const ContainerSpec spec = SpecOf({"--userns", "keep-id"}, rootless).value();
  EXPECT_EQ(spec.ids.uids, (IdMapRanges{{0, 1, 1000}, {1000, 0, 1}, {1001, 1001, 64536}}));
  EXPECT_EQ(spec.ids.gids, (IdMapRanges{{0, 1, 100}, {100, 0, 1}, {101, 101, 65436}}));
  EXPECT_EQ(spec.user, "1000:100");
  EXPECT_EQ(SpecOf({"--userns", "keep-id:uid=7,gid=8"}, rootless).value().user, "7:8");
  for (const char* text : {"keep-id:", "keep-id:uid", "keep-id:uid=-1", "keep-id:x=1"}) {
    EXPECT_EQ(MistakeOf({"--userns", text}, rootless),
              absl::StrCat("--userns '", text, "': expected keep-id[:uid=UID,gid=GID]"));
  }
  EXPECT_EQ(MistakeOf({"--userns", "keep-id"}),
            "--userns 'keep-id': root's own id is 0; this is for ordinary users");
}

TEST(RunUsernsTest, Auto) {
  const auto count = [](const std::string& text) {
    return AutoIdsFrom(*ParseFlags(UsernsFlags(), {"--userns", text}, true));
  };
  EXPECT_EQ(count("host").value(), std::nullopt);
  EXPECT_EQ(count("auto").value(), 65536u);
  EXPECT_EQ(count("auto:size=1024").value(), 1024u);
  EXPECT_EQ(count("auto:x").status().message(), "--userns 'auto:x': expected auto[:size=COUNT]");
  EXPECT_TRUE(SpecOf({"--userns", "auto"}).value().namespaces.contains(Namespace::kUser));
  EXPECT_EQ(MistakeOf({"--userns", "auto"}, RootlessFacts{}),
            "--userns 'auto': this is for root; an ordinary user has its ranges anyway");
  EXPECT_EQ(MistakeOf({"--userns", "auto", "--uidmap", "0:1:1"}),
            "--userns 'auto': has its ids already: leave the maps out");
}

TEST(RunUsernsTest, Joins) {
  EXPECT_EQ(SpecOf({"--userns", "ns:/proc/1/ns/user"}).value().joins,
            (NamespaceJoins{{Namespace::kUser, "/proc/1/ns/user"}}));
}

TEST(RunUsernsTest, Mistakes) {
  EXPECT_EQ(MistakeOf({"--uidmap", "0:1:2:3"}),
            "--uidmap '0:1:2:3': expected CONTAINER:HOST[:COUNT], three numbers");
  EXPECT_EQ(MistakeOf({"--gidmap", "0:1:5", "--gidmap", "4:9:1"}),
            "--gidmap '4:9:1': the map has ranges that overlap");
  EXPECT_EQ(MistakeOf({"--userns", "none"}),
            "--userns 'none': expected host, private, auto, keep-id, container:NAME or "
            "ns:/proc/PID/ns/user");
  EXPECT_EQ(MistakeOf({"--userns", "private"}),
            "--userns 'private': needs --uidmap or --subuidname: which ids it is to have");
  EXPECT_EQ(MistakeOf({"--userns", "host", "--uidmap", "0:1:2"}),
            "--userns 'host': has its ids already: leave the maps out");
  EXPECT_EQ(MistakeOf({"--subuidname", "no such name"}),
            "--subuidname 'no such name': /etc/subuid has no range for this name");
  EXPECT_EQ(MistakeOf({"--subuidname", "x", "--uidmap", "0:1:1"}),
            "--subuidname and --uidmap exclude each other");
}

}  // namespace
}  // namespace pelagos::cli
