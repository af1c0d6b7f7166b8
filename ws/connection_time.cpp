// The deadlines of a connection: one timer serves them all, and is set for the nearest one.
#include <algorithm>
#include <cstdint>

#include "ws/connection_extras.hpp"

namespace ws {

void Connection::on_timer() {
  release_context_if_idle();
  const Limits& limits = settings_.limits;
  const auto passed = reactor::Milliseconds(static_cast<std::uint32_t>(loop_.now()) - since_);
  if (state_ == State::kClosing) {
    if (passed >= limits.close_timeout) return cut_off();
    return arm_timer();
  }
  if (is(kUnfinished) && limits.message_timeout.count() > 0 && !stream_->reading_paused() &&
      passed >= limits.message_timeout) {
    const std::string_view reason = "the message did not arrive in time";
    write_close(protocol::kPolicyViolation, reason);
    return finish({.code = protocol::kPolicyViolation, .reason = reason, .by = Closed::By::kUs, .clean = false});
  }
  switch (heartbeat_.check(loop_.now(), limits)) {
    case Heartbeat::Beat::kQuiet: break;
    case Heartbeat::Beat::kPing: ping_peer(); break;
    case Heartbeat::Beat::kNoAnswer:
      if (!is_busy_with_our_bytes()) {
        stream_->close();
        return finish({.reason = "the peer did not answer a ping"});
      }
      heartbeat_.wait_on(loop_.now(), limits);
  }
  arm_timer();
}

void Connection::ping_peer() {
  const reactor::OutputProgress output = stream_->output_progress();
  if (extras_ != nullptr) extras_->ping_backlog.reset();
  if (output.taken != output.written) extras().ping_backlog.emplace(output);
  ping();
  // At once and not at the end of the turn: thousands are pinged in one, and their queues would all be there then.
  stream_->flush();
}

bool Connection::is_busy_with_our_bytes() {
  return extras_ != nullptr && extras_->ping_backlog && extras_->ping_backlog->has_moved(stream_->output_progress());
}

// One timer serves all the deadlines of a connection: it is set for the nearest one.
void Connection::arm_timer() {
  const Limits& limits = settings_.limits;
  const std::uint64_t now = loop_.now();
  const std::uint32_t passed = static_cast<std::uint32_t>(now) - since_;
  std::uint64_t delay = UINT64_MAX;
  const auto consider = [&](reactor::Milliseconds limit) {
    const auto time = static_cast<std::uint64_t>(limit.count());
    if (time > 0) delay = std::min(delay, time > passed ? time - passed : 1);
  };
  if (state_ == State::kClosing) {
    consider(limits.close_timeout);
  } else {
    if (limits.ping_interval.count() > 0) delay = heartbeat_.next_check(now);
    if (extras_ != nullptr && extras_->context_look != UINT64_MAX)
      delay = std::min(delay, extras_->context_look - std::min(now, extras_->context_look));
    if (is(kUnfinished) && !stream_->reading_paused()) consider(limits.message_timeout);
  }
  if (delay == UINT64_MAX) return disarm();
  loop_.arm(*this, reactor::Milliseconds(delay));
}

}  // namespace ws
