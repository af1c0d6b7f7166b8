// A look asks in this order: has anything come, is an answer to a ping due, has it been silent long enough for one?
#include "ws/heartbeat.hpp"

#include <algorithm>

namespace ws {

namespace {

constexpr std::uint32_t kLooks = 5;  // in one ping_interval
// Looks at many connections fall on common lines, 64 in an interval, and so wake the loop up together.
constexpr std::uint32_t kGrid = 64;

std::uint32_t milliseconds(reactor::Milliseconds time) { return static_cast<std::uint32_t>(time.count()); }

// Whether `time` has been reached, in numbers that wrap.
bool reached(std::uint32_t now, std::uint32_t time) { return now - time < UINT32_MAX / 2; }

}  // namespace

Heartbeat::Beat Heartbeat::check(std::uint64_t now, const Limits& limits, std::uint32_t progress) {
  const auto time = static_cast<std::uint32_t>(now);
  if (limits.ping_interval.count() == 0 || !reached(time, look_at_)) return Beat::kQuiet;
  const Beat beat = look(time, limits, progress);
  look_again(time, limits);
  return beat;
}

Heartbeat::Beat Heartbeat::look(std::uint32_t now, const Limits& limits, std::uint32_t progress) {
  if (heard_) {
    heard_ = waiting_for_pong_ = false;
    silent_looks_ = 0;
    return Beat::kQuiet;
  }
  if (waiting_for_pong_) {
    if (now - ping_at_ < milliseconds(limits.pong_timeout)) return Beat::kQuiet;
    if (progress == progress_at_ping_) return Beat::kDead;
    waiting_for_pong_ = false;
    silent_looks_ = 0;
    return Beat::kQuiet;
  }
  if (++silent_looks_ + 1 < kLooks) return Beat::kQuiet;
  silent_looks_ = 0;
  ping_at_ = now;
  progress_at_ping_ = progress;
  // With pong_timeout off nobody is ever dead, but the pings still keep proxies from closing a line that seems unused.
  waiting_for_pong_ = limits.pong_timeout.count() > 0;
  return Beat::kPing;
}

void Heartbeat::look_again(std::uint32_t now, const Limits& limits) {
  const std::uint32_t interval = milliseconds(limits.ping_interval);
  const std::uint32_t grid = std::max(1U, interval / kGrid);
  const std::uint32_t step = std::max(1U, interval / kLooks - std::min(interval / kLooks, grid));
  look_at_ = (now + step + grid - 1) / grid * grid;
  const std::uint32_t pong_due = ping_at_ + milliseconds(limits.pong_timeout);
  if (waiting_for_pong_ && reached(look_at_, pong_due)) look_at_ = std::max(pong_due, now + 1);
}

std::uint64_t Heartbeat::next_check(std::uint64_t now) const {
  const auto time = static_cast<std::uint32_t>(now);
  return reached(time, look_at_) ? 0 : look_at_ - time;
}

}  // namespace ws
