// Anything may close anything at any time. From every function of a session, and from every other place from which user
// code runs, each thing is done to the session's own connection and to another one; whatever happens, on_close is told
// exactly once to each, it is the last that a session hears, and nobody names a connection that is gone. The sanitizers
// see the rest.
#include "ws/session.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reactor/ticker.hpp"
#include "tests/ws/line.hpp"
#include "ws/connection.hpp"

namespace ws {
namespace {

using namespace tests;

struct Action {
  const char* name;
  void (*act)(Connection& ws);
};

const Action kActions[] = {
    {"close", [](Connection& ws) { ws.close(4000, "by an action"); }},
    {"terminate", [](Connection& ws) { ws.terminate(); }},
    {"write a little", [](Connection& ws) { ws.write_text("little"); }},
    {"write a lot", [](Connection& ws) { ws.write_binary(std::vector<std::uint8_t>(3000000)); }},
    {"ping", [](Connection& ws) { ws.ping("an action"); }},
    {"read",
     [](Connection& ws) {
       while (ws.read_message()) {
       }
     }},
    {"ask",
     [](Connection& ws) {
       static_cast<void>(ws.handle().get());
       static_cast<void>(ws.above_high_water());
       static_cast<void>(ws.remote());
       static_cast<void>(ws.subprotocol());
       static_cast<void>(ws.unsent());
     }},
    {"close and write",
     [](Connection& ws) {
       ws.close();
       ws.write_text("after");
       ws.ping();
     }},
    {"write a lot and close",
     [](Connection& ws) {
       ws.write_binary(std::vector<std::uint8_t>(3000000));
       ws.close();
     }},
    {"write a lot and terminate",
     [](Connection& ws) {
       ws.write_binary(std::vector<std::uint8_t>(3000000));
       ws.terminate();
     }},
    {"terminate and write",
     [](Connection& ws) {
       ws.terminate();
       ws.write_text("after");
       ws.write_binary(std::vector<std::uint8_t>(100000));
       ws.close();
       static_cast<void>(ws.read_message());
     }},
    {"close and terminate",
     [](Connection& ws) {
       ws.close();
       ws.terminate();
     }},
    {"shut the loop down", [](Connection& ws) { ws.loop().shut_down(Milliseconds(10000)); }},
};

// A place from which user code runs. It arranges that `act` is called there once, with the line's own connection.
struct Place {
  const char* name;
  // Before the connection is opened.
  void (*prepare)(Told& told, const std::function<void(Connection&)>& act);
  // Makes it happen.
  void (*trigger)(reactor::Loop& loop, Line& line, const std::function<void(Connection&)>& act);
};

void leave(Told&, const std::function<void(Connection&)>&) {}
void nothing(reactor::Loop&, Line&, const std::function<void(Connection&)>&) {}

const Place kPlaces[] = {
    {"on_open", [](Told& told, const auto& act) { told.at_open = act; }, nothing},
    {"on_message",
     [](Told& told, const auto& act) { told.at_message = [act](Connection& ws, const Message&) { act(ws); }; },
     [](reactor::Loop&, Line& line, const auto&) {
       line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kPing, "two") +
                      frame(Role::kClient, Opcode::kText, "three"));
     }},
    {"on_message of a message in pieces",
     [](Told& told, const auto& act) { told.at_message = [act](Connection& ws, const Message&) { act(ws); }; },
     [](reactor::Loop& loop, Line& line, const auto&) {
       line.peer.send(Opcode::kBinary, std::string(200000, 'x'), false);
       turn(loop);
       line.peer.send(Opcode::kContinuation, std::string(200000, 'x'));
     }},
    {"on_message with the close frame behind it",
     [](Told& told, const auto& act) { told.at_message = [act](Connection& ws, const Message&) { act(ws); }; },
     [](reactor::Loop&, Line& line, const auto&) {
       line.peer.send(frame(Role::kClient, Opcode::kText, "one") +
                      frame(Role::kClient, Opcode::kClose, close_payload(1000)));
     }},
    {"on_message with a broken rule behind it",
     [](Told& told, const auto& act) { told.at_message = [act](Connection& ws, const Message&) { act(ws); }; },
     [](reactor::Loop&, Line& line, const auto&) {
       line.peer.send(frame(Role::kClient, Opcode::kText, "one") + "GET");
     }},
    {"on_drain", [](Told& told, const auto& act) { told.at_drain = act; },
     [](reactor::Loop& loop, Line& line, const auto&) {
       line.ws().write_binary(std::vector<std::uint8_t>(3000000));
       line.peer.text("wait behind it");
       turn_until(loop, [&] {
         line.peer.take();
         return line.told().has("drain");
       });
     }},
    {"on_close by the peer",
     [](Told& told, const auto& act) { told.at_close = [act](Connection& ws, const Closed&) { act(ws); }; },
     [](reactor::Loop&, Line& line, const auto&) { line.peer.close_frame(1000); }},
    {"on_close of a lost connection",
     [](Told& told, const auto& act) { told.at_close = [act](Connection& ws, const Closed&) { act(ws); }; },
     [](reactor::Loop&, Line& line, const auto&) { line.peer.socket().half_close(); }},
    {"on_close after terminate",
     [](Told& told, const auto& act) { told.at_close = [act](Connection& ws, const Closed&) { act(ws); }; },
     [](reactor::Loop&, Line& line, const auto&) { line.ws().terminate(); }},
    {"a posted function", leave,
     [](reactor::Loop& loop, Line& line, const auto& act) {
       loop.post([act, handle = line.ws().handle()] {
         if (Connection* ws = handle.get()) act(*ws);
       });
     }},
    {"a ticker", leave,
     [](reactor::Loop& loop, Line& line, const auto& act) {
       const auto ticker = std::make_shared<reactor::Ticker>();
       loop.keep(ticker);
       ticker->start(loop, Milliseconds(1), [act, handle = line.ws().handle()] {
         if (Connection* ws = handle.get()) act(*ws);
       });
     }},
};

