// What a connection is for: messages in, messages out, in both roles and however the bytes are cut; what it costs, and
// the names by which others hold it. How it ends, waits, keeps time and survives its users has tests of its own beside.
#include "ws/connection.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "tests/ws/heap.hpp"
#include "tests/ws/line.hpp"

namespace ws {
namespace {

using namespace tests;

constexpr std::array kRoles = {Role::kServer, Role::kClient};

Role peer_of(Role role) { return role == Role::kServer ? Role::kClient : Role::kServer; }

void echo(Connection& ws, const Message& message) { ws.write_message(message.type, message.payload); }

std::shared_ptr<Told> echoing() {
  auto told = std::make_shared<Told>();
  told->at_message = echo;
  return told;
}

// ---- Messages in

std::string conversation(Role sender) {
  return frame(sender, Opcode::kText, "Hello") + frame(sender, Opcode::kText, "") +
         frame(sender, Opcode::kText, "a\xC3", false) + frame(sender, Opcode::kPing, "are you there?") +
         frame(sender, Opcode::kContinuation, "", false) + frame(sender, Opcode::kContinuation, "\xA4 b") +
         frame(sender, Opcode::kPong, "unasked") + frame(sender, Opcode::kBinary, std::string(130, 'x')) +
         frame(sender, Opcode::kPing, "") + frame(sender, Opcode::kClose, close_payload(1000, "bye"));
}

struct Transcript {
  std::string told;
  std::string answered;
  bool operator==(const Transcript& other) const = default;
};

std::ostream& operator<<(std::ostream& out, const Transcript& transcript) {
  return out << "told: " << transcript.told << "\nanswered: " << transcript.answered;
}

Transcript transcribe(Role role, const std::vector<std::string>& pieces, const std::string& early = "") {
  reactor::Loop loop;
  Line line(loop, {.role = role, .told = echoing(), .early = early});
  for (const std::string& piece : pieces) {
    line.peer.send(piece);
    turn(loop, 1);
  }
  // The client waits for the server to close TCP first.
  EXPECT_TRUE(turn_until(loop, [&] { return line.told().gone(); }));
  line.peer.socket().half_close();
  return {.told = line.told().all(), .answered = line.peer.all_to_end()};
}

TEST(Connection, tells_and_answers_the_same_at_every_cut) {
  for (const Role role : kRoles) {
    const std::string bytes = conversation(peer_of(role));
    const std::string xs(130, 'x');
    const Transcript wanted = {.told = "open; text Hello; text ; text a\xC3\xA4 b; binary " + xs +
                                       "; close 1000 bye, by the peer, clean; gone",
                               .answered = "text Hello; text; pong are you there?; text a\xC3\xA4 b; binary " + xs +
                                           "; pong; close 1000; end"};
    EXPECT_EQ(transcribe(role, {bytes}), wanted);
    EXPECT_EQ(transcribe(role, {}, bytes), wanted) << "all of it behind the handshake";
    std::vector<std::string> single;
    for (const char byte : bytes) single.emplace_back(1, byte);
    EXPECT_EQ(transcribe(role, single), wanted) << "byte by byte";
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      EXPECT_EQ(transcribe(role, {bytes.substr(0, cut), bytes.substr(cut)}), wanted) << "cut at " << cut;
      EXPECT_EQ(transcribe(role, {bytes.substr(cut)}, bytes.substr(0, cut)), wanted) << "early " << cut;
    }
  }
}

TEST(Connection, puts_together_messages_of_any_size) {
  for (const Role role : kRoles) {
    for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65535UL, 65536UL, 70000UL, 3000000UL}) {
      reactor::Loop loop;
      std::string received;
      auto told = std::make_shared<Told>();
      told->at_message = [&](Connection&, const Message& message) { received = message.text(); };
      Line line(loop, {.role = role, .told = told});
      const std::string payload = reactor::tests::pattern(size);
      line.peer.send(Opcode::kBinary, payload);
      EXPECT_TRUE(turn_until(loop, [&] { return told->log.size() == 2; }));
      EXPECT_EQ(received, payload) << size;
      // The same in fragments of which none ends where a receive ends.
      received.clear();
      const std::size_t third = size / 3;
      line.peer.send(Opcode::kBinary, payload.substr(0, third), false);
      line.peer.send(Opcode::kContinuation, payload.substr(third, third), false);
      line.peer.send(Opcode::kContinuation, payload.substr(2 * third));
      EXPECT_TRUE(turn_until(loop, [&] { return told->log.size() == 3; }));
      EXPECT_EQ(received, payload) << size << " in fragments";
    }
  }
}

