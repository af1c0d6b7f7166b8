// How a connection ends (RFC 6455 7): the close handshake from both sides and in both roles, the ends without one, and
// the end after a broken rule. Each row says what the session is told and what the peer sees.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/ws/line.hpp"
#include "ws/connection.hpp"

namespace ws {
namespace {

using namespace tests;

constexpr std::array kRoles = {Role::kServer, Role::kClient};

// ---- We begin

struct OurClose {
  const char* what;
  std::uint16_t code;
  std::string reason;
  std::string on_the_wire;
  std::string told;
};

TEST(OurClose, is_answered_and_told_as_it_was_sent) {
  const std::string euros = "\xE2\x82\xAC\xE2\x82\xAC";
  const OurClose rows[] = {
      {"normal", 1000, "", "close 1000", "close 1000"},
      {"with a reason", 1001, "going", "close 1001 going", "close 1001 going"},
      {"without a code", 1005, "", "close", "close 1005"},
      {"without a code there is no reason", 1005, "lost", "close", "close 1005"},
      {"an application's code", 4999, "mine", "close 4999 mine", "close 4999 mine"},
      {"a registered code", 3000, "", "close 3000", "close 3000"},
      // RFC 6455 7.4.1: these must not be on the wire.
      {"1006", 1006, "x", "close 1011 x", "close 1011 x"},
      {"1015", 1015, "", "close 1011", "close 1011"},
      {"0", 0, "", "close 1011", "close 1011"},
      {"999", 999, "", "close 1011", "close 1011"},
      {"1004", 1004, "", "close 1011", "close 1011"},
      {"1016", 1016, "", "close 1011", "close 1011"},
      {"2999", 2999, "", "close 1011", "close 1011"},
      {"5000", 5000, "", "close 1011", "close 1011"},
      {"65535", 65535, "", "close 1011", "close 1011"},
      // RFC 6455 5.5: 125 bytes, of which two are the code.
      {"the longest reason", 1000, std::string(123, 'r'), "close 1000 " + std::string(123, 'r'),
       "close 1000 " + std::string(123, 'r')},
      {"a longer one is cut", 1000, std::string(200, 'r'), "close 1000 " + std::string(123, 'r'),
       "close 1000 " + std::string(123, 'r')},
      {"never within a character", 1000, std::string(121, 'r') + euros, "close 1000 " + std::string(121, 'r'),
       "close 1000 " + std::string(121, 'r')},
      {"but behind one", 1000, std::string(120, 'r') + euros, "close 1000 " + std::string(120, 'r') + "\xE2\x82\xAC",
       "close 1000 " + std::string(120, 'r') + "\xE2\x82\xAC"},
      {"a reason that is no UTF-8 is cut where it is none", 1000, "ok\xFFno", "close 1000 ok", "close 1000 ok"},
  };
  for (const Role role : kRoles) {
    for (const OurClose& row : rows) {
      reactor::Loop loop;
      Line line(loop, {.role = role});
      line.ws().close(row.code, row.reason);
      EXPECT_FALSE(line.ws().is_open());
      EXPECT_EQ(line.peer.next(), row.on_the_wire) << row.what;
      EXPECT_EQ(line.told().all(), "open") << "not before the answer";
      line.peer.close_frame(row.code == 1001 ? 1001 : 1000, "their words are not the first");
      EXPECT_TRUE(line.wait_until_gone());
      EXPECT_EQ(line.told().all(), "open; " + row.told + ", by us, clean; gone") << row.what;
    }
  }
}

TEST(OurClose, is_sent_once_and_nothing_behind_it) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    Connection& ws = line.ws();
    ws.write_text("before");
    ws.close(4000, "first");
    ws.close(4001, "second");
    ws.write_text("after");
    ws.write_binary({});
    ws.ping("after");
    line.peer.send(Opcode::kPing, "answer me");  // RFC 6455 5.5.2: unless a Close frame was received; we have sent one
    line.peer.send(Opcode::kText, "not for you any more");
    turn(loop);
    EXPECT_EQ(line.peer.arrived(), "text before; close 4000 first");
    line.peer.close_frame(4000);
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_EQ(line.told().all(), "open; close 4000 first, by us, clean; gone");
  }
}

TEST(OurClose, lets_the_peer_finish_and_finds_its_answer_behind_what_it_still_said) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    line.ws().close();
    EXPECT_EQ(line.peer.next(), "close 1000");
    line.peer.send(Opcode::kText, "already on its way");
    line.peer.send(Opcode::kBinary, std::string(300000, 'x'), false);
    line.peer.send(Opcode::kPing, "between");
    line.peer.send(Opcode::kContinuation, std::string(300000, 'x'));
    line.peer.close_frame(1000);
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_EQ(line.told().all(), "open; close 1000, by us, clean; gone");
  }
}