void expect_one_end(const Line& line, const std::string& what) {
  const Told& told = line.told();
  ASSERT_GE(told.log.size(), 3U) << what << ": " << told.all();
  EXPECT_EQ(told.log.front(), "open") << what;
  EXPECT_EQ(told.log.back(), "gone") << what;
  EXPECT_TRUE(told.log[told.log.size() - 2].starts_with("close "))
      << what << ": nothing is told after it: " << told.all();
  const auto closes = std::count_if(told.log.begin(), told.log.end(),
                                    [](const std::string& entry) { return entry.starts_with("close "); });
  EXPECT_EQ(closes, 1) << what << ": " << told.all();
  EXPECT_EQ(told.count("gone"), 1U) << what;
}

// Runs `action` once at `place` of a first connection, on that connection or on a second one.
void run(const Place& place, const Action& action, bool on_other) {
  const std::string what = std::string(action.name) + (on_other ? " another" : "") + " from " + place.name;
  reactor::Loop loop;
  Line other(loop, {}, narrow_pair());
  // The second connection has a message half received, and a handle that must turn to nothing with it.
  other.peer.send(Opcode::kText, "half", false);
  turn(loop);
  const Handle second = other.ws().handle();
  bool done = false;
  const std::function<void(Connection&)> act = [&](Connection& ws) {
    if (std::exchange(done, true)) return;
    Connection* target = on_other ? second.get() : &ws;
    if (target != nullptr) action.act(*target);
  };
  auto told = std::make_shared<Told>();
  place.prepare(*told, act);
  Line line(loop, {.told = told}, narrow_pair());
  place.trigger(loop, line, act);
  EXPECT_TRUE(turn_until(loop, [&] { return done; })) << what;
  turn(loop);
  EXPECT_TRUE(end_all(loop, {&line, &other})) << what << ": something is left";
  expect_one_end(line, what);
  expect_one_end(other, what);
  EXPECT_EQ(second.get(), nullptr) << what;
}

TEST(Session, may_do_anything_to_its_own_connection_from_anywhere) {
  for (const Place& place : kPlaces) {
    for (const Action& action : kActions) run(place, action, false);
  }
}

