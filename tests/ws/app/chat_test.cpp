// Who is told what in /chat: connections on a loop, and clients written by hand at the other end.
#include "ws/app/chat.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "reactor/ticker.hpp"
#include "tests/reactor/sockets.hpp"
#include "tests/reactor/turns.hpp"
#include "tests/ws/line.hpp"
#include "ws/app/chat_message.hpp"

namespace ws::app {
namespace {

using reactor::Milliseconds;
using reactor::tests::SocketPair;
using reactor::tests::turn_until;
using ws::tests::FramePeer;

// One client of /chat, with its connection on the server's side.
class Client : public FramePeer {
 public:
  Client(reactor::Loop& loop, Chat& chat, const std::string& user, SocketPair pair = reactor::tests::unix_pair())
      : FramePeer(loop, std::move(pair.theirs), Role::kClient) {
    auto settings = std::make_shared<const Settings>();
    loop.keep(settings);
    loop.adopt(std::make_unique<Connection>(Role::kServer,
                                            std::make_unique<reactor::Stream>(loop, std::move(pair.ours)),
                                            std::make_unique<ChatSession>(chat, user, "1.2.3.4:5"), *settings))
        .open({});
  }
};

// A chat whose clients have no time of their own: `heard(client)` is all that has been said to it so far.
class ChatTest : public testing::Test {
 protected:
  explicit ChatTest(const ChatOptions& options = {.max_messages_per_second = 0}, std::size_t max_queue = 1U << 20)
      : chat(loop, options, max_queue) {
    loop.set_log(reactor::LogLevel::kInfo,
                 [this](reactor::LogLevel, std::string_view line) { log.emplace_back(line); });
  }

  Client& enter(const std::string& user, SocketPair pair = reactor::tests::unix_pair()) {
    clients.push_back(std::make_unique<Client>(loop, chat, user, std::move(pair)));
    return *clients.back();
  }

  // A ping's pong comes behind all that was written before, and what others were told leaves in the same turn.
  std::vector<std::string> heard(Client& client) {
    std::vector<std::string> texts;
    client.send(Opcode::kPing, "now");
    for (;;) {
      const ws::tests::Frame frame = client.next_frame();
      if (frame.opcode != Opcode::kText) return texts;
      texts.push_back(frame.payload);
    }
  }
  void quiet() {
    for (const auto& client : clients) heard(*client);
  }
  // Says it and returns what the speaker hears.
  std::vector<std::string> say(Client& client, const std::string& text) {
    client.text(text);
    return heard(client);
  }

  using Texts = std::vector<std::string>;
  using Opcode = protocol::Opcode;