TEST(OurClose, from_inside_on_message_drops_what_came_with_that_message) {
  reactor::Loop loop;
  Line line(loop);
  line->at_message = [](Connection& ws, const Message&) { ws.close(4000); };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "two") +
                 frame(Role::kClient, Opcode::kClose, close_payload(4000)));
  EXPECT_EQ(line.peer.all_to_end(), "close 4000; end");
  EXPECT_EQ(line.told().all(), "open; text one; close 4000, by us, clean; gone");
}

TEST(OurClose, meets_theirs_on_the_way) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    line.peer.close_frame(4444, "me too");
    line.ws().close(4000, "me");
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_EQ(line.told().all(), "open; close 4000 me, by us, clean; gone");
    line.peer.socket().half_close();
    EXPECT_EQ(line.peer.all_to_end(), "close 4000 me; end") << "one Close frame, no second one in answer";
  }
}

TEST(OurClose, that_is_never_answered_ends_after_close_timeout) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role, .limits = {.close_timeout = Milliseconds(60)}});
    const std::uint64_t start = loop.now();
    line.ws().close(4000, "no answer");
    line.peer.send(Opcode::kText, "still talking");
    line.peer.send(Opcode::kText, "half a frame", false);
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_GE(loop.now(), start + 60);
    EXPECT_EQ(line.told().all(), "open; close 4000 no answer, by us; gone");
    line.peer.take();
    EXPECT_EQ(line.peer.all_to_end(), "close 4000 no answer; end");
    EXPECT_EQ(loop.residents(), 0U) << "nothing lingers: it had its time";
  }
}

TEST(OurClose, is_not_put_off_by_talk) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.close_timeout = Milliseconds(100)}});
  line.ws().close();
  const std::uint64_t start = loop.now();
  EXPECT_TRUE(turn_until(loop, [&] {
    line.peer.socket().send_some(frame(Role::kClient, Opcode::kPing, "still here"));
    return line.gone();
  }));
  EXPECT_GE(loop.now(), start + 100);
  EXPECT_EQ(line.told().end(), "close 1000, by us");
}

TEST(OurClose, without_a_close_timeout_waits_for_ever) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.ping_interval = Milliseconds(0), .close_timeout = Milliseconds(0)}});
  line.ws().close();
  const std::uint64_t start = loop.now();
  turn_until(loop, [&] { return loop.now() > start + 100; });
  EXPECT_FALSE(line.gone());
  EXPECT_TRUE(end_all(loop, {&line}));
  EXPECT_EQ(line.told().end(), "close 1000, by us") << "their FIN, without a Close frame";
}

TEST(OurClose, is_by_us_also_where_the_connection_is_lost_before_the_answer) {
  reactor::Loop loop;
  Line line(loop, {}, reactor::tests::tcp_pair());
  line.ws().close(4000);
  turn(loop);
  line.peer.socket().close_by_reset();
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; close 4000, by us; gone");
}

TEST(OurClose, stays_the_first_when_the_peer_breaks_a_rule_behind_it) {
  reactor::Loop loop;
  Line line(loop);
  line.ws().close(4000, "first");
  line.peer.send("\x81\x05Hello");  // not masked
  EXPECT_EQ(line.peer.all_to_end(), "close 4000 first; end");
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; close 4000 first, by us; gone");
}

// ---- They begin

TEST(TheirClose, is_echoed_with_its_code_and_ends_the_connection) {
  struct Row {
    std::string payload;
    std::string told;
    std::string answered;
  };
  const Row rows[] = {
      {"", "close 1005", "close"},
      {close_payload(1000), "close 1000", "close 1000"},
      {close_payload(1000, "bye"), "close 1000 bye", "close 1000"},
      {close_payload(1012), "close 1012", "close 1012"},
      {close_payload(1014), "close 1014", "close 1014"},
      {close_payload(3000), "close 3000", "close 3000"},
      {close_payload(4999, std::string(123, 'r')), "close 4999 " + std::string(123, 'r'), "close 4999"},
  };
  for (const Role role : kRoles) {
    for (const Row& row : rows) {
      reactor::Loop loop;
      Line line(loop, {.role = role});
      line.peer.send(Opcode::kClose, row.payload);
      line.peer.send(Opcode::kText, "data behind a Close frame is nobody's");
      EXPECT_TRUE(line.wait_until_gone());
      EXPECT_EQ(line.told().all(), "open; " + row.told + ", by the peer, clean; gone");
      line.peer.socket().half_close();
      EXPECT_EQ(line.peer.all_to_end(), row.answered + "; end");
    }
  }
}

