#include "pelagos/plan/device.h"

#include <gtest/gtest.h>

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