  reactor::Loop loop;
  Chat chat;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::string> log;
};

std::string code_in(const std::vector<std::string>& texts) {
  if (texts.size() != 1) return std::to_string(texts.size()) + " messages";
  const std::string before = R"({"type":"error","code":")";
  if (!texts[0].starts_with(before)) return texts[0];
  return texts[0].substr(before.size(), texts[0].find('"', before.size()) - before.size());
}

TEST_F(ChatTest, who_comes_is_welcomed_with_who_is_there_and_the_others_hear_of_it) {
  Client& alice = enter("Alice");
  EXPECT_EQ(heard(alice), Texts{R"({"type":"welcome","user":"Alice","online":["Alice"]})"});
  Client& bob = enter("Bob");
  EXPECT_EQ(heard(bob), Texts{R"({"type":"welcome","user":"Bob","online":["Alice","Bob"]})"});
  EXPECT_EQ(heard(alice), Texts{R"({"type":"presence","user":"Bob","status":"online"})"});
  bob.close_frame(1000);
  EXPECT_EQ(bob.all_to_end(), "close 1000; end");
  EXPECT_EQ(heard(alice), Texts{R"({"type":"presence","user":"Bob","status":"offline"})"});
}

TEST_F(ChatTest, a_user_comes_with_the_first_connection_and_goes_with_the_last_by_whatever_end) {
  Client& alice = enter("Alice");
  Client& first = enter("Bob");
  Client& second = enter("Bob");
  EXPECT_EQ(heard(second), Texts{R"({"type":"welcome","user":"Bob","online":["Alice","Bob"]})"});
  EXPECT_EQ(heard(first).size(), 1U);
  EXPECT_EQ(heard(alice).size(), 2U);
  first.socket().half_close();
  EXPECT_EQ(first.all_to_end(), "end");
  EXPECT_EQ(heard(alice), Texts{});
  second.send("\xff\xff");  // no frame
  static_cast<void>(second.all_to_end());
  EXPECT_EQ(heard(alice), Texts{R"({"type":"presence","user":"Bob","status":"offline"})"});
}

TEST_F(ChatTest, a_private_message_goes_on_as_it_came_to_every_connection_of_both_but_the_sending_one) {
  Client& alice = enter("Alice");
  Client& alice_too = enter("Alice");
  Client& bob = enter("Bob");
  Client& bob_too = enter("Bob");
  Client& charlie = enter("Charlie");
  quiet();
  const std::string said =
      R"( {"type":"private_message", "sender":"Alice","receiver":"Bob","n":1.00,"message":"Hey \u0042ob","x":[{}]} )";
  EXPECT_EQ(say(alice, said), Texts{});
  for (Client* client : {&alice_too, &bob, &bob_too}) EXPECT_EQ(heard(*client), Texts{said});
  EXPECT_EQ(heard(charlie), Texts{});
}

TEST_F(ChatTest, a_private_message_to_oneself_comes_once_to_every_own_connection) {
  Client& alice = enter("Alice");
  Client& alice_too = enter("Alice");
  Client& bob = enter("Bob");
  quiet();
  const std::string said = R"({"type":"private_message","sender":"Alice","receiver":"Alice","message":"note"})";
  EXPECT_EQ(say(alice, said), Texts{said});
  EXPECT_EQ(heard(alice_too), Texts{said});
  EXPECT_EQ(heard(bob), Texts{});
}

TEST_F(ChatTest, a_message_goes_to_everybody_but_the_connection_that_sent_it) {
  Client& alice = enter("Alice");
  Client& alice_too = enter("Alice");
  Client& bob = enter("Bob");
  Client& nobody = enter("");
  quiet();
  EXPECT_EQ(say(alice, R"({"type":"message","message":"hi","id":7})"), Texts{R"({"type":"ack","id":7})"});
  const std::string filled = R"({"sender":"Alice","type":"message","message":"hi","id":7})";
  EXPECT_EQ(heard(alice_too), Texts{filled});
  EXPECT_EQ(heard(bob), Texts{filled});
  EXPECT_EQ(heard(nobody), Texts{});
}

TEST_F(ChatTest, a_room_is_joined_by_connections_and_its_presence_is_of_users) {
  Client& alice = enter("Alice");
  Client& bob = enter("Bob");
  Client& bob_too = enter("Bob");
  Client& charlie = enter("Charlie");
  say(alice, R"({"type":"join","room":"cats"})");
  quiet();
  EXPECT_EQ(say(bob, R"({"type":"join","room":"cats","id":1})"), Texts{R"({"type":"ack","id":1})"});
  EXPECT_EQ(say(bob, R"({"type":"join","room":"cats","id":2})"), Texts{R"({"type":"ack","id":2})"});
  EXPECT_EQ(say(bob_too, R"({"type":"join","room":"cats","id":3})"), Texts{R"({"type":"ack","id":3})"});
  EXPECT_EQ(heard(alice), Texts{R"({"type":"presence","user":"Bob","status":"joined","room":"cats"})"});
  EXPECT_EQ(say(charlie, R"({"type":"who","room":"cats"})"),
            Texts{R"({"type":"who","room":"cats","online":["Alice","Bob"]})"});

  EXPECT_EQ(say(bob, R"({"type":"room_message","room":"cats","message":"meow"})"), Texts{});
  const std::string filled = R"({"sender":"Bob","type":"room_message","room":"cats","message":"meow"})";
  EXPECT_EQ(heard(alice), Texts{filled});
  EXPECT_EQ(heard(bob_too), Texts{filled});
  EXPECT_EQ(heard(charlie), Texts{});

  EXPECT_EQ(say(bob, R"({"type":"leave","room":"cats","id":4})"), Texts{R"({"type":"ack","id":4})"});
  EXPECT_EQ(code_in(say(bob, R"({"type":"leave","room":"cats"})")), "not_in_room");
  EXPECT_EQ(code_in(say(bob, R"({"type":"room_message","room":"cats","message":"meow"})")), "not_in_room");
  EXPECT_EQ(heard(alice), Texts{});
  bob_too.close_frame(1000);
  EXPECT_EQ(bob_too.all_to_end(), "close 1000; end");
  EXPECT_EQ(heard(alice), Texts{R"({"type":"presence","user":"Bob","status":"left","room":"cats"})"});
  EXPECT_EQ(say(alice, R"({"type":"who","room":"cats"})"), Texts{R"({"type":"who","room":"cats","online":["Alice"]})"});
}

TEST_F(ChatTest, a_room_of_any_name_is_not_the_whole_chat) {
  Client& alice = enter("Alice");
  Client& bob = enter("Bob");
  quiet();
  for (const std::string room : {"everybody", "room ", "room cats"}) {
    EXPECT_EQ(say(alice, R"({"type":"join","room":")" + room + "\"}"), Texts{});
    EXPECT_EQ(say(alice, R"({"type":"room_message","room":")" + room + R"(","message":"x"})"), Texts{});
  }
  EXPECT_EQ(code_in(say(bob, R"({"type":"room_message","room":"cats","message":"x"})")), "not_in_room");
  EXPECT_EQ(heard(bob), Texts{});
}