TEST(TheirClose, inside_a_fragmented_message_ends_that_too) {
  reactor::Loop loop;
  Line line(loop);
  line.peer.send(Opcode::kText, "never to be fin", false);
  line.peer.close_frame(1001);
  line.peer.send(Opcode::kContinuation, "ished");
  EXPECT_EQ(line.peer.all_to_end(), "close 1001; end");
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; close 1001, by the peer, clean; gone");
}

TEST(TheirClose, is_answered_behind_the_answers_to_what_came_before) {
  reactor::Loop loop;
  Line line(loop);
  line->at_message = [](Connection& ws, const Message& message) { ws.write_message(message.type, message.payload); };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kPing, "two") +
                 frame(Role::kClient, Opcode::kClose, close_payload(1000)) +
                 frame(Role::kClient, Opcode::kText, "three"));
  EXPECT_EQ(line.peer.all_to_end(), "text one; pong two; close 1000; end");
}

TEST(TheirClose, twice_is_once) {
  reactor::Loop loop;
  Line line(loop);
  line.peer.close_frame(1000);
  line.peer.close_frame(1001);
  EXPECT_EQ(line.peer.all_to_end(), "close 1000; end");
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; close 1000, by the peer, clean; gone");
}

// ---- Who closes TCP first (RFC 6455 7.1.1)

TEST(TheEndOfTcp, a_server_closes_first) {
  reactor::Loop loop;
  Line line(loop, {}, reactor::tests::tcp_pair());
  line.peer.close_frame(1000);
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.peer.arrived(), "close 1000");
  EXPECT_TRUE(line.peer.finished()) << "its FIN, at once, while we have not sent ours";
  line.peer.socket().close();
  EXPECT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
}

TEST(TheEndOfTcp, a_client_waits_for_the_server) {
  for (const bool we_begin : {true, false}) {
    reactor::Loop loop;
    Line line(loop, {.role = Role::kClient}, reactor::tests::tcp_pair());
    if (we_begin) line.ws().close(1000);
    line.peer.close_frame(1000);
    EXPECT_TRUE(line.wait_until_gone());
    turn(loop, 20);
    EXPECT_EQ(line.peer.arrived(), "close 1000");
    EXPECT_FALSE(line.peer.ended());
    EXPECT_EQ(loop.residents(), 1U) << "what lingers";
    line.peer.socket().half_close();
    EXPECT_EQ(line.peer.all_to_end(), "end");
    EXPECT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
  }
}

TEST(TheEndOfTcp, a_client_does_not_wait_for_ever) {
  reactor::Loop loop;
  Line line(loop, {.role = Role::kClient});
  line.peer.close_frame(1000);
  EXPECT_EQ(line.peer.all_to_end(), "close 1000; end");  // after the two seconds of lingering
  EXPECT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
}

// ---- Without a close handshake

TEST(LostConnection, a_fin_without_a_close_frame_is_1006) {
  for (const Role role : kRoles) {
    const Role sender = role == Role::kServer ? Role::kClient : Role::kServer;
    const std::string unfinished = frame(sender, Opcode::kText, "unfinished", false);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5}, unfinished.size()}) {
      reactor::Loop loop;
      Line line(loop, {.role = role});
      line.peer.send(unfinished.substr(0, size));
      line.peer.socket().half_close();
      EXPECT_EQ(line.peer.all_to_end(), "end") << "there is nobody to say goodbye to";
      EXPECT_TRUE(line.wait_until_gone());
      EXPECT_EQ(line.told().all(), "open; close 1006, lost; gone");
    }
  }
}

TEST(LostConnection, a_fin_comes_after_everything_that_was_said_before_it) {
  reactor::Loop loop;
  Line line(loop);
  std::string many;
  for (int each = 0; each < 40; ++each) many += frame(Role::kClient, Opcode::kBinary, std::string(4000, 'x'));
  line.peer.send(many);
  line.peer.socket().half_close();
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().count("binary 4000 bytes"), 40U);
  EXPECT_EQ(line.told().end(), "close 1006, lost");
}

