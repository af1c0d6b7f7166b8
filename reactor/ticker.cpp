// A function is moved out while it runs, so that it may start or stop its own timer.
#include "reactor/ticker.hpp"

#include <algorithm>
#include <utility>

namespace reactor {

void Ticker::start(Loop& loop, Milliseconds period, std::function<void()> function) {
  loop_ = &loop;
  period_ = std::max(period, Milliseconds(1));
  function_ = std::move(function);
  next_ = loop.now() + static_cast<std::uint64_t>(period_.count());
  loop.arm(*this, period_);
}

void Ticker::on_timer() {
  const std::uint64_t now = loop_->now();
  const auto period = static_cast<std::uint64_t>(period_.count());
  next_ += period;
  if (next_ <= now) next_ = now + period - (now - next_) % period;
  loop_->arm(*this, Milliseconds(next_ - now));
  std::function<void()> function = std::move(function_);
  function();
  if (!function_) function_ = std::move(function);
}

void Deadline::start(Loop& loop, Milliseconds delay, std::function<void()> function) {
  function_ = std::move(function);
  loop.arm(*this, delay);
}

void Deadline::on_timer() {
  const std::function<void()> function = std::move(function_);
  function();
}

}  // namespace reactor