TEST_F(ChatTest, a_hello_names_a_connection_once) {
  Client& alice = enter("");
  EXPECT_EQ(heard(alice), Texts{});
  for (const char* early : {R"({"type":"who"})", R"({"type":"message","sender":"Alice","message":"hi"})",
                            R"({"type":"join","room":"cats"})"}) {
    EXPECT_EQ(code_in(say(alice, early)), "hello_first") << early;
  }
  EXPECT_EQ(code_in(say(alice, R"({"type":"hello","sender":""})")), "bad_field");
  EXPECT_EQ(say(alice, R"({"type":"hello","sender":"Alice","id":"a"})"),
            (Texts{R"({"type":"welcome","user":"Alice","online":["Alice"]})", R"({"type":"ack","id":"a"})"}));
  EXPECT_EQ(code_in(say(alice, R"({"type":"hello","sender":"Alice"})")), "already_named");
  EXPECT_EQ(code_in(say(alice, R"({"type":"hello","sender":"Bob"})")), "already_named");
  Client& bob = enter("Bob");
  heard(bob);
  EXPECT_EQ(code_in(say(bob, R"({"type":"hello","sender":"Bob"})")), "already_named");
}

TEST_F(ChatTest, nobody_speaks_in_anothers_name) {
  Client& alice = enter("Alice");
  Client& mallory = enter("Mallory");
  quiet();
  for (const char* sender : {"Alice", "mallory", "Mallory ", ""}) {
    for (const char* rest : {R"("type":"message","message":"hi")", R"("type":"who")", R"("type":"join","room":"r")",
                             R"("type":"private_message","receiver":"Alice","message":"hi")"}) {
      EXPECT_EQ(code_in(say(mallory, R"({"sender":")" + std::string(sender) + "\"," + rest + "}")), "not_your_name");
    }
  }
  EXPECT_EQ(heard(alice), Texts{});
}

TEST_F(ChatTest, an_error_has_a_sentence_and_the_id_and_nobody_else_hears_of_it) {
  Client& alice = enter("Alice");
  Client& bob = enter("Bob");
  quiet();
  EXPECT_EQ(say(alice, R"({"type":"private_message","receiver":"Z\u00e9 \"\\","message":"hi","id":"\u0031"})"),
            Texts{R"({"type":"error","code":"unknown_receiver","message":"Zé \"\\ is not online","id":"\u0031"})"});
  EXPECT_EQ(say(alice, R"({"type":"leave","room":"cats","id":1})"),
            Texts{R"({"type":"error","code":"not_in_room","message":"you are not in cats","id":1})"});
  alice.send(Opcode::kBinary, R"({"type":"who"})");
  EXPECT_EQ(code_in(heard(alice)), "not_text");
  EXPECT_EQ(code_in(say(alice, "")), "bad_json");
  EXPECT_EQ(heard(bob), Texts{});
}

TEST_F(ChatTest, coming_and_going_is_logged_and_what_is_said_is_not) {
  Client& alice = enter("Al \\ice");
  Client& nobody = enter("");
  say(alice, R"({"type":"message","message":"secret"})");
  alice.close_frame(4001, "bye\nnow");
  static_cast<void>(alice.all_to_end());
  nobody.socket().half_close();
  static_cast<void>(nobody.all_to_end());
  ASSERT_TRUE(turn_until(loop, [&] { return log.size() >= 3; }));
  EXPECT_EQ(log[0], "1.2.3.4:5 entered /chat as Al \\\\ice");
  EXPECT_TRUE(log[1].starts_with("1.2.3.4:5 left /chat as Al \\\\ice, 4001 ")) << log[1];
  EXPECT_TRUE(log[1].ends_with(": bye\\nnow")) << log[1];
  EXPECT_TRUE(log[2].starts_with("1.2.3.4:5 left /chat without a name, 1006 ")) << log[2];
}

class SmallChatTest : public ChatTest {
 protected:
  SmallChatTest() : ChatTest({.max_messages_per_second = 0, .max_message = 100, .max_rooms = 2}, 100'000) {}
};

TEST_F(SmallChatTest, what_is_larger_than_allowed_is_refused_and_the_connection_goes_on) {
  Client& alice = enter("Alice");
  heard(alice);
  const std::string rest = R"({"type":"message","message":""})";
  EXPECT_EQ(say(alice, R"({"type":"message","message":")" + std::string(100 - rest.size(), 'x') + "\"}"), Texts{});
  EXPECT_EQ(code_in(say(alice, R"({"type":"message","message":")" + std::string(101 - rest.size(), 'x') + "\"}")),
            "too_large");
  EXPECT_EQ(say(alice, R"({"type":"who"})"), Texts{R"({"type":"who","online":["Alice"]})"});
}