TEST(Session, may_do_anything_to_another_connection_from_anywhere) {
  for (const Place& place : kPlaces) {
    for (const Action& action : kActions) run(place, action, true);
  }
}

TEST(Session, may_do_anything_to_another_connection_that_has_a_turn_coming) {
  for (const Action& action : kActions) {
    reactor::Loop loop;
    Line one(loop, {}, narrow_pair());
    Line other(loop, {}, narrow_pair());
    const auto to_the_other = [&](Line& line) {
      return [&action, handle = line.ws().handle()](Connection&, const Message&) {
        if (Connection* ws = handle.get()) action.act(*ws);
      };
    };
    one->at_message = to_the_other(other);
    other->at_message = to_the_other(one);
    // Both are readable in one turn: whoever is first acts on one whose event waits in the same batch.
    for (Line* line : {&one, &other}) {
      line->peer.text("first");
      line->peer.text("second");
    }
    turn(loop);
    EXPECT_TRUE(end_all(loop, {&one, &other})) << action.name;
    expect_one_end(one, action.name);
    expect_one_end(other, action.name);
  }
}

TEST(Session, may_do_anything_in_its_destructor) {
  for (const Action& action : kActions) {
    reactor::Loop loop;
    Line other(loop, {}, narrow_pair());
    Line line(loop, {}, narrow_pair());
    const Handle own = line.ws().handle();
    const Handle second = other.ws().handle();
    line->at_gone = [&] {
      EXPECT_EQ(own.get(), nullptr);
      ASSERT_NE(second.get(), nullptr);
      action.act(*second.get());
    };
    line.peer.close_frame(1000);
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_TRUE(end_all(loop, {&line, &other})) << action.name;
    expect_one_end(line, action.name);
    expect_one_end(other, action.name);
  }
}

TEST(Session, that_kept_a_reference_to_its_connection_may_use_it_in_its_destructor) {
  for (const Action& action : kActions) {
    if (std::string_view(action.name) == "shut the loop down") continue;
    for (const bool with_the_loop : {false, true}) {
      auto told = std::make_shared<Told>();
      {
        reactor::Loop loop;
        Line line(loop, {.told = told}, narrow_pair());
        line->at_gone = [&action, &ws = line.ws()] { action.act(ws); };
        if (!with_the_loop) {
          line.peer.close_frame(1000);
          EXPECT_TRUE(line.wait_until_gone());
        }
      }
      EXPECT_TRUE(told->gone());
    }
  }
}

TEST(Session, may_write_to_another_in_its_destructor_while_the_loop_is_destroyed) {
  for (const Action& action : kActions) {
    reactor::Loop loop;
    Line one(loop);
    Line other(loop);
    for (Line* line : {&one, &other}) {
      Line* not_me = line == &one ? &other : &one;
      (*line)->at_gone = [&action, handle = not_me->ws().handle()] {
        if (Connection* ws = handle.get()) action.act(*ws);
      };
    }
  }
}

TEST(Session, two_that_close_each_other_both_end_once) {
  using How = void (*)(Connection& ws);
  const How ways[] = {[](Connection& ws) { ws.close(4000); }, [](Connection& ws) { ws.terminate(); }};
  for (const How first : ways) {
    for (const How second : ways) {
      reactor::Loop loop;
      Line one(loop);
      Line other(loop);
      const Handle a = one.ws().handle();
      const Handle b = other.ws().handle();
      const auto end = [](const Handle& handle, How how) {
        if (Connection* ws = handle.get()) how(*ws);
      };
      one->at_message = [&](Connection&, const Message&) { end(b, first); };
      one->at_close = [&](Connection&, const Closed&) { end(b, second); };
      other->at_close = [&](Connection&, const Closed&) { end(a, second); };
      one.peer.text("go");
      EXPECT_TRUE(one.wait_for("text go"));
      EXPECT_TRUE(end_all(loop, {&one, &other}));
      expect_one_end(one, "one");
      expect_one_end(other, "other");
    }
  }
}

