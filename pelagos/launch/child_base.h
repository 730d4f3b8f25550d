// What every part of the child stands on: the plan, and the report when a step fails. Part of
// child_main.cc and of nothing else; its rules hold here.
#pragma once

#include <linux/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "pelagos/launch/child_plan.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {

using sys::Call;
using sys::Result;

class ChildBase {
 public:
  explicit ChildBase(const ChildPlan& plan) noexcept : plan_(plan), channel_(plan.channel) {}

 protected:
  [[noreturn]] void Exit() noexcept {
    (void)Call(SYS_exit_group, 127);
    __builtin_trap();  // a filter forbids it
  }

  // The parent may be gone: whether it hears the report does not matter any more.
  [[noreturn]] void Die(Part part, int error) noexcept {
    const ChildReport report = {ReportKind::kFailed, part, index_, error, item_};
    (void)Call(SYS_write, channel_, &report, sizeof(report));
    Exit();
  }

  long Must(Result result, Part part = Part::kCall) noexcept {
    if (!result.ok()) Die(part, result.err);
    return result.value;
  }

  void Close(int fd) noexcept { (void)Call(SYS_close, fd); }

  // prctl(2), PR_SET_PDEATHSIG: counts only from now on, so look whether the parent is there still.
  // Its pid says nothing in a new pid namespace; the channel does.
  void FollowParentIntoDeath() noexcept {
    if (plan_.outlives_parent) return;
    Must(Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), Part::kParentDeath);
    char byte;
    const Result peek =
        Call(SYS_recvfrom, channel_, &byte, 1, MSG_PEEK | MSG_DONTWAIT, nullptr, nullptr);
    if (peek.ok() && peek.value == 0) Exit();
  }

  // unix(7), SCM_RIGHTS: with a report of its own.
  void Send(ReportKind kind, int32_t value, int fd) noexcept {
    ChildReport report = {kind, Part::kCall, index_, value, 0};
    iovec data = {&report, sizeof(report)};
    alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {};
    cmsghdr* header = reinterpret_cast<cmsghdr*>(control);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(header)) = fd;
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    Must(Call(SYS_sendmsg, channel_, &message, MSG_NOSIGNAL));
  }

  const ChildPlan& plan_;
  int channel_;
  uint32_t index_ = 0;  // of the operation, for the report
  uint32_t item_ = 0;   // within it
};

}  // namespace pelagos::launch