TEST_F(SmallChatTest, one_connection_is_in_so_many_rooms_at_one_time) {
  Client& alice = enter("Alice");
  heard(alice);
  EXPECT_EQ(say(alice, R"({"type":"join","room":"a"})"), Texts{});
  EXPECT_EQ(say(alice, R"({"type":"join","room":"b"})"), Texts{});
  EXPECT_EQ(code_in(say(alice, R"({"type":"join","room":"c","id":1})")), "too_large");
  EXPECT_EQ(say(alice, R"({"type":"join","room":"b"})"), Texts{});
  EXPECT_EQ(say(alice, R"({"type":"leave","room":"a"})"), Texts{});
  EXPECT_EQ(say(alice, R"({"type":"join","room":"c"})"), Texts{});
}

TEST_F(SmallChatTest, who_does_not_read_misses_messages_and_is_told_how_many_and_nobody_is_closed) {
  Client& alice = enter("Alice");
  Client& slow = enter("Slow", ws::tests::narrow_pair());
  Client& bob = enter("Bob");
  quiet();
  const std::string mark = R"({"type":"private_message","receiver":"Slow","message":"0123456789012345678901234"})";
  std::size_t refused = 0;
  std::size_t taken = 0;
  while (refused < 10) {
    const Texts answer = say(alice, mark);
    if (answer.empty()) ++taken;
    if (!answer.empty()) {
      ASSERT_EQ(code_in(answer), "too_fast");
      ++refused;
    }
    ASSERT_LT(taken, 1'000'000U);
  }
  for (int index = 0; index < 5; ++index) say(alice, R"({"type":"message","message":"to all"})");
  EXPECT_EQ(heard(bob).size(), 5U);

  // The pong that was owed comes with the drain, before what the session says then.
  Texts all = heard(slow);
  for (const std::string& text : heard(slow)) all.push_back(text);
  ASSERT_EQ(all.size(), taken + 1);
  EXPECT_EQ(all.back(), R"({"type":"missed","count":15})");
  EXPECT_EQ(say(alice, mark), Texts{});
  EXPECT_EQ(heard(slow).size(), 1U);
}

class FastChatTest : public ChatTest {
 protected:
  FastChatTest() : ChatTest({.max_messages_per_second = 5}) {}
};

TEST_F(FastChatTest, what_comes_too_fast_is_refused_with_its_id_and_reaches_nobody) {
  Client& alice = enter("Alice");
  Client& bob = enter("Bob");
  quiet();
  std::string burst;
  for (int index = 0; index < 8; ++index) {
    burst += ws::tests::frame(Role::kClient, Opcode::kText,
                              R"({"type":"message","message":"x","id":)" + std::to_string(index) + "}");
  }
  alice.send(burst);
  const Texts answers = heard(alice);
  ASSERT_EQ(answers.size(), 8U);
  EXPECT_EQ(answers[4], R"({"type":"ack","id":4})");
  EXPECT_TRUE(answers[5].starts_with(R"({"type":"error","code":"too_fast")") && answers[5].ends_with(R"("id":5})"))
      << answers[5];
  EXPECT_EQ(heard(bob).size(), 5U);
  // In 200 ms there is room for one more.
  reactor::Deadline pause;
  bool over = false;
  pause.start(loop, Milliseconds(250), [&over] { over = true; });
  ASSERT_TRUE(turn_until(loop, [&over] { return over; }));
  EXPECT_EQ(say(alice, R"({"type":"message","message":"x"})"), Texts{});
}

TEST_F(FastChatTest, a_flood_is_closed_with_1008_after_a_thousand_refusals_and_nobody_else_is) {
  Client& alice = enter("Alice");
  Client& bob = enter("Bob");
  quiet();
  std::string flood;
  for (std::uint32_t index = 0; index < kFlood + 100; ++index) {
    flood +=
        ws::tests::frame(Role::kClient, Opcode::kText, index % 2 == 0 ? "{" : R"({"type":"message","message":"x"})");
  }
  alice.send(flood);
  std::size_t refusals = 0;
  ws::tests::Frame last;
  while ((last = alice.next_frame()).opcode == Opcode::kText) {
    refusals += last.payload.find("too_fast") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(refusals, kFlood);
  EXPECT_EQ(in_words(last), "close 1008 too many messages, too fast");
  alice.close_frame(1008);
  static_cast<void>(alice.all_to_end());
  const Texts others = heard(bob);
  ASSERT_FALSE(others.empty());
  EXPECT_EQ(others.back(), R"({"type":"presence","user":"Alice","status":"offline"})");
}

}  // namespace
}  // namespace ws::app
