// Images: what their layers unpack to, and what their configs ask for.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases ImageCases() {
  constexpr char kGroup[] = "images";
  const std::string outside = kOutside;
  const std::string up = "../../../../../../../../../../../..";
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story,
                       std::vector<std::vector<TarMember>> layers,
                       std::vector<Entry> entries = {}) -> Case& {
    Case one;
    one.name = std::move(name);
    one.group = kGroup;
    one.cves = std::move(cves);
    one.story = std::move(story);
    one.root = std::move(entries);
    one.image = Image{std::move(layers)};
    cases.push_back(std::move(one));
    return cases.back();
  };
  const std::string relative = outside.substr(0);
  add("member-with-dots", "CVE-2018-15664, CVE-2019-10152", "a member's name holds '..'",
      {{{"../hostile-outside/target", '0', "changed"}}});
  add("member-absolute", "CVE-2018-15664", "a member's name is absolute",
      {{{outside + "/target", '0', "changed"}}})
      .look = {};
  add("member-through-a-link", "CVE-2018-15664, CVE-2019-10152",
      "a member below a link of its layer",
      {{{"out", '2', "", outside}, {"out/target", '0', "changed"}}});
  add("member-through-a-lower-link", "CVE-2018-15664", "a member below a link of the layer below",
      {{{"out/target", '0', "changed"}}}, {Link("out", outside)});
  add("hard-link-to-the-host", "CVE-2018-15664, CVE-2026-48769",
      "a hard link to a file of the host", {{{"stolen", '1', "", outside + "/secret"}}})
      .look = {"/stolen"};
  add("hard-link-through-a-link", "CVE-2018-15664", "a hard link by way of a link",
      {{{"out", '2', "", outside}, {"stolen", '1', "", "out/secret"}}})
      .look = {"/stolen"};
  add("hard-link-with-dots", "CVE-2026-48769", "a hard link by '..'",
      {{{"stolen", '1', "", up + outside + "/secret"}}})
      .look = {"/stolen"};
  add("whiteout-of-the-host", "CVE-2018-15664", "whiteouts that name '..' and go through a link",
      {{{"out", '2', "", outside}, {"out/.wh.target", '0'}, {".wh...", '0'}, {".wh..", '0'}}});
  add("opaque-through-a-link", "CVE-2018-15664", "an opaque mark in a folder that is a link",
      {{{"out", '2', "", outside}}, {{"out/.wh..wh..opq", '0'}}});
  add("layer-with-devices", "", "a layer with nodes of the host's disk and memory",
      {{{".mem", '3', "", "", 0666, 1, 1},
        {".kmsg", '3', "", "", 0666, 1, 11},
        {"disk", '4', "", "", 0666, 8, 0}}});
  add("layer-with-set-user-id", "CVE-2026-33711", "a set-user-id program for another user",
      {{{"suid", '0', "#!/prober\n", "", 06755}}})
      .ask.user = "1000";
  add("layer-cut-off", "CVE-2021-20291", "a compressed layer that ends early", {{{"f", '0', "x"}}})
      .image->truncated = true;
  add("layer-lies-about-folders", "CVE-2026-48749", "a folder, then a link of its name, then below",
      {{{"d", '5'}, {"d", '2', "", outside}, {"d/target", '0', "changed"}}});
  add("root-member-is-a-link", "CVE-2026-48749", "the layer's root itself is a link",
      {{{"./", '2', "", outside}, {"target", '0', "changed"}}});
  add("files-for-the-runtime", "CVE-2025-24965, CVE-2026-48750, CVE-2026-48752",
      "names that runtimes read or write in a root are links to the host", {},
      {Link(".krun_config.json", outside + "/target"), Link("exec-output", outside + "/empty"),
       Link("templates", outside), Link(".dockerenv", outside + "/target"),
       Link("run/.containerenv", outside + "/target"), Link("metadata.yaml", outside + "/target")});
  add("system-folders-are-links", "CVE-2026-41579, CVE-2026-48752",
      "dev, etc, proc, sys, run of the image are links", {},
      {Link("dev", outside + "/dev"), Link("etc", outside + "/etc"),
       Link("proc", outside + "/proc"), Link("sys", up + outside + "/sys"),
       Link("run", "/proc/1/root" + outside)});
  Case& env = add("env-without-a-value", "CVE-2026-57231",
                  "an image's Env names a variable of the caller's without a value", {});
  env.ask.env = {"HOSTILE_SECRET", "=", "="};
  Case& workdir = add("image-workdir-to-the-host", "CVE-2026-55686",
                      "WorkingDir is a link to the host", {}, {Link("work", outside + "/empty")});
  workdir.ask.workdir = "/work/made";
  Case& entry =
      add("image-entrypoint-is-the-runtime", "CVE-2019-5736",
          "the entry point is a link to /proc/self/exe", {}, {Link("entry", "/proc/self/exe")});
  entry.ask.command = {"/entry", "--help"};
  entry.without_prober = true;
  return cases;
}

}  // namespace pelagos::hostile
