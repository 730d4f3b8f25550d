#include "pelagos/store/project.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/status/status.h"

namespace pelagos::store {
namespace {

Roots NewRoots(const std::string& name) {
  return {testing::TempDir() + "/" + name + "/data", testing::TempDir() + "/" + name + "/run"};
}

ProjectRecord Sample() {
  ProjectRecord record;
  record.project = "shop";
  record.file = "/srv/shop/compose.reml";
  ServiceSpec db;
  db.name = "db";
  db.container.name = "shop-db";
  db.container.image = "redis";
  db.container.env = {{"KEY", "va\"lue\xff"}};
  record.spec.services = {db};
  record.spec.networks = {{"front", "10.5.0.0/24", {}}};
  record.order = {"db"};
  record.supervisor = {42, 1234567890123};
  record.up = true;
  ServiceRecord row;
  row.service = "db";
  row.container = "shop-db";
  row.image = "redis";
  row.state = ServiceState::kExited;
  row.init = {43, 99};
  row.exit_code = 137;
  row.started_at = "2026-01-01T00:00:00Z";
  row.addresses = {"10.5.0.2"};
  record.services = {row};
  return record;
}

TEST(ProjectTest, RoundTrip) {
  const Roots roots = NewRoots("round");
  EXPECT_TRUE(absl::IsNotFound(ReadProject(roots, "shop").status()));
  EXPECT_TRUE(ListProjects(roots)->empty());
  ASSERT_TRUE(WriteProject(roots, Sample()).ok());
  const auto read = ReadProject(roots, "shop");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->file, "/srv/shop/compose.reml");
  EXPECT_EQ(read->supervisor, (sys::ProcessIdentity{42, 1234567890123}));
  EXPECT_TRUE(read->up);
  ASSERT_EQ(read->services.size(), 1u);
  EXPECT_EQ(read->services[0].state, ServiceState::kExited);
  EXPECT_EQ(read->services[0].exit_code, 137);
  EXPECT_EQ(read->services[0].addresses, std::vector<std::string>{"10.5.0.2"});
  EXPECT_EQ(read->spec.networks, Sample().spec.networks);
  EXPECT_EQ(read->spec.services[0].container.image, "redis");
  EXPECT_EQ(*ListProjects(roots), std::vector<std::string>{"shop"});
  ASSERT_TRUE(RemoveProject(roots, "shop").ok());
  EXPECT_TRUE(ListProjects(roots)->empty());
}

TEST(ProjectTest, DamageIsSaidNotThrown) {
  const Roots roots = NewRoots("damage");
  ASSERT_TRUE(WriteProject(roots, Sample()).ok());
  const std::string file = roots.Project("shop") + "/project.json";
  for (const char* text : {"", "{", "[]", "{\"version\":1}", "{\"version\":1,\"project\":5}"}) {
    FILE* out = fopen(file.c_str(), "w");
    ASSERT_NE(out, nullptr);
    fputs(text, out);
    fclose(out);
    const auto read = ReadProject(roots, "shop");
    EXPECT_FALSE(read.ok()) << text;
    EXPECT_NE(read.status().message().find("project.json"), absl::string_view::npos) << text;
  }
}

TEST(ProjectLockTest, OneHolderAndNoFileLeft) {
  const Roots roots = NewRoots("lock");
  auto lock = TryLockProject(roots, "shop");
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_TRUE(absl::IsUnavailable(TryLockProject(roots, "shop").status()));
  EXPECT_TRUE(TryLockProject(roots, "other").ok());
  // The holder takes the file away: the next one locks a new file at once.
  ASSERT_TRUE(RemoveProjectLock(roots, "shop").ok());
  EXPECT_NE(::access(roots.ProjectLock("shop").c_str(), F_OK), 0);
  auto next = TryLockProject(roots, "shop");
  ASSERT_TRUE(next.ok());
  lock->reset();
  EXPECT_TRUE(absl::IsUnavailable(TryLockProject(roots, "shop").status()));
}

}  // namespace
}  // namespace pelagos::store
