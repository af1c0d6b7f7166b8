// A look asks in this order: has anything come, is an answer to a ping due, has it been silent long enough for one?
#include "ws/heartbeat.hpp"

#include <algorithm>
#include <utility>

namespace ws {

namespace {

constexpr std::uint32_t kLooks = 5;  // in one ping_interval
// Looks at many connections fall on common lines, so many between two looks, and so wake the loop up together.
constexpr std::uint32_t kLines = 13;

std::uint32_t milliseconds(reactor::Milliseconds time) { return static_cast<std::uint32_t>(time.count()); }

// Whether `time` (or a count) has been reached, in numbers that wrap.
bool reached(std::uint32_t now, std::uint32_t time) { return now - time < UINT32_MAX / 2; }

}  // namespace

Heartbeat::Beat Heartbeat::check(std::uint64_t now, const Limits& limits) {
  const auto time = static_cast<std::uint32_t>(now);
  if (limits.ping_interval.count() == 0 || !reached(time, look_at_)) return Beat::kQuiet;
  const Beat beat = look(time, limits);
  look_again(time, limits);
  return beat;
}

Heartbeat::Beat Heartbeat::look(std::uint32_t now, const Limits& limits) {
  if (heard_) {
    heard_ = waiting_for_pong_ = false;
    silent_looks_ = 0;
    return Beat::kQuiet;
  }
  if (waiting_for_pong_) return now - ping_at_ < milliseconds(limits.pong_timeout) ? Beat::kQuiet : Beat::kNoAnswer;
  if (++silent_looks_ < kLooks - 1) return Beat::kQuiet;
  silent_looks_ = 0;
  ping_at_ = now;
  // With pong_timeout off nobody is ever dead, but the pings still keep proxies from closing a line that seems unused.
  waiting_for_pong_ = limits.pong_timeout.count() > 0;
  return Beat::kPing;
}

void Heartbeat::wait_on(std::uint64_t now, const Limits& limits) {
  ping_at_ = static_cast<std::uint32_t>(now);
  look_again(ping_at_, limits);
}

// All looks are one step apart, so that five of them are never longer than the interval.
void Heartbeat::look_again(std::uint32_t now, const Limits& limits) {
  const std::uint32_t fifth = std::max(1U, milliseconds(limits.ping_interval) / kLooks);
  const std::uint32_t grid = std::max(1U, fifth / kLines);
  const std::uint32_t step = fifth / grid * grid;
  // A look that was a little late does not delay those after it.
  const std::uint32_t from = now - look_at_ < step ? look_at_ : now;
  look_at_ = (from + step) / grid * grid;
  const std::uint32_t pong_due = ping_at_ + milliseconds(limits.pong_timeout);
  if (waiting_for_pong_ && reached(look_at_, pong_due)) look_at_ = reached(now + 1, pong_due) ? now + 1 : pong_due;
}

std::uint64_t Heartbeat::next_check(std::uint64_t now) const {
  const auto time = static_cast<std::uint32_t>(now);
  return reached(time, look_at_) ? 0 : look_at_ - time;
}

bool PingBacklog::has_moved(const reactor::OutputProgress& now) {
  const std::uint32_t taken_before = std::exchange(taken_, now.taken);
  const bool ping_had_to_wait = !reached(taken_before, behind_);
  return ping_had_to_wait && taken_ != taken_before;
}

}  // namespace ws
