// What the modes of the load generator must not do at the edges of a run: before all connections are there, and when
// one is being closed. What they measure is tested with a real server, in tests/system/bench_test.py.
#include "ws/app/bench_traffic.hpp"

#include <string>

#include "tests/ws/app/bench_server.hpp"

namespace ws::app {
namespace {

using reactor::tests::turn_until;

struct Forward final : BenchTraffic {
  BenchTraffic* to = nullptr;
  void on_open(BenchLink& link) override { to->on_open(link); }
  void on_arrival(BenchLink& link, std::uint64_t first, std::uint64_t count, std::uint64_t now) override {
    to->on_arrival(link, first, count, now);
  }
  void on_gone(BenchLink& link) override { to->on_gone(link); }
};

// One connection that is open.
struct PacedEcho {
  explicit PacedEcho(BenchOptions with) : options(std::move(with)) {
    links.push_back(std::make_unique<BenchLink>(plan, forward, 0));
    driver = make_driver(options, links);
    driver->opened = driver->gone = [](BenchLink&) {};
    forward.to = driver.get();
    link().open();
    server.accept(plan);
    EXPECT_TRUE(turn_until(server.loop, [&] { return link().is_open(); }));
  }
  BenchLink& link() { return *links.front(); }

  BenchOptions options;
  tests::BenchServer server;
  BenchPlan plan = server.plan();
  Forward forward;
  BenchLinks links;
  std::unique_ptr<BenchDriver> driver;
};

BenchOptions one_in_flight() {
  BenchOptions options;
  options.rate = 1000;
  options.depth = 1;
  options.connections = 1;
  return options;
}

TEST(PacedEcho, sends_what_is_due_when_an_answer_makes_room) {
  PacedEcho echo(one_in_flight());
  echo.driver->start(0);
  echo.driver->send_due(10'000'000);
  EXPECT_EQ(echo.link().sent(), 1U);
  echo.driver->stop();
  echo.server.peer->send(ws::tests::Opcode::kBinary, "x");
  EXPECT_TRUE(turn_until(echo.server.loop, [&] { return echo.link().sent() == 2; })) << "at the end too";
}

TEST(PacedEcho, sends_nothing_behind_its_close_frame) {
  PacedEcho echo(one_in_flight());
  echo.driver->start(0);
  echo.driver->send_due(10'000'000);
  echo.driver->stop();
  echo.link().close();
  echo.server.peer->send(ws::tests::Opcode::kBinary, "x");
  EXPECT_TRUE(turn_until(echo.server.loop, [&] { return echo.link().received() == 1; }));
  EXPECT_EQ(echo.link().sent(), 1U);
}

TEST(PacedEcho, has_nothing_to_send_before_it_starts) {
  PacedEcho echo(one_in_flight());
  echo.driver->on_room(echo.link());
  EXPECT_EQ(echo.link().sent(), 0U);
}

}  // namespace
}  // namespace ws::app