TEST(LostConnection, a_reset_is_1006) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role}, reactor::tests::tcp_pair());
    line.peer.text("hello");
    EXPECT_TRUE(line.wait_for("text hello"));
    line.peer.socket().close_by_reset();
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_EQ(line.told().all(), "open; text hello; close 1006, lost; gone");
    EXPECT_EQ(loop.residents(), 0U);
  }
}

TEST(LostConnection, is_noticed_by_a_write_too_and_told_at_the_end_of_the_turn) {
  reactor::Loop loop;
  Line line(loop);
  line->at_message = [](Connection& ws, const Message&) {
    for (int each = 0; each < 3; ++each) ws.write_text(std::string(100000, 'x'));
  };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "two"));
  line.peer.socket().close();
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; text one; text two; close 1006, lost; gone");
}

TEST(Terminate, ends_without_a_word_at_the_end_of_the_turn) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    line.ws().write_text("queued, and lost");
    line.ws().terminate();
    line.ws().terminate();
    line.ws().close(1000);
    line.ws().write_text("nothing");
    EXPECT_FALSE(line.ws().is_open());
    EXPECT_EQ(line.told().all(), "open") << "told later, never from inside";
    turn(loop, 1);
    EXPECT_EQ(line.told().all(), "open; close 1006, by us; gone");
    EXPECT_NE(line.peer.all_to_end().find("end"), std::string::npos);
  }
}

TEST(Terminate, behind_our_close_says_what_that_said) {
  reactor::Loop loop;
  Line line(loop);
  line.ws().close(4000, "first");
  line.ws().terminate();
  turn(loop, 2);
  EXPECT_EQ(line.told().all(), "open; close 4000 first, by us; gone");
}

// ---- After a broken rule

struct Breach {
  Role role;
  const char* what;
  std::string bytes;
  int code;
};

std::string masked(unsigned first, std::string_view payload) {
  std::string bytes = frame(Role::kClient, Opcode::kText, payload);
  bytes[0] = static_cast<char>(first);
  return bytes;
}

TEST(BrokenRule, is_named_in_a_close_frame_with_a_fin_at_its_heels) {
  const Breach rows[] = {
      {Role::kServer, "not masked (5.1)", "\x81\x05Hello", 1002},
      {Role::kServer, "a request of HTTP", "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n", 1002},
      {Role::kServer, "a reserved bit (5.2)", masked(0xC1, "Hello"), 1002},
      {Role::kServer, "a reserved opcode (5.2)", masked(0x83, "Hello"), 1002},
      {Role::kServer, "a fragmented ping (5.5)", masked(0x09, "Hello"), 1002},
      {Role::kServer, "a ping of 126 bytes (5.5)", masked(0x89, std::string(126, 'p')), 1002},
      {Role::kServer, "a continuation of nothing (5.4)", masked(0x80, "Hello"), 1002},
      {Role::kServer, "a message in a message (5.4)", masked(0x01, "Hel") + masked(0x81, "lo"), 1002},
      {Role::kServer, "a Close of one byte (5.5.1)", masked(0x88, "x"), 1002},
      {Role::kServer, "a Close with 1005 (7.4.1)", masked(0x88, close_payload(1005)), 1002},
      {Role::kServer, "a reason that is no UTF-8 (5.5.1)", masked(0x88, close_payload(1000, "\xFF")), 1007},
      {Role::kServer, "text that is no UTF-8 (8.1)", masked(0x81, "Hello\xFF"), 1007},
      {Role::kServer, "text that cannot become UTF-8, in an unfinished frame",
       masked(0x81, std::string("Hello\xFF") + std::string(100, 'x')).substr(0, 30), 1007},
      {Role::kServer, "a message above the limit", masked(0x82, std::string(2001, 'x')).substr(0, 8), 1009},
      {Role::kServer, "one more fragment than the limit",
       masked(0x01, "") + masked(0x00, "") + masked(0x00, "") + masked(0x00, ""), 1008},
      {Role::kClient, "masked (5.1)", masked(0x81, "Hello"), 1002},
      {Role::kClient, "a reserved opcode (5.2)", std::string("\x8B\x00", 2), 1002},
      {Role::kClient, "text that is no UTF-8 (8.1)", "\x81\x01\xFF", 1007},
  };
  for (const Breach& row : rows) {
    reactor::Loop loop;
    Line line(loop, {.role = row.role, .limits = {.max_message = 2000, .max_fragments = 3}},
              reactor::tests::tcp_pair());
    line->at_message = [](Connection& ws, const Message& message) { ws.write_message(message.type, message.payload); };
    line.peer.text("before");
    const std::uint64_t start = loop.now();
    line.peer.send(row.bytes);
    line.peer.send(std::string(100000, 'z'));  // what comes after it is drained, so no reset eats the Close frame
    const std::string seen = line.peer.all_to_end();
    EXPECT_TRUE(seen.starts_with("text before; close " + std::to_string(row.code) + " ")) << row.what << ": " << seen;
    EXPECT_TRUE(seen.ends_with("; end")) << row.what << ": " << seen;
    EXPECT_TRUE(line.gone()) << row.what << ": the connection does not wait for anything";
    EXPECT_LT(loop.now(), start + 1500) << row.what << ": nor does the FIN wait for the end of the lingering";
    EXPECT_EQ(line.told().count("text before"), 1U);
    const std::string told = line.told().end();
    EXPECT_TRUE(told.starts_with("close " + std::to_string(row.code) + " ")) << row.what << ": " << told;
    EXPECT_TRUE(told.ends_with(", by us")) << row.what << ": " << told;
    line.peer.socket().close();
    EXPECT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; })) << row.what;
  }
}

