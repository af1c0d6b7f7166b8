// A connection that does not come about is one error. What links do with a server is tested with a real one, in
// tests/system/bench_test.py.
#include "ws/app/bench_link.hpp"

#include <string>
#include <vector>

#include "tests/ws/app/bench_server.hpp"

namespace ws::app {
namespace {

using reactor::Milliseconds;
using reactor::tests::turn_until;

// Tries again each time, as handshakes are measured.
struct Persistent final : BenchTraffic {
  void on_open(BenchLink&) override { ADD_FAILURE() << "it is open"; }
  void on_arrival(BenchLink&, std::uint64_t, std::uint64_t, std::uint64_t) override {}
  void on_gone(BenchLink& link) override {
    ++failures;
    link.open();
  }
  std::size_t failures = 0;
};

TEST(BenchLink, whose_calls_nobody_answers_counts_each_once) {
  tests::BenchServer server;
  // A full queue: the kernel drops who calls now.
  server.listening = reactor::tests::listening_socket(0);
  std::vector<reactor::FileDescriptor> callers;
  for (int count = 0; count < 4; ++count)
    callers.push_back(reactor::tests::call(reactor::Address::of_socket(server.listening.get())));
  BenchPlan plan = server.plan();
  plan.open_timeout = Milliseconds(50);
  Persistent traffic;
  BenchLink link(plan, traffic, 0);
  const std::uint64_t start = server.loop.now();
  link.open();
  EXPECT_TRUE(turn_until(server.loop, [&] { return traffic.failures >= 4; }));
  EXPECT_GE(server.loop.now(), start + 200);
  EXPECT_EQ(plan.errors.count(BenchError::kConnect), 4U);
  EXPECT_NE(plan.errors.first(BenchError::kConnect).find("no answer in time"), std::string::npos)
      << plan.errors.first(BenchError::kConnect);
}

TEST(BenchLink, whose_request_nobody_answers_fails_in_the_handshake) {
  tests::BenchServer server;
  BenchPlan plan = server.plan();
  plan.open_timeout = Milliseconds(50);
  Persistent traffic;
  BenchLink link(plan, traffic, 0);
  link.open();
  EXPECT_TRUE(turn_until(server.loop, [&] { return traffic.failures == 1; }));
  EXPECT_EQ(plan.errors.count(BenchError::kHandshake), 1U);
  EXPECT_EQ(plan.errors.total(), 1U);
}

}  // namespace
}  // namespace ws::app
