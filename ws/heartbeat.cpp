// The two questions in order: was the last ping answered by anything, and has it been silent long enough for the next?
#include "ws/heartbeat.hpp"

#include <algorithm>

namespace ws {

namespace {

std::uint32_t milliseconds(reactor::Milliseconds time) { return static_cast<std::uint32_t>(time.count()); }

}  // namespace

Heartbeat::Beat Heartbeat::check(std::uint64_t now, const Limits& limits, std::uint32_t progress) {
  if (limits.ping_interval.count() == 0) return Beat::kQuiet;
  const auto time = static_cast<std::uint32_t>(now);
  if (waiting_for_pong_) {
    const bool silent_since_ping = time - heard_at_ >= time - ping_at_;
    if (!silent_since_ping) {
      waiting_for_pong_ = false;
    } else if (limits.pong_timeout.count() > 0 && time - ping_at_ >= milliseconds(limits.pong_timeout)) {
      if (progress == progress_at_ping_) return Beat::kDead;
      waiting_for_pong_ = false;
      heard_at_ = time;
    }
  }
  if (waiting_for_pong_ || time - heard_at_ < milliseconds(limits.ping_interval)) return Beat::kQuiet;
  // Without a time limit for the answer each interval has its ping, which alone keeps a proxy from closing the line.
  waiting_for_pong_ = limits.pong_timeout.count() > 0;
  ping_at_ = time;
  progress_at_ping_ = progress;
  if (!waiting_for_pong_) heard_at_ = time;
  return Beat::kPing;
}

std::uint64_t Heartbeat::next_check(std::uint64_t now, const Limits& limits) const {
  const auto time = static_cast<std::uint32_t>(now);
  const bool silent_since_ping = time - heard_at_ >= time - ping_at_;
  const std::uint32_t since = waiting_for_pong_ && silent_since_ping ? ping_at_ : heard_at_;
  const std::uint32_t limit = milliseconds(since == ping_at_ && waiting_for_pong_ ? limits.pong_timeout : limits.ping_interval);
  const std::uint32_t passed = time - since;
  return passed >= limit ? 0 : limit - passed;
}

}  // namespace ws