TEST(BrokenRule, is_not_preceded_by_what_came_before_it_in_the_same_packet_being_lost) {
  reactor::Loop loop;
  Line line(loop);
  line->at_message = [](Connection& ws, const Message& message) { ws.write_message(message.type, message.payload); };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kPing, "two") + "GET");
  const std::string seen = line.peer.all_to_end();
  EXPECT_TRUE(seen.starts_with("text one; pong two; close 1002 ")) << seen;
}

// ---- The loop shuts down

TEST(ShutDown, says_1001_and_waits_for_the_answers) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line one(loop, {.role = role});
    Line other(loop, {.role = role});
    loop.shut_down(Milliseconds(10000));
    loop.post([&] {
      one.peer.close_frame(1001);
      other.peer.close_frame(1001);
      one.peer.socket().half_close();
      other.peer.socket().half_close();
    });
    loop.run();
    EXPECT_EQ(loop.cut_off_count(), 0U);
    const std::string words = role == Role::kServer ? "close 1001 the server is shutting down" : "close 1001";
    for (Line* line : {&one, &other}) {
      EXPECT_EQ(line->told().all(), "open; " + words + ", by us, clean; gone");
      EXPECT_EQ(line->peer.all_to_end(), words + "; end");
    }
  }
}

TEST(ShutDown, cuts_off_who_does_not_answer_and_tells_their_sessions) {
  reactor::Loop loop;
  Line silent(loop);
  Line already_closing(loop);
  Line terminated(loop);
  already_closing.ws().close(4000, "before");
  silent->at_close = [&](Connection&, const Closed&) { terminated.ws().terminate(); };
  const std::uint64_t start = loop.now();
  loop.shut_down(Milliseconds(50));
  loop.run();
  EXPECT_GE(loop.now(), start + 50);
  EXPECT_EQ(loop.cut_off_count(), 3U);
  EXPECT_EQ(silent.told().all(), "open; close 1001 the server is shutting down, by us; gone");
  EXPECT_EQ(already_closing.told().all(), "open; close 4000 before, by us; gone");
  EXPECT_EQ(terminated.told().all(), "open; close 1001 the server is shutting down, by us; gone");
  EXPECT_EQ(silent.peer.all_to_end(), "close 1001 the server is shutting down; end");
}

TEST(ShutDown, of_a_loop_that_is_stopped_tells_all_that_are_left) {
  reactor::Loop loop;
  Line line(loop);
  loop.shut_down(Milliseconds(60000));
  loop.stop();
  loop.run();
  EXPECT_EQ(line.told().all(), "open; close 1001 the server is shutting down, by us; gone");
}

TEST(ShutDown, meets_a_connection_that_opens_meanwhile) {
  reactor::Loop loop;
  Line keeps_it_running(loop);
  loop.shut_down(Milliseconds(10000));
  Line line(loop, {.early = frame(Role::kClient, Opcode::kText, "early")});
  EXPECT_EQ(line.peer.next(), "close 1001 the server is shutting down");
  line.peer.close_frame(1001);
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; close 1001 the server is shutting down, by us, clean; gone");
}

TEST(ShutDown, a_loop_that_is_destroyed_frees_everything_and_tells_nothing) {
  auto told = std::make_shared<Told>();
  {
    reactor::Loop loop;
    Line line(loop, {.told = told});
    line.peer.send(Opcode::kBinary, std::string(100000, 'x'), false);
    turn(loop);
  }
  EXPECT_EQ(told->all(), "open; gone");
}

}  // namespace
}  // namespace ws
