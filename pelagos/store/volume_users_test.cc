#include "pelagos/store/volume_users.h"

#include <gtest/gtest.h>

#include "pelagos/store/container.h"
#include "pelagos/store/project.h"
#include "pelagos/store/volume.h"

namespace pelagos::store {
namespace {

ContainerRecord Record(const std::string& name, const std::string& id) {
  ContainerRecord record;
  record.id = id;
  record.created = "2026-01-02T03:04:05.000000000Z";
  record.spec.name = name;
  record.spec.id = id;
  record.spec.image = "busybox";
  record.image.reference = "busybox";
  record.image.digest = "sha256:" + std::string(64, 'a');
  record.image.layers = {"/layers/one"};
  return record;
}

TEST(VolumeUsersTest, ContainersAndProjects) {
  const Roots roots = {testing::TempDir() + "/users/data", testing::TempDir() + "/users/run"};
  EXPECT_TRUE(FindVolumeUsers(roots)->empty());
  for (const char* name : {"db", "free", "shop-db", "old-db"}) {
    const std::string project = name == std::string("shop-db")  ? "shop"
                                : name == std::string("old-db") ? "old"
                                                                : "";
    ASSERT_TRUE(EnsureVolume(roots, name, project, "").ok());
  }
  for (const auto& [name, digit] : {std::pair("web", '1'), std::pair("app", '2')}) {
    ContainerRecord record = Record(name, std::string(64, digit));
    record.spec.mounts =
        MountPlan().Volume("db", "/a"_path).Volume("db", "/b"_path).Tmpfs("/free"_path);
    ASSERT_TRUE(CreateContainer(roots, record).ok());
  }
  ProjectRecord project;
  project.project = "shop";
  ASSERT_TRUE(WriteProject(roots, project).ok());

  const auto users = FindVolumeUsers(roots);
  ASSERT_TRUE(users.ok()) << users.status();
  const std::map<std::string, std::vector<std::string>> expected = {
      {"db", {"container 'web'", "container 'app'"}}, {"shop-db", {"project 'shop'"}}};
  EXPECT_EQ(*users, expected);
}

}  // namespace
}  // namespace pelagos::store
