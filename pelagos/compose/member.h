// One service of a running stack: its container, its output, its way to being ready.
//
// Owned by the Supervisor, which moves it from state to state.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/compose/listener.h"
#include "pelagos/container/engine.h"
#include "pelagos/plan/compose_plan.h"
#include "pelagos/store/log.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::compose {

// Why a member is not ready yet.
struct Readiness {
  bool ready = false;
  bool overdue = false;   // its time is up: a failure if `required`, else good enough
  bool required = false;  // others depend on the port
  uint16_t port = 0;
  Listening listening = Listening::kNot;
};

class Member {
 public:
  enum class State : uint8_t { kWaiting, kRunning, kReady, kExited };

  // How long a port that others depend on may take, and a port that is only published.
  static constexpr absl::Duration kRequiredPortTimeout = absl::Seconds(60);
  static constexpr absl::Duration kPublishedPortTimeout = absl::Seconds(5);

  // `required` are the ports that others wait for.
  Member(const ServicePlan& plan, std::vector<uint16_t> required)
      : plan_(plan), required_(std::move(required)) {}

  const std::string& name() const { return plan_.name; }
  const ServicePlan& plan() const { return plan_; }
  const std::string& id() const { return plan_.launch.id; }
  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  bool running() const { return state_ == State::kRunning || state_ == State::kReady; }
  bool was_ready() const { return was_ready_; }
  void set_was_ready() { was_ready_ = true; }
  bool stopping() const { return stopping_; }
  void set_stopping() { stopping_ = true; }

  // Starts the container; its output goes to the log from then on. `on_exit` is called once, after
  // the last of the output.
  absl::Status Start(container::Engine& engine, sys::EventLoop& loop,
                     std::function<void()> on_exit);

  // Looks at its ports, without waiting.
  Readiness CheckReady() const;

  // Whether anything was seen that says the program works: a listening port.
  bool has_ports() const { return !required_.empty() || !plan_.launch.net.ports.empty(); }
  bool has_required_ports() const { return !required_.empty(); }
  absl::Time started_at() const { return started_at_; }
  const container::Started& started() const { return *started_; }

  // 0..255; after on_exit.
  int exit_code() const { return exit_code_; }

  absl::Status Signal(int signal);

  // Takes in what lies in the pipes now.
  void DrainOutput();

  std::string LogFile(const store::Roots& roots) const { return roots.Container(id()) + "/log"; }

 private:
  void Relay(sys::EventLoop& loop, Fd& pipe, store::Stream stream);
  bool ReadSome(Fd& pipe, store::Stream stream);

  const ServicePlan& plan_;
  std::vector<uint16_t> required_;
  State state_ = State::kWaiting;
  bool was_ready_ = false;  // once ready, it counts for its dependents also when it has exited
  bool stopping_ = false;   // was asked to stop
  std::optional<container::Started> started_;
  std::optional<store::LogWriter> log_;
  Fd out_, err_;
  absl::Time started_at_;
  int exit_code_ = 0;
};

}  // namespace pelagos::compose
