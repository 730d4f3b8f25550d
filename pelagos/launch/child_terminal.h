// The container's terminal: a pseudo terminal of its own devpts, opened by descriptors alone. Part
// of child_main.cc and of nothing else; its rules hold here.
#pragma once

#include <asm/ioctls.h>

#include "pelagos/launch/child_rights.h"

namespace pelagos::launch {

class ChildTerminal : protected ChildRights {
 protected:
  using ChildRights::ChildRights;

  // pts(4), ioctl_tty(2). The other side is asked of the master (TIOCGPTPEER), not opened by a path
  // that something could have been put at, and is what /dev/console becomes.
  void OpenTerminal(const ChildOp& op) noexcept {
    const int master = Open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    struct statfs info;
    Must(Call(SYS_fstatfs, master, &info), Part::kTarget);
    if (info.f_type != DEVPTS_SUPER_MAGIC) Die(Part::kTarget, ENODEV);
    const int unlocked = 0;
    Must(Call(SYS_ioctl, master, TIOCSPTLCK, &unlocked));
    terminal_ = Own(static_cast<int>(
        Must(Call(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC))));
    Must(Call(SYS_fchown, terminal_, op.terminal.uid, -1));
    if (plan_.rows != 0) {
      const uint16_t size[] = {plan_.rows, plan_.columns, 0, 0};  // struct winsize
      Must(Call(SYS_ioctl, master, TIOCSWINSZ, size));
    }
    if (op.terminal.console) {
      constexpr uint32_t kConsoleMode = 0620;
      const int console = OpenOrMake("/dev/console", false, kConsoleMode, nullptr);
      const int tree = CloneTree(terminal_, 0);
      Attach(tree, console);
      Close(tree);
      Close(console);
    }
    Must(Call(SYS_ioctl, terminal_, TIOCSCTTY, 0));
    Send(ReportKind::kTerminal, 0, master);
    Close(master);
  }

  int terminal_ = -1;
};

}  // namespace pelagos::launch
