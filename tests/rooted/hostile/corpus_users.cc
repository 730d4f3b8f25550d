// Who the program is: texts that are no user, and files of users that are none.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases UserCases() {
  constexpr char kGroup[] = "users";
  const std::string outside = kOutside;
  Cases cases;
  // The prober must not find itself to be root.
  const auto add = [&](std::string name, std::string cves, std::string story, std::string user,
                       std::vector<Entry> entries = {}) -> Case& {
    return Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
               std::move(entries), {.command = {"/prober", "uid=" + user}, .user = user});
  };
  const struct {
    const char* name;
    const char* user;
  } texts[] = {{"user-only-colon", ":"},
               {"user-one-colon", "1:"},
               {"user-two-colons", "1:1:1"},
               {"user-minus-one", "-1"},
               {"user-4294967295", "4294967295"},
               {"user-4294967296", "4294967296"},
               {"user-leading-space", " 0"},
               {"user-trailing-space", "0 "},
               {"user-hexadecimal", "0x0"},
               {"user-plus", "+0"},
               {"user-letters", "1a"},
               {"user-group-minus-one", "1:-1"},
               {"user-18446744073709551616", "18446744073709551616"}};
  for (const auto& text : texts) {
    add(text.name, "CVE-2026-30892, CVE-2026-46680", std::string("the user is '") + text.user + "'",
        text.user);
  }
  add("user-1000", "CVE-2026-30892, CVE-2022-27650", "the user is 1000, whose ids hold",
      "1000:1000");
  add("passwd-is-a-link", "CVE-2026-48752", "/etc/passwd is a link to the host's", "mallory",
      {Link("etc/passwd", outside + "/passwd")});
  add("passwd-through-proc", "CVE-2026-48752", "/etc is a link through /proc/1/root", "mallory",
      {Link("etc", "/proc/1/root" + outside)});
  add("libraries-in-the-root", "CVE-2019-14271",
      "what a look-up of users would load (nsswitch.conf, libnss) are fifos", "1000:1000",
      {Fifo("etc/nsswitch.conf"), Fifo("lib/x86_64-linux-gnu/libnss_files.so.2"),
       Fifo("etc/ld.so.cache"), Fifo("usr/lib/gconv/gconv-modules")});
  add("passwd-is-a-fifo", "CVE-2024-9676", "/etc/passwd is a fifo", "mallory",
      {Fifo("etc/passwd")});
  add("passwd-is-a-device", "CVE-2024-9676", "/etc/passwd is /dev/zero", "mallory",
      {Device(Kind::kCharacter, "etc/passwd", 1, 5)});
  add("passwd-is-a-folder", "", "/etc/passwd is a folder", "mallory", {Folder("etc/passwd")});
  add("passwd-is-dev-zero-by-link", "CVE-2024-9676", "/etc/passwd is a link to /dev/zero",
      "mallory", {Link("etc/passwd", "/dev/zero")});
  add("passwd-without-end", "", "a line of 4 MiB without an end", "mallory",
      {File("etc/passwd", "mallory:x:" + std::string(size_t{4} << 20, '0'))});
  add("passwd-with-nul", "CVE-2026-30892", "NUL bytes and a name that ends early", "mallory",
      {File("etc/passwd", std::string("mallory\0:x:0:0::/:\n\0\0", 22))});
  add("passwd-wrong-numbers", "CVE-2026-30892", "ids such as -1, 4294967296, '' and 0x0", "mallory",
      {File("etc/passwd",
            "mallory:x:-1:0::/:\nmallory:x:4294967296:0::/:\nmallory:x::0::/:\n"
            "mallory:x:0x0:0::/:\nmallory:x: 0:0::/:\nmallory:x:4294967295:0::/:\n")});
  add("passwd-names-a-number", "CVE-2026-46680", "the name '1000' has the id 0 in /etc/passwd",
      "1001", {File("etc/passwd", "1000:x:0:0::/:\n")});
  add("group-is-a-link", "CVE-2026-48752", "/etc/group is a link to the host's", "1000:mallory",
      {Link("etc/group", outside + "/group")});
  cases.push_back({.name = "home-is-the-host",
                   .group = kGroup,
                   .cves = "CVE-2026-55686",
                   .story = "the user's home is a link to the host, with '..'",
                   .root = {File("etc/passwd", "root:x:0:0::/../.." + outside + "/empty:/\n")}});
  Case& image = add("image-user-in-the-host", "CVE-2026-48752",
                    "an image's user stands only in the host's passwd", "mallory",
                    {Link("etc", outside + "/etc")});
  image.image = Image{};
  return cases;
}

}  // namespace pelagos::hostile
