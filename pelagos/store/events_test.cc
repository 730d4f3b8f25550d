#include "pelagos/store/events.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"

namespace pelagos::store {
namespace {

Roots NewRoots(const std::string& name) {
  Roots roots;
  roots.run = testing::TempDir() + "/" + name + "/run";
  std::filesystem::remove_all(testing::TempDir() + "/" + name);
  return roots;
}

Event Of(EventAction action, const std::string& id = "abc") {
  Event event;
  event.action = action;
  event.id = id;
  event.name = "web";
  event.image = "nginx";
  return event;
}

std::vector<Event> All(EventReader& reader) {
  std::vector<Event> all;
  for (;;) {
    const auto events = reader.Next();
    EXPECT_TRUE(events.ok()) << events.status();
    if (!events.ok() || events->empty()) return all;
    all.insert(all.end(), events->begin(), events->end());
  }
}

TEST(EventTest, EveryActionRoundTrips) {
  for (const absl::string_view name : EventActionNames()) {
    Event event = Of(*FindEventAction(name));
    event.time = "2026-03-01T12:00:00.123456789Z";
    event.detail = "some \"words\"\n";
    event.exit_code = 137;
    event.attributes = {{"time", "now"}, {"a b", "{}"}};
    EXPECT_EQ(EventFromJson(ToJson(event)), event) << name;
    EXPECT_EQ(NameOf(event.action), name);
  }
  EXPECT_EQ(FindEventAction("health_status"), EventAction::kHealthStatus);
  EXPECT_EQ(FindEventAction("exec_die"), EventAction::kExecDie);
  EXPECT_EQ(FindEventAction("dye"), std::nullopt);
}

TEST(EventTest, WhatIsNoEvent) {
  for (const char* line :
       {"", "{", "[]", "{}", R"({"time":"t","type":"image","action":"start","id":"a"})",
        R"({"time":"t","type":"container","action":"startle","id":"a"})",
        R"({"time":1,"type":"container","action":"start","id":"a"})",
        R"({"time":"t","type":"container","action":"start"})"}) {
    EXPECT_EQ(EventFromJson(line), std::nullopt) << line;
  }
}

TEST(EventTest, BytesThatAreNoTextDoNotBreakALine) {
  Event event = Of(EventAction::kStart);
  event.time = "t";
  event.attributes["label"] = "\xff\xfe";
  EXPECT_TRUE(EventFromJson(ToJson(event)).has_value());
}

TEST(EventJournalTest, ReaderFollowsWhatIsAppended) {
  const Roots roots = NewRoots("events_follow");
  EventReader reader(roots);
  EXPECT_TRUE(All(reader).empty());
  ASSERT_TRUE(AppendEvent(roots, Of(EventAction::kCreate)).ok());  // makes the folder
  ASSERT_TRUE(AppendEvent(roots, Of(EventAction::kStart)).ok());
  std::vector<Event> events = All(reader);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].action, EventAction::kCreate);
  EXPECT_EQ(events[1].action, EventAction::kStart);
  EXPECT_LE(events[0].time, events[1].time);
  EXPECT_EQ(events[0].time.size(), 30u);
  EXPECT_TRUE(All(reader).empty());
  ASSERT_TRUE(AppendEvent(roots, Of(EventAction::kDie)).ok());
  EXPECT_EQ(All(reader).size(), 1u);
}

TEST(EventJournalTest, IsBounded) {
  const Roots roots = NewRoots("events_bounded");
  EventReader reader(roots);
  Event event = Of(EventAction::kStart);
  event.attributes["label"] = std::string(30000, 'x');
  std::vector<std::string> seen;
  for (int i = 0; i < 100; ++i) {  // 3 MB
    event.id = absl::StrCat(i);
    ASSERT_TRUE(AppendEvent(roots, event).ok());
    for (const Event& one : All(reader)) seen.push_back(one.id);
  }
  ASSERT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.back(), "99");
  EXPECT_LE(std::filesystem::file_size(EventsFile(roots)), kMostJournal);
  EXPECT_LE(std::filesystem::file_size(EventsFile(roots) + ".1"), kMostJournal);
  EXPECT_FALSE(std::filesystem::exists(EventsFile(roots) + ".2"));
  EventReader late(roots);
  const std::vector<Event> left = All(late);
  EXPECT_GE(left.size(), 34u);  // at least one file's worth
  EXPECT_EQ(left.back().id, "99");
}

TEST(EventJournalTest, TooManyAttributesAreLeftOut) {
  const Roots roots = NewRoots("events_large");
  Event event = Of(EventAction::kExecCreate);
  event.detail = std::string(100000, 'd');
  for (int i = 0; i < 10; ++i) event.attributes[absl::StrCat(i)] = std::string(10000, 'x');
  ASSERT_TRUE(AppendEvent(roots, event).ok());
  EventReader reader(roots);
  const std::vector<Event> events = All(reader);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].attributes.at("attributesLeftOut"), "10");
  EXPECT_EQ(events[0].detail.size(), 1024u);
}

TEST(EventJournalTest, ALineThatWasCutShortCostsOnlyItself) {
  const Roots roots = NewRoots("events_cut");
  ASSERT_TRUE(AppendEvent(roots, Of(EventAction::kCreate)).ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(EventsFile(roots)) + 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(AppendEvent(roots, Of(EventAction::kStart)).ok());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_TRUE(AppendEvent(roots, Of(EventAction::kDie)).ok());
  EventReader reader(roots);
  const std::vector<Event> events = All(reader);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].action, EventAction::kDie);
  EXPECT_EQ(reader.damaged(), 1u);
}

// Many writers, a full journal every now and then: nothing is torn, nothing twice.
TEST(EventJournalTest, WritersDoNotMeet) {
  constexpr int kWriters = 8, kEvents = 120;
  const Roots roots = NewRoots("events_race");
  std::vector<pid_t> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      Event event = Of(EventAction::kStart);
      event.attributes["label"] = std::string(2000, 'x');
      bool ok = true;
      for (int i = 0; i < kEvents; ++i) {
        event.id = absl::StrCat(writer, "-", i);
        ok = AppendEvent(roots, event).ok() && ok;
      }
      ::_exit(ok ? 0 : 1);
    }
    writers.push_back(pid);
  }
  for (const pid_t pid : writers) {
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  EventReader reader(roots);
  std::set<std::string> seen;
  const std::vector<Event> events = All(reader);
  for (const Event& event : events) EXPECT_TRUE(seen.insert(event.id).second) << event.id;
  EXPECT_EQ(reader.damaged(), 0u);
  // 2 MB are written, of which both files hold nearly all.
  EXPECT_GT(events.size(), kWriters * kEvents / 3u);
  EXPECT_TRUE(std::filesystem::exists(EventsFile(roots) + ".1"));
}

}  // namespace
}  // namespace pelagos::store
