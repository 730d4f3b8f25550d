// What every part of the child stands on: the plan, and the report when a step fails. Part of
// child_main.cc and of nothing else; its rules hold here.
#pragma once

#include <errno.h>
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

  // Closing costs a call, leaving open a number: many are closed at once, between two steps.
  void Close(int) noexcept { ++loose_; }
  // For steps that open more than a few.
  void CloseNow(int fd) noexcept { (void)Call(SYS_close, fd); }

  // Keeps `fd` for later steps.
  int Own(int fd) noexcept {
    if (own_count_ == kMostOwn) Die(Part::kDescriptors, EMFILE);
    return own_[own_count_++] = fd;
  }
  void Disown(int fd) noexcept {
    for (int i = 0; i < own_count_; ++i) {
      if (own_[i] == fd) own_[i] = own_[--own_count_];
    }
    Close(fd);
  }

  // Closes all that is neither the plan's nor owned.
  void CloseOthers() noexcept {
    unsigned next = kFirst;
    for (size_t i = 0; i < plan_.keep_count; ++i) {
      const unsigned kept = static_cast<unsigned>(plan_.keep[i]);
      if (kept > next) CloseRange(next, kept - 1);
      next = kept + 1;
    }
    CloseRange(next, ~0u);
    loose_ = 0;
  }
  void SweepIfMany() noexcept {
    constexpr int kMany = 64;
    if (loose_ >= kMany) CloseOthers();
  }

  // prctl(2), PR_SET_PDEATHSIG: counts only from now on. A parent that is gone already does not
  // take the report before execve.
  void DieWithParent() noexcept {
    if (plan_.outlives_parent) return;
    Must(Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), Part::kParentDeath);
  }

  // The same after that report may have been sent. The parent's pid says nothing in a new pid
  // namespace; the channel does.
  void FollowParentIntoDeath() noexcept {
    DieWithParent();
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

  static constexpr unsigned kFirst = 3;  // above the standard streams

  const ChildPlan& plan_;
  int channel_;
  uint32_t index_ = 0;  // of the operation, for the report
  uint32_t item_ = 0;   // within it

 private:
  static constexpr int kMostOwn = 16;

  // close_range(2), around what is owned.
  void CloseRange(unsigned first, unsigned last) noexcept {
    for (;;) {
      unsigned stop = last;
      bool owned = false;
      for (int i = 0; i < own_count_; ++i) {
        const unsigned own = static_cast<unsigned>(own_[i]);
        if (own < first || own > stop) continue;
        stop = own;
        owned = true;
      }
      if (!owned) break;
      if (stop > first) {
        Must(Call(SYS_close_range, first, stop - 1, 0), Part::kDescriptors);
      }
      if (stop == last) return;
      first = stop + 1;
    }
    Must(Call(SYS_close_range, first, last, 0), Part::kDescriptors);
  }

  int own_[kMostOwn] = {};
  int own_count_ = 0;
  int loose_ = 0;
};

}  // namespace pelagos::launch
