// A closed loop sends when an answer comes; an open loop, BenchPace, sends when a message is due.
#include "ws/app/bench_traffic.hpp"

#include <algorithm>

namespace ws::app {

// ---- Echo

void BenchEcho::start(std::uint64_t now) {
  running_ = true;
  if (paced()) {
    pace_ = BenchPace(options_.rate, now);
    owed_.assign(links_.size(), 0);
    return;
  }
  began_.assign(links_.size() * options_.depth, 0);
  for (const auto& link : links_) push(*link, now);
}

void BenchEcho::send_due(std::uint64_t now) {
  while (running_ && pace_.due(now)) {
    BenchLink& link = *links_[pace_.take() % links_.size()];
    ++owed_[link.index()];
    ++begun_;
    if (!link.is_open()) ++returned_;
    push(link, now);
  }
}

// Sends what this connection may send now. What was due is sent at the end too, late as it is: it belongs to the
// figures.
void BenchEcho::push(BenchLink& link, std::uint64_t now) {
  const bool begun = paced() ? !owed_.empty() : running_;
  if (!begun || !link.is_open()) return;
  const std::uint64_t in_flight = link.sent() - link.received();
  std::uint64_t count = options_.depth - std::min<std::uint64_t>(in_flight, options_.depth);
  if (paced()) count = link.full() ? 0 : std::min(count, owed_[link.index()] - link.sent());
  if (count == 0) return;
  if (!paced()) {
    std::uint64_t* const slots = &began_[link.index() * options_.depth];
    for (std::uint64_t each = 0; each < count; ++each) slots[(link.sent() + each) % options_.depth] = now;
    begun_ += count;
  }
  if (figures.measured(now)) figures.sent += count;
  link.send(count);
}

std::uint64_t BenchEcho::began(const BenchLink& link, std::uint64_t number) const {
  if (paced()) return pace_.time_of(number * links_.size() + link.index());
  return began_[link.index() * options_.depth + number % options_.depth];
}

void BenchEcho::on_arrival(BenchLink& link, std::uint64_t first, std::uint64_t count, std::uint64_t now) {
  for (std::uint64_t number = first; number < first + count; ++number) {
    figures.record(figures.latency, began(link, number), now);
  }
  if (figures.measured(now)) figures.count += count;
  returned_ += count;
  push(link, now);
}

// They count as returned, and go unmeasured.
void BenchEcho::on_skipped(BenchLink&, std::uint64_t, std::uint64_t count) { returned_ += count; }

void BenchEcho::on_gone(BenchLink& link) {
  // Nothing is begun before all connections are there.
  if (begun_ > 0) returned_ += (paced() ? owed_[link.index()] : link.sent()) - link.received();
  BenchDriver::on_gone(link);
}

// ---- Broadcast

void BenchBroadcast::start(std::uint64_t now) {
  running_ = true;
  flights_.assign(options_.depth, {});
  subscribers_ = static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end() - 1, [](const auto& link) { return link->is_open(); }));
  pace_ = BenchPace(std::max<std::uint64_t>(options_.rate, 1), now);
  push(now);
}

void BenchBroadcast::send_due(std::uint64_t now) {
  for (; running_ && pace_.due(now); pace_.take()) ++owed_;
  push(now);
}

void BenchBroadcast::on_room(BenchLink& link) {
  if (&link == &sender()) push(bench_now());
}

std::uint64_t BenchBroadcast::outstanding() const {
  return (paced() && sender().is_open() ? owed_ : sender().sent()) - complete_;
}

void BenchBroadcast::push(std::uint64_t now) {
  BenchLink& link = sender();
  if ((!running_ && !paced()) || !link.is_open() || subscribers_ == 0) return;
  std::uint64_t count = options_.depth - std::min<std::uint64_t>(link.sent() - complete_, options_.depth);
  if (paced()) count = link.full() ? 0 : std::min(count, owed_ - link.sent());
  if (count == 0) return;
  for (std::uint64_t number = link.sent(); number < link.sent() + count; ++number) {
    flight(number) = {.began = paced() ? pace_.time_of(number) : now, .missing = subscribers_};
  }
  if (figures.measured(now)) figures.sent += count;
  link.send(count);
}

void BenchBroadcast::on_arrival(BenchLink& link, std::uint64_t first, std::uint64_t count, std::uint64_t now) {
  if (figures.measured(now)) figures.count += count;
  if (&link == &sender()) return;
  for (std::uint64_t number = first; number < first + count; ++number) {
    figures.record(figures.latency, flight(number).began, now);
  }
  land(first, count, now);
}

void BenchBroadcast::on_skipped(BenchLink& link, std::uint64_t first, std::uint64_t count) {
  if (&link != &sender()) land(first, count, bench_now());
}

// One subscriber has these messages, or will never have them.
void BenchBroadcast::land(std::uint64_t first, std::uint64_t count, std::uint64_t now) {
  const std::uint64_t before = complete_;
  for (std::uint64_t number = first; number < first + count; ++number) {
    Flight& each = flight(number);
    if (--each.missing > 0) continue;
    figures.record(figures.last, each.began, now);
    ++complete_;
  }
  if (complete_ > before) push(now);
}

void BenchBroadcast::on_gone(BenchLink& link) {
  if (&link != &sender() && subscribers_ > 0) {
    --subscribers_;
    land(link.received(), sender().sent() - link.received(), bench_now());
  }
  BenchDriver::on_gone(link);
}

// ---- Handshakes

void BenchHandshakes::start(std::uint64_t) {
  running_ = true;
  cycles_.assign(links_.size(), {});
  for (const auto& link : links_) open(*link);
}

std::uint64_t BenchHandshakes::outstanding() const {
  return static_cast<std::uint64_t>(
      std::count_if(links_.begin(), links_.end(), [](const auto& link) { return !link->is_gone(); }));
}

void BenchHandshakes::open(BenchLink& link) {
  cycles_[link.index()] = {.began = bench_now(), .opened = false};
  link.open();
}

void BenchHandshakes::on_open(BenchLink& link) {
  Cycle& cycle = cycles_[link.index()];
  cycle.opened = true;
  figures.record(figures.latency, cycle.began, bench_now());
  link.close();
}

void BenchHandshakes::on_gone(BenchLink& link) {
  const bool complete = cycles_[link.index()].opened;
  failures_ = complete ? 0 : failures_ + 1;
  if (complete && figures.measured(bench_now())) ++figures.count;
  if (running_ && failures_ < kMostFailures) return open(link);
  BenchDriver::on_gone(link);
}

std::unique_ptr<BenchDriver> make_driver(const BenchOptions& options, BenchLinks& links) {
  switch (options.mode) {
    case BenchMode::kEcho: return std::make_unique<BenchEcho>(options, links);
    case BenchMode::kBroadcast: return std::make_unique<BenchBroadcast>(options, links);
    case BenchMode::kIdle: return std::make_unique<BenchIdle>(options, links);
    case BenchMode::kHandshake: break;
  }
  return std::make_unique<BenchHandshakes>(options, links);
}

}  // namespace ws::app