TEST(Connection, hands_out_further_messages_out_of_turn) {
  reactor::Loop loop;
  auto told = std::make_shared<Told>();
  std::string taken;
  told->at_message = [&](Connection& ws, const Message&) {
    while (const auto next = ws.read_message()) taken += next->text();
  };
  Line line(loop, {.told = told});
  line.peer.send(frame(Role::kClient, Opcode::kText, "first") + frame(Role::kClient, Opcode::kText, "b") +
                 frame(Role::kClient, Opcode::kPing, "p") + frame(Role::kClient, Opcode::kText, "c"));
  EXPECT_EQ(line.peer.next(), "pong p");
  EXPECT_EQ(taken, "bc");
  EXPECT_EQ(told->all(), "open; text first");
  EXPECT_FALSE(line.ws().read_message()) << "outside of its turn there is nothing to read";
}

// ---- Control frames

TEST(Connection, answers_each_ping_with_its_payload) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    line.peer.send(Opcode::kPing, "");
    EXPECT_EQ(line.peer.next(), "pong");
    line.peer.send(Opcode::kPing, std::string(125, 'p'));
    EXPECT_EQ(line.peer.next(), "pong " + std::string(125, 'p'));
    line.peer.send(Opcode::kPing, std::string(1, '\0') + "\xFF");
    EXPECT_EQ(line.peer.next_frame().payload, std::string(1, '\0') + "\xFF") << "RFC 6455 5.5.3: any bytes";
    std::string many;
    std::string wanted;
    for (int each = 0; each < 100; ++each) {
      many += frame(peer_of(role), Opcode::kPing, std::to_string(each));
      wanted.append(each == 0 ? "" : "; ").append("pong ").append(std::to_string(each));
    }
    line.peer.send(many);
    turn(loop);
    EXPECT_EQ(line.peer.arrived(), wanted) << "while the socket takes them, all of them";
    EXPECT_EQ(line.told().all(), "open") << "a session is not bothered with pings";
  }
}

TEST(Connection, takes_pongs_that_nobody_asked_for_and_keeps_nothing_of_them) {
  reactor::Loop loop;
  Line line(loop);
  const std::string pong = frame(Role::kClient, Opcode::kPong, std::string(125, 'p'));
  std::string pongs;
  for (int each = 0; each < 100; ++each) pongs += pong;
  line.peer.send(pongs);
  turn(loop);
  const std::size_t before = heap_in_use();
  for (int each = 0; each < 100; ++each) {
    line.peer.send(pongs);
    turn(loop, 1);
  }
  EXPECT_EQ(heap_in_use(), before);
  line.ws().ping("one");
  line.peer.send(Opcode::kPong, "one");
  line.peer.send(Opcode::kPong, "one");
  line.peer.send(Opcode::kPong, "one");
  turn(loop);
  EXPECT_EQ(line.peer.arrived(), "ping one");
  EXPECT_EQ(line.told().all(), "open");
}

// ---- What it costs

TEST(Connection, is_small) {
  EXPECT_LE(sizeof(Connection), 152U);
  EXPECT_LE(sizeof(reactor::Stream), 56U);
}

TEST(Connection, holds_nothing_on_the_heap_while_it_is_idle) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    const auto ping = frame(peer_of(role), Opcode::kPing, "cut");
    const auto talk = [&](const std::string& payload) {
      line.peer.send(ping.substr(0, 4));
      turn(loop, 1);
      line.peer.send(ping.substr(4));
      EXPECT_EQ(line.peer.next(), "pong cut");
      // A message in pieces is the last thing that happens: what it needed must go although nothing comes behind it.
      line.peer.send(Opcode::kBinary, payload.substr(0, payload.size() / 2), false);
      turn(loop, 1);
      line.peer.send(Opcode::kContinuation, payload.substr(payload.size() / 2));
      EXPECT_TRUE(turn_until(loop, [&] { return line.told().log.size() == 2; }));
      line->log.resize(1);
    };
    talk(std::string(100, 'x'));  // what is made once is there now
    const std::size_t idle = heap_in_use();
    talk(std::string(1000000, 'x'));
    EXPECT_LE(heap_in_use(), idle + 100);
    talk(std::string(100, 'x'));
    EXPECT_LE(heap_in_use(), idle + 100);
  }
}

// ---- Names and facts

