#include "pelagos/spec/cdi.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pelagos {
namespace {

constexpr char kGpu[] = R"({
  "cdiVersion": "0.6.0", "kind": "vendor.com/gpu",
  "devices": [
    {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/gpu0", "permissions": "rw"}]}},
    {"name": "1", "containerEdits": {"deviceNodes": [
       {"path": "/dev/gpu1", "hostPath": "/dev/vendor/gpu1", "fileMode": 432, "gid": 44}]}}],
  "containerEdits": {"env": ["GPU=on"], "additionalGids": [0, 44],
    "mounts": [{"hostPath": "/usr/lib/gpu.so", "containerPath": "/lib/gpu.so",
                "options": ["ro", "nosuid", "nodev", "bind"]}]}})";

std::string Error(const std::vector<CdiFile>& files, const std::vector<std::string>& names) {
  ContainerSpec spec;
  return std::string(ApplyCdi(files, names, spec).message());
}

TEST(CdiTest, Names) {
  EXPECT_TRUE(IsCdiName("vendor.com/gpu=0"));
  EXPECT_TRUE(IsCdiName("vendor.com/gpu=all:1"));
  for (const char* wrong : {"", "/dev/x", "/dev/a=b", "vendor/gpu", "vendor/=0", "vendor/gpu="}) {
    EXPECT_FALSE(IsCdiName(wrong)) << wrong;
  }
}

TEST(CdiTest, EditsOfTheFileCountOnce) {
  ContainerSpec spec;
  ASSERT_TRUE(ApplyCdi({{"/etc/cdi/gpu.json", kGpu, 0}},
                       {"vendor.com/gpu=0", "vendor.com/gpu=1", "vendor.com/gpu=0"}, spec)
                  .ok());
  EXPECT_EQ(spec.env, (std::vector<EnvVariable>{{"GPU", "on"}}));
  EXPECT_EQ(spec.groups, (std::vector<std::string>{"44"}));
  ASSERT_EQ(spec.mounts.mounts().size(), 1u);
  EXPECT_TRUE(spec.mounts.mounts()[0].read_only);
  EXPECT_EQ(spec.mounts.mounts()[0].options.recursion, BindRecursion::kDisabled);
  EXPECT_EQ(spec.devices,
            (std::vector<Device>{{"/dev/gpu0", "/dev/gpu0", "rw"},
                                 {"/dev/vendor/gpu1", "/dev/gpu1", "rwm", 0660, {}, 44}}));
}

TEST(CdiTest, ConflictsAndUnknownNames) {
  EXPECT_EQ(Error({{"/etc/cdi/a.json", kGpu, 0}, {"/etc/cdi/b.json", kGpu, 0}}, {}),
            "CDI file '/etc/cdi/b.json': device 'vendor.com/gpu=0' is in '/etc/cdi/a.json' too");
  EXPECT_EQ(Error({{"/etc/cdi/a.json", kGpu, 0}, {"/var/run/cdi/b.json", kGpu, 1}}, {}), "");
  EXPECT_EQ(Error({{"/etc/cdi/a.json", kGpu, 0}}, {"vendor.com/gpu=2"}),
            "there is no CDI device 'vendor.com/gpu=2'; there are vendor.com/gpu=0, "
            "vendor.com/gpu=1");
  EXPECT_EQ(Error({}, {"vendor.com/gpu=2"}),
            "there is no CDI device 'vendor.com/gpu=2'; no file in /etc/cdi or /var/run/cdi "
            "describes any");
}

TEST(CdiTest, WhatIsNotDoneIsNotSkipped) {
  const auto with = [](const std::string& edits) {
    return Error({{"f",
                   absl::StrCat(R"({"cdiVersion":"0.5.0","kind":"v.com/c","devices":[)",
                                R"({"name":"x","containerEdits":)", edits, "}]}"),
                   0}},
                 {});
  };
  EXPECT_EQ(with(R"({"hooks":[{"hookName":"createContainer","path":"/x"}]})"),
            "CDI file 'f': containerEdits has 'hooks', which is not supported");
  EXPECT_EQ(with(R"({"env":["x"]})"), "CDI file 'f': env 'x' must be KEY=VALUE");
  EXPECT_EQ(with(R"({"mounts":[{"hostPath":"/a","containerPath":"/b","options":["loud"]}]})"),
            "CDI file 'f': the mount option 'loud' is not known");
  EXPECT_EQ(Error({{"f", R"({"cdiVersion":"9.0.0"})", 0}}, {}),
            "CDI file 'f': cdiVersion '9.0.0' is not one of 0.3.0 to 0.8.0");
  EXPECT_EQ(Error({{"f", "x", 0}}, {}), "CDI file 'f': the text is no JSON");
}

}  // namespace
}  // namespace pelagos
