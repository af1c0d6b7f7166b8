// What the modes of the load generator do on their connections: round trips, one to many, nothing, handshakes. Each
// writes down what happens inside the time that is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ws/app/bench_histogram.hpp"
#include "ws/app/bench_link.hpp"
#include "ws/app/bench_options.hpp"
#include "ws/app/bench_pace.hpp"

namespace ws::app {

struct BenchFigures {
  // Times that are measured, in nanoseconds of bench_now(): none yet.
  std::uint64_t from = UINT64_MAX;
  std::uint64_t to = UINT64_MAX;

  std::uint64_t count = 0;  // round trips, deliveries or handshakes
  std::uint64_t sent = 0;   // messages
  Histogram latency;        // of each, if it began in this time, whenever it ended
  Histogram last;           // in kBroadcast: until the last subscriber had it

  bool measured(std::uint64_t time) const { return time >= from && time < to; }
  void record(Histogram& histogram, std::uint64_t began, std::uint64_t ended) const {
    if (measured(began)) histogram.record(ended > began ? ended - began : 0);
  }
};

using BenchLinks = std::vector<std::unique_ptr<BenchLink>>;

class BenchDriver : public BenchTraffic {
 public:
  BenchDriver(const BenchOptions& options, BenchLinks& links) : options_(options), links_(links) {}

  // All connections are there: begin.
  virtual void start(std::uint64_t now) = 0;
  // Begin nothing new.
  virtual void stop() { running_ = false; }
  // With --rate: send what is due.
  virtual void send_due(std::uint64_t /*now*/) {}
  // When that will be again; UINT64_MAX: nothing is paced.
  std::uint64_t next_due() const { return running_ && paced() ? pace_.time_of(pace_.next()) : UINT64_MAX; }
  // Messages that may still come back, and those that were due and could not be sent.
  virtual std::uint64_t outstanding() const { return 0; }

  void on_open(BenchLink& link) override { opened(link); }
  void on_gone(BenchLink& link) override { gone(link); }
  std::function<void(BenchLink&)> opened;
  std::function<void(BenchLink&)> gone;

  BenchFigures figures;

 protected:
  bool paced() const { return options_.rate > 0; }

  const BenchOptions& options_;
  BenchLinks& links_;
  BenchPace pace_;
  bool running_ = false;
};

class BenchEcho final : public BenchDriver {
 public:
  using BenchDriver::BenchDriver;
  void start(std::uint64_t now) override;
  void send_due(std::uint64_t now) override;
  std::uint64_t outstanding() const override { return begun_ - returned_; }
  void on_arrival(BenchLink& link, std::uint64_t first, std::uint64_t count, std::uint64_t now) override;
  void on_skipped(BenchLink& link, std::uint64_t first, std::uint64_t count) override;
  void on_room(BenchLink& link) override { push(link, bench_now()); }
  void on_gone(BenchLink& link) override;

 private:
  void push(BenchLink& link, std::uint64_t now);
  std::uint64_t began(const BenchLink& link, std::uint64_t number) const;

  std::vector<std::uint64_t> began_;  // closed loop: when each message in flight was sent, `depth` for each connection
  std::vector<std::uint64_t> owed_;   // open loop: messages of each connection that were due so far
  std::uint64_t begun_ = 0;           // messages that were sent, in the open loop those that were due
  std::uint64_t returned_ = 0;        // or will not come
};

// The last of the links sends, the others listen. If the server sends to the sender too, that is a delivery as well.
class BenchBroadcast final : public BenchDriver {
 public:
  using BenchDriver::BenchDriver;
  void start(std::uint64_t now) override;
  void send_due(std::uint64_t now) override;
  std::uint64_t outstanding() const override;
  void on_arrival(BenchLink& link, std::uint64_t first, std::uint64_t count, std::uint64_t now) override;
  void on_skipped(BenchLink& link, std::uint64_t first, std::uint64_t count) override;
  void on_room(BenchLink& link) override;
  void on_gone(BenchLink& link) override;

 private:
  struct Flight {
    std::uint64_t began = 0;
    std::size_t missing = 0;  // subscribers that do not have it yet
  };
  BenchLink& sender() const { return *links_.back(); }
  Flight& flight(std::uint64_t number) { return flights_[number % flights_.size()]; }
  void land(std::uint64_t first, std::uint64_t count, std::uint64_t now);
  void push(std::uint64_t now);

  std::vector<Flight> flights_;  // `depth` of them
  std::size_t subscribers_ = 0;  // that are there
  std::uint64_t owed_ = 0;
  std::uint64_t complete_ = 0;  // messages that all subscribers have; they come in order
};

class BenchIdle final : public BenchDriver {
 public:
  using BenchDriver::BenchDriver;
  void start(std::uint64_t) override {}
  void on_arrival(BenchLink&, std::uint64_t, std::uint64_t, std::uint64_t) override {}
};

// Each link connects, upgrades and closes, again and again.
class BenchHandshakes final : public BenchDriver {
 public:
  using BenchDriver::BenchDriver;
  void start(std::uint64_t now) override;
  std::uint64_t outstanding() const override;
  void on_open(BenchLink& link) override;
  void on_arrival(BenchLink&, std::uint64_t, std::uint64_t, std::uint64_t) override {}
  void on_gone(BenchLink& link) override;

 private:
  static constexpr std::uint64_t kMostFailures = 1000;  // one behind the other

  void open(BenchLink& link);

  struct Cycle {
    std::uint64_t began = 0;
    bool opened = false;
  };
  std::vector<Cycle> cycles_;
  std::uint64_t failures_ = 0;
};

std::unique_ptr<BenchDriver> make_driver(const BenchOptions& options, BenchLinks& links);

}  // namespace ws::app