TEST(Connection, knows_its_facts) {
  reactor::Loop loop;
  Line line(loop, {.role = Role::kClient, .subprotocols = {"one", "two"}, .agreed = {.subprotocol = 1}},
            reactor::tests::tcp_pair());
  Connection& ws = line.ws();
  EXPECT_EQ(ws.role(), Role::kClient);
  EXPECT_EQ(ws.subprotocol(), "two");
  EXPECT_EQ(&ws.loop(), &loop);
  EXPECT_EQ(ws.remote(), reactor::Address::of_socket(line.peer.socket().fd()));
  EXPECT_TRUE(ws.is_open());
  EXPECT_EQ(ws.unsent(), 0U);
  EXPECT_NE(dynamic_cast<Script*>(&ws.session()), nullptr);
  Line without(loop, {.subprotocols = {"one"}});
  EXPECT_EQ(without.ws().subprotocol(), "");
}

TEST(Connection, a_handle_turns_to_nothing_with_its_connection) {
  reactor::Loop loop;
  EXPECT_EQ(Handle().get(), nullptr);
  Handle in_close;
  Connection* during_close = nullptr;
  auto told = std::make_shared<Told>();
  told->at_close = [&](Connection& ws, const Closed&) {
    during_close = in_close.get();
    EXPECT_EQ(ws.handle().get(), nullptr) << "no new name for what is about to go";
  };
  Line line(loop, {.told = told});
  const Handle handle = line.ws().handle();
  const Handle copy = handle;  // NOLINT: the copy is what is tested
  in_close = handle;
  EXPECT_EQ(handle.get(), &line.ws());
  EXPECT_EQ(line.ws().handle().get(), &line.ws());
  line.peer.socket().close();
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_NE(during_close, nullptr) << "in on_close it is still there";
  EXPECT_EQ(handle.get(), nullptr);
  EXPECT_EQ(copy.get(), nullptr);
}

TEST(Connection, a_handle_is_nothing_in_the_same_turn_already_and_that_of_others_too) {
  reactor::Loop loop;
  Line first(loop);
  Line second(loop);
  const Handle handle = first.ws().handle();
  bool was_nothing = false;
  second->at_message = [&](Connection&, const Message&) {
    was_nothing = first.told().has("close 1000, by the peer, clean") && !first.gone() && handle.get() == nullptr;
  };
  first.peer.close_frame(1000);
  second.peer.text("look");  // in one batch, behind it
  turn(loop, 1);
  EXPECT_TRUE(was_nothing) << first.told().all() << " / " << second.told().all();
}

TEST(Connection, a_handle_outlives_the_loop) {
  Handle handle;
  {
    reactor::Loop loop;
    Line line(loop);
    handle = line.ws().handle();
    EXPECT_NE(handle.get(), nullptr);
  }
  EXPECT_EQ(handle.get(), nullptr);
}

TEST(Connection, gives_nobody_a_name_while_it_is_destroyed) {
  Handle handle;
  {
    reactor::Loop loop;
    Line line(loop);
    line->at_gone = [&, &ws = line.ws()] { handle = ws.handle(); };
  }
  EXPECT_EQ(handle.get(), nullptr);
}

TEST(Connection, what_other_threads_post_finds_it_or_finds_nothing) {
  reactor::Loop loop;
  Line line(loop);
  const auto say = [&loop, handle = line.ws().handle()](const std::string& text) {
    loop.post([handle, text] {
      if (Connection* ws = handle.get()) ws->write_text(text);
    });
  };
  say("hello");
  EXPECT_EQ(line.peer.next(), "text hello");
  line.peer.socket().close();
  EXPECT_TRUE(line.wait_until_gone());
  say("too late");
  turn(loop);
}

TEST(Connection, shows_every_frame_to_who_wants_to_watch) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    std::vector<std::string> seen;
    Line line(loop, {.role = role,
                     .told = echoing(),
                     .trace = [&](const Connection&, bool received, const protocol::TracedFrame& traced) {
                       const std::string words = protocol::to_string(traced);
                       seen.push_back((received ? "in" : "out") + words.substr(words.find('|') + 1));
                     }});
    line.peer.send(conversation(peer_of(role)));
    EXPECT_TRUE(line.wait_until_gone());
    const std::string in = role == Role::kServer ? "masked, " : "";
    const std::string out = role == Role::kClient ? "masked, " : "";
    ASSERT_EQ(seen.size(), 17U);
    EXPECT_EQ(seen[0], "in FIN text, " + in + "5 bytes: \"Hello\"");
    EXPECT_EQ(std::count(seen.begin(), seen.end(), "out FIN text, " + out + "5 bytes: \"Hello\""), 1);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), "out FIN pong, " + out + "14 bytes: \"are you there?\""), 1);
    EXPECT_EQ(seen.back(), "out FIN close, " + out + "2 bytes: 03 e8");
  }
}

}  // namespace
}  // namespace ws