TEST(Session, that_reads_out_of_turn_may_meet_the_end_inside_on_message) {
  for (const std::string& behind : {frame(Role::kClient, Opcode::kClose, close_payload(1000)), std::string("GET")}) {
    reactor::Loop loop;
    Line line(loop);
    bool open_after = true;
    line->at_message = [&](Connection& ws, const Message&) {
      while (ws.read_message()) {
      }
      open_after = ws.is_open();
      ws.write_text("too late");
      ws.close();
      ws.terminate();
      EXPECT_EQ(ws.unsent(), 0U);
      EXPECT_FALSE(ws.above_high_water());
    };
    line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "two") + behind);
    const std::string seen = line.peer.all_to_end();
    EXPECT_EQ(seen.find("too late"), std::string::npos) << seen;
    EXPECT_FALSE(open_after);
    EXPECT_TRUE(line.wait_until_gone());
    expect_one_end(line, behind);
  }
}

TEST(Session, may_read_while_the_reading_is_paused) {
  reactor::Loop loop;
  Line line(loop, {}, narrow_pair());
  line->at_message = [](Connection& ws, const Message&) { ws.write_binary(std::vector<std::uint8_t>(3000000)); };
  line->at_drain = [](Connection& ws) { EXPECT_FALSE(ws.read_message()); };
  line.peer.text("one");  // its answer fills the socket, and nothing more has come
  EXPECT_TRUE(line.wait_for("text one"));
  EXPECT_FALSE(line.ws().read_message());
  line.peer.text("two");
  turn(loop);
  EXPECT_FALSE(line.ws().read_message()) << "paused";
  EXPECT_EQ(line.peer.next(), "binary 3000000 bytes");
  EXPECT_EQ(line.peer.next(), "binary 3000000 bytes");
  EXPECT_TRUE(line.wait_for("drain", 2));
  EXPECT_EQ(line.told().all(), "open; text one; drain; text two; drain");
}

// ---- Members of a session

class Periodic final : public Session {
 public:
  explicit Periodic(int& ticks) : ticks_(ticks) {}
  void on_open(Connection& ws) override {
    ticker_.start(ws.loop(), Milliseconds(1), [this, &ws] {
      ++ticks_;
      ws.write_text("tick");
      if (ticks_ == 5) ws.close(1000);
    });
  }

 private:
  int& ticks_;
  reactor::Ticker ticker_;
};

TEST(Session, a_ticker_among_its_members_ends_with_it) {
  int ticks = 0;
  reactor::Loop loop;
  const Settings settings;
  SocketPair pair = reactor::tests::unix_pair();
  FramePeer peer(loop, std::move(pair.theirs), Role::kClient);
  loop.adopt(std::make_unique<Connection>(Role::kServer, std::make_unique<reactor::Stream>(loop, std::move(pair.ours)),
                                          std::make_unique<Periodic>(ticks), settings))
      .open({});
  for (int each = 0; each < 5; ++each) EXPECT_EQ(peer.next(), "text tick");
  EXPECT_EQ(peer.next(), "close 1000");
  peer.close_frame(1000);
  EXPECT_EQ(peer.all_to_end(), "end");
  peer.socket().close();
  EXPECT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
  const int last = ticks;
  const std::uint64_t start = loop.now();
  turn_until(loop, [&] { return loop.now() > start + 20; });
  EXPECT_EQ(ticks, last);
}

TEST(Session, needs_to_answer_nothing) {
  class Silent final : public Session {};
  reactor::Loop loop;
  const Settings settings;
  SocketPair pair = reactor::tests::unix_pair();
  FramePeer peer(loop, std::move(pair.theirs), Role::kClient);
  loop.adopt(std::make_unique<Connection>(Role::kServer, std::make_unique<reactor::Stream>(loop, std::move(pair.ours)),
                                          std::make_unique<Silent>(), settings))
      .open({});
  peer.text("hello");
  peer.close_frame(1000);
  EXPECT_EQ(peer.all_to_end(), "close 1000; end");
}

}  // namespace
}  // namespace ws
