// What a turn of the loop does besides messages: 100,000 timers in the wheel, against the ordered map that one would
// take otherwise, and a publish to subscribers that only count.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "bench/micro/micro.hpp"
#include "reactor/timer_wheel.hpp"
#include "ws/hub.hpp"
#include "ws/publication.hpp"

namespace {

constexpr std::size_t kTimers = 100'000;
constexpr std::uint64_t kInterval = 25'000;  // milliseconds, as heartbeats have

class Beat final : public reactor::Timer {
 private:
  void on_timer() override {}
};

std::vector<std::uint64_t> deadlines() {
  std::mt19937 random(1);
  std::vector<std::uint64_t> due(kTimers);
  for (std::uint64_t& one : due) one = 1 + random() % kInterval;
  return due;
}

// A heartbeat that is moved on because something was heard.
void timer_moved(benchmark::State& state) {
  reactor::TimerWheel wheel;
  std::vector<Beat> beats(kTimers);
  const std::vector<std::uint64_t> due = deadlines();
  for (std::size_t i = 0; i < kTimers; ++i) wheel.arm(beats[i], due[i]);
  std::size_t next = 0;
  for (auto _ : state) {
    wheel.arm(beats[next], due[kTimers - 1 - next]);
    next = (next + 7919) % kTimers;
  }
  micro::count_items(state);
}
BENCHMARK(timer_moved);

void timer_moved_is_multimap(benchmark::State& state) {
  std::multimap<std::uint64_t, std::size_t> map;
  std::vector<std::multimap<std::uint64_t, std::size_t>::iterator> places;
  const std::vector<std::uint64_t> due = deadlines();
  for (std::size_t i = 0; i < kTimers; ++i) places.push_back(map.emplace(due[i], i));
  std::size_t next = 0;
  for (auto _ : state) {
    map.erase(places[next]);
    places[next] = map.emplace(due[kTimers - 1 - next], next);
    next = (next + 7919) % kTimers;
  }
  micro::count_items(state);
}
BENCHMARK(timer_moved_is_multimap);

// Armed, moved down the levels, and fired, for each timer.
void timer_fired(benchmark::State& state) {
  reactor::TimerWheel wheel;
  std::vector<Beat> beats(kTimers);
  const std::vector<std::uint64_t> due = deadlines();
  for (auto _ : state) {
    const std::uint64_t begin = wheel.now();
    for (std::size_t i = 0; i < kTimers; ++i) wheel.arm(beats[i], begin + due[i]);
    for (std::uint64_t tick = 10; tick <= kInterval + 10; tick += 10) wheel.advance(begin + tick);
  }
  micro::count_items(state, kTimers);
}
BENCHMARK(timer_fired)->Unit(benchmark::kMillisecond);

class Counting final : public ws::Subscriber {
 public:
  ~Counting() override { leave_all(); }
  std::size_t size_of(const ws::Publication& publication) const override { return publication.frame().size(); }
  Taken take(const ws::Publication& publication, Tag, std::size_t) override {
    frame_ = publication.frame();  // as a queue would keep it
    return Taken::kYes;
  }
  std::size_t drop(Tag, std::size_t) override { return 0; }
  void cut_off() override {}

 private:
  reactor::SharedBytes frame_;
};

void publish(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  ws::Hub hub;
  std::vector<std::unique_ptr<Counting>> subscribers;
  for (std::size_t i = 0; i < count; ++i) {
    subscribers.push_back(std::make_unique<Counting>());
    hub.subscribe(*subscribers.back(), "news");
  }
  const micro::Bytes payload(static_cast<std::size_t>(state.range(1)), 'x');
  const ws::Subscriber* const nobody = nullptr;
  for (auto _ : state) {
    benchmark::DoNotOptimize(hub.publish("news", ws::Publication(ws::MessageType::kBinary, payload), nobody));
  }
  micro::count_items(state, count);
}
BENCHMARK(publish)->ArgNames({"subscribers", "size"})->ArgsProduct({{1, 100, 10'000}, {64, 1024}});

}  // namespace
