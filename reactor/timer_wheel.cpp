// The wheel's arithmetic. Invariant: a timer on level L shares with now_ every base-64 digit above L and has a
// larger digit L. So the lowest level that is not empty holds the timers that are due first.
#include "reactor/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace reactor {

namespace {

void make_empty(TimerLink& list) { list.next = list.previous = &list; }
bool is_empty(const TimerLink& list) { return list.next == &list; }

void unlink(TimerLink& link) {
  link.next->previous = link.previous;
  link.previous->next = link.next;
  link.next = link.previous = nullptr;
}

void append(TimerLink& list, TimerLink& link) {
  link.previous = list.previous;
  link.next = &list;
  list.previous->next = &link;
  list.previous = &link;
}

// Moves everything in `from` into the empty list `to`.
void take_all(TimerLink& to, TimerLink& from) {
  make_empty(to);
  if (is_empty(from)) return;
  to.next = from.next;
  to.previous = from.previous;
  to.next->previous = to.previous->next = &to;
  make_empty(from);
}

}  // namespace

void Timer::disarm() {
  if (armed()) unlink(*this);
}

TimerWheel::TimerWheel() {
  for (auto& level : slots_) std::for_each(level.begin(), level.end(), make_empty);
}

TimerWheel::~TimerWheel() {
  // A timer may outlive the wheel; it must not reach back into it.
  for (auto& level : slots_) {
    for (auto& slot : level) {
      while (!is_empty(slot)) unlink(*slot.next);
    }
  }
}

void TimerWheel::arm(Timer& timer, std::uint64_t due) {
  timer.disarm();
  timer.due_ = std::clamp(due, now_ + 1, kEndOfTime);
  insert(timer);
  changed_ = true;
}

void TimerWheel::insert(Timer& timer) {
  const auto level = static_cast<std::size_t>(std::bit_width(timer.due_ ^ now_) - 1) / kDigitBits;
  const std::size_t slot = (timer.due_ >> (level * kDigitBits)) % kSlots;
  append(slots_[level][slot], timer);
  occupied_[level] |= std::uint64_t{1} << slot;
}

std::optional<TimerWheel::Position> TimerWheel::next_slot() {
  for (std::size_t level = 0; level < kLevels; ++level) {
    while (occupied_[level] != 0) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(occupied_[level]));
      if (is_empty(slots_[level][slot])) {
        occupied_[level] &= occupied_[level] - 1;  // all its timers were disarmed meanwhile
        continue;
      }
      const std::uint64_t above = now_ >> ((level + 1) * kDigitBits) << kDigitBits;
      return Position{.level = level, .slot = slot, .start = (above | slot) << (level * kDigitBits)};
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> TimerWheel::next_due() {
  const auto next = next_slot();
  return next ? std::optional(std::max(next->start, now_ + 1)) : std::nullopt;
}

bool TimerWheel::take_changed() { return std::exchange(changed_, false); }

void TimerWheel::advance(std::uint64_t now) {
  for (auto next = next_slot(); next && next->start <= now; next = next_slot()) {
    now_ = std::max(now_, next->start);
    TimerLink due;
    take_all(due, slots_[next->level][next->slot]);
    occupied_[next->level] &= ~(std::uint64_t{1} << next->slot);
    fire(due);
  }
  now_ = std::max(now_, now);
  changed_ = true;
}

void TimerWheel::fire(TimerLink& list) {
  // Timers are taken off one by one because a callback may disarm or destroy any other in the list.
  while (!is_empty(list)) {
    auto& timer = static_cast<Timer&>(*list.next);
    unlink(timer);
    if (timer.due_ > now_) {
      insert(timer);
    } else {
      timer.on_timer();
    }
  }
}

}  // namespace reactor
