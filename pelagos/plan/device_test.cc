#include "pelagos/plan/device.h"

#include <gtest/gtest.h>

#include "pelagos/plan/cgroup.h"

namespace pelagos {
namespace {

struct World {
  ContainerSpec spec;
  ResolvedImage image;
  ResolvedUser user;
  HostFacts facts;

  std::string Errors() const {
    Diagnostics diags;
    rules::DevicesAreUsable({spec, image, user, facts}, diags);
    std::string text;
    for (const Diagnostic& diagnostic : diags.list()) text += diagnostic.message + "\n";
    return text;
  }
};

TEST(DeviceOpsTest, NodesAndTheFoldersAboveThem) {
  World world;
  world.spec.devices = {{"/dev/snd", "/dev/sound", "rw"},
                        {"/dev/sda", "/dev/sda", "r", 0660, 1, std::nullopt}};
  world.facts.devices["/dev/snd"] = {{"/a", false, 116, 2, 0777, 0, 29},
                                     {"/b/c", false, 116, 3, 0600, 0, 0}};
  world.facts.devices["/dev/sda"] = {{"", true, 8, 0, 0600, 0, 6}};
  EXPECT_EQ(world.Errors(), "");
  std::vector<std::string> lines;
  for (const Op& op : DeviceOps(world.spec, world.facts)) lines.push_back(Describe(op));
  EXPECT_EQ(lines,
            (std::vector<std::string>{
                "folder /dev/sound mode 0755", "device 116:2 -> /dev/sound/a mode 0666 owner 0:29",
                "folder /dev/sound/b mode 0755", "device 116:3 -> /dev/sound/b/c mode 0600",
                "block device 8:0 -> /dev/sda mode 0660 owner 1:6"}));
}

TEST(DeviceOpsTest, PrivilegedHasAllThatIsNotThereYet) {
  World world;
  world.facts.all_devices = {
      {"/kmsg", false, 1, 11, 0644, 0, 0},    {"/null", false, 1, 3, 0666, 0, 0},
      {"/ptmx", false, 5, 2, 0666, 0, 0},     {"/sda", true, 8, 0, 0660, 0, 6},
      {"/snd/a", false, 116, 2, 0660, 0, 29}, {"/x", false, 9, 9, 0600, 0, 0}};
  EXPECT_TRUE(DeviceOps(world.spec, world.facts).empty());
  EXPECT_EQ(WithDevices(world.spec, world.facts), world.spec.cgroup);
  world.spec.privileged = true;
  world.spec.devices = {{"/dev/sda", "/dev/sda", "r"}, {"/dev/sda", "/dev/x/y", "r"}};
  world.facts.devices["/dev/sda"] = {{"", true, 8, 0, 0600, 0, 6}};
  const std::vector<Op> ops = DeviceOps(world.spec, world.facts);
  const MakeHostDevices expected = {
      {{"/kmsg", false, 1, 11, 0644, 0, 0}, {"/snd/a", false, 116, 2, 0660, 0, 29}}};
  EXPECT_EQ(std::get<MakeHostDevices>(ops.back()), expected);
  EXPECT_EQ(Describe(ops.back()), "the host's devices -> /dev, 2 of them");
  EXPECT_TRUE(AllowsEveryDevice(WithDevices(world.spec, world.facts)));
  world.facts.in_user_namespace = true;
  for (const Op& op : DeviceOps(world.spec, world.facts)) {
    EXPECT_FALSE(std::holds_alternative<MakeHostDevices>(op));
  }
}

TEST(DeviceRulesTest, Mistakes) {
  World world;
  world.facts.devices["/dev/a"] = {{"", false, 1, 3, 0666, 0, 0}};
  world.spec.devices = {{"/dev/a", "/etc/a", "rwm"}, {"/dev/a", "/dev/null", "rwm"},
                        {"/dev/a", "/dev/x", "rwm"}, {"/dev/a", "/dev//x", "rwm"},
                        {"/dev/b", "/dev/b", "rwm"}, {"/dev/a", "/dev/y", "rx"}};
  EXPECT_EQ(world.Errors(),
            "device '/dev/a' at '/etc/a': the place must be below /dev\n"
            "device '/dev/a' cannot be at '/dev/null': something else is there\n"
            "device '/dev/a' cannot be at '/dev/x': something else is there\n"
            "device '/dev/b' does not exist on the host, or is neither a device nor a folder of "
            "devices\n"
            "device '/dev/a' with 'rx': expected letters of rwm\n");
}

}  // namespace
}  // namespace pelagos
