#include "pelagos/oci/config_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pelagos/oci/config_random.h"

namespace pelagos::oci {
namespace {

using ::testing::HasSubstr;

TEST(ConfigJsonTest, WritingAndReadingGivesTheConfigBack) {
  RandomConfigs random(20261127);
  for (int i = 0; i < 2000; ++i) {
    const Config config = random.Make<Config>();
    const std::string text = WriteConfig(config);
    const auto again = ReadConfig(text);
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
    ASSERT_EQ(*again, config) << text;
    ASSERT_EQ(WriteConfig(*again), text);
  }
}

TEST(ConfigJsonTest, EveryMistakeIsToldByItsPointer) {
  const auto config = ReadConfig(R"({
    "ociVersion": "1.2.0", "hostname": 7,
    "process": {"user": {"uid": -1}, "args": ["sh", 1]},
    "mounts": [{"destination": "/proc"}, {"options": {}}],
    "linux": {"resources": {"pids": {"limit": 1.5}, "unified": {"a/b": 1}}}})");
  EXPECT_EQ(config.status().message(),
            "/mounts/1/destination: is missing\n"
            "/mounts/1/options: must be a list\n"
            "/process/user/uid: must be a whole number from 0 to 4294967295\n"
            "/process/args/1: must be a text\n"
            "/process/cwd: is missing\n"
            "/hostname: must be a text\n"
            "/linux/resources/pids/limit: must be a whole number from -9223372036854775808 to "
            "9223372036854775807\n"
            "/linux/resources/unified/a~1b: must be a text");
}

TEST(ConfigJsonTest, UnknownFieldsAreIgnoredAndNullIsLeftOut) {
  const auto config = ReadConfig(R"({
    "ociVersion": "1.3.0", "x": {"y": 1}, "hooks": null, "windows": {},
    "linux": {"sysctl": null, "netDevices": {"eth1": {"name": "a"}},
              "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"},
              "intelRdt": {"closID": "c", "schemata": ["L3:0=f"], "enableMonitoring": true}}})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->hooks.has_value());
  EXPECT_EQ(config->linux_part->net_devices.at("eth1").name, "a");
  EXPECT_EQ(config->linux_part->memory_policy->mode, "MPOL_BIND");
  EXPECT_TRUE(config->linux_part->intel_rdt->enable_monitoring);
}

TEST(ConfigJsonTest, WhatIsNoDocumentIsSaid) {
  EXPECT_THAT(ReadConfig("{").status().message(), HasSubstr("no JSON"));
  EXPECT_THAT(ReadConfig("[]").status().message(), HasSubstr("/: must be an object"));
  EXPECT_THAT(ReadConfig("{}").status().message(), HasSubstr("/ociVersion: is missing"));
  EXPECT_THAT(ReadConfig(R"({"ociVersion": "a\u0000"})").status().message(),
              HasSubstr("/ociVersion: must be a text without NUL"));
}

TEST(ConfigJsonTest, ProcessesAndLimitsStandAlone) {
  const auto process = ReadProcess(R"({"cwd": "/", "args": ["id"], "user": {"uid": 3, "gid": 4}})");
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(process->user.gid, 4u);
  const auto limits = ReadResources(R"({"memory": {"limit": -1}})");
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_EQ(limits->memory->limit, -1);
  EXPECT_EQ(*ReadResources(WriteResources(*limits)), *limits);
}

}  // namespace
}  // namespace pelagos::oci
