// The client's opening handshake (RFC 6455 4.1) against a server that is written here by hand, and that does all that a
// server must not do. Whatever happens, exactly one of on_open and on_failure is told.
#include "ws/client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/reactor/temporary_folder.hpp"
#include "tests/ws/line.hpp"
#include "ws/protocol/handshake.hpp"

namespace ws {
namespace {

using namespace tests;

std::string value_of(const std::string& head, const std::string& name) {
  const std::string before = "\r\n" + name + ": ";
  const std::size_t at = head.find(before);
  if (at == std::string::npos) return "";
  const std::size_t from = at + before.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

// The right answer to `request`.
std::string answer_to(const std::string& request, const std::string& more_fields = "") {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         protocol::accept_key(value_of(request, "Sec-WebSocket-Key")) + "\r\n" + more_fields + "\r\n";
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), by);
}

// A listening socket, a loop, and what became of the newest attempt.
struct Attempt {
  std::string url(const std::string& target = "/ws") const {
    return "ws://127.0.0.1:" + std::to_string(port()) + target;
  }
  std::uint16_t port() const { return reactor::Address::of_socket(listening.get()).port(); }

  void connect(ConnectOptions options = {}) { connect_to(url(), std::move(options)); }
  void connect_to(const std::string& where, ConnectOptions options = {}) {
    told = std::make_shared<Told>();
    failures.clear();
    options.on_failure = [this](const ConnectFailure& failure) { failures.push_back(failure); };
    ws::connect(loop, where, std::make_unique<Script>(told), std::move(options));
  }

  // The server's side of the newest attempt.
  FramePeer& accept() {
    EXPECT_TRUE(turn_until(loop, [this] {
      reactor::FileDescriptor socket(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.valid()) peer.emplace(loop, std::move(socket), Role::kServer);
      return peer.has_value();
    }));
    return *peer;
  }
  // The request that the client sends.
  std::string request() {
    std::string head;
    EXPECT_TRUE(turn_until(loop, [&] {
      head += peer->socket().receive();
      return head.ends_with("\r\n\r\n");
    })) << head;
    return head;
  }
  // Connects and answers with what `answer` makes of the request.
  void converse(const std::function<std::string(const std::string&)>& answer, ConnectOptions options = {}) {
    peer.reset();
    connect(std::move(options));
    accept();
    peer->send(answer(request()));
  }

  // Turns until nothing of the attempt is left, and returns the one failure's words.
  std::string failure() {
    EXPECT_TRUE(turn_until(loop, [this] { return loop.residents() == 0 && told->gone() && !failures.empty(); }));
    EXPECT_EQ(failures.size(), 1U);
    EXPECT_EQ(told->all(), "gone") << "a session that was not opened hears nothing";
    return failures.empty() ? "none" : failures.front().text;
  }
  void expect_open() {
    EXPECT_TRUE(turn_until(loop, [this] { return told->has("open") || !failures.empty(); }));
    EXPECT_TRUE(failures.empty()) << failures.front().text;
  }

  std::shared_ptr<Told> told;
  std::vector<ConnectFailure> failures;
  reactor::FileDescriptor listening = reactor::tests::listening_socket();
  reactor::Loop loop;
  std::optional<FramePeer> peer;
};

class Client : public ::testing::Test, protected Attempt {};

// ---- It comes about

TEST_F(Client, asks_as_the_rfc_wants_it_and_opens) {
  connect();
  accept();
  const std::string head = request();
  const std::string key = value_of(head, "Sec-WebSocket-Key");
  EXPECT_EQ(head, "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) +
                      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
                      "\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(key.size(), 24U);
  EXPECT_EQ(told->all(), "");
  peer->send(answer_to(head));
  expect_open();
  peer->text("Hello");
  EXPECT_TRUE(turn_until(loop, [&] { return told->has("text Hello"); }));
  peer->close_frame(1000, "bye");
  EXPECT_EQ(peer->next(), "close 1000");
  peer->socket().close();
  EXPECT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
  EXPECT_EQ(told->all(), "open; text Hello; close 1000 bye, by the peer, clean; gone");
  EXPECT_TRUE(failures.empty());
}

TEST_F(Client, says_what_its_options_say) {
  connect_to(url("?room=7"), {.subprotocols = {"chat", "superchat"},
                              .origin = "https://app.example",
                              .headers = {{"Authorization", "Bearer x"}, {"Cookie", "a=b; c=d"}, {"X-Empty", ""}}});
  accept();
  const std::string head = request();
  EXPECT_TRUE(head.starts_with("GET /?room=7 HTTP/1.1\r\n")) << head;
  EXPECT_EQ(value_of(head, "Sec-WebSocket-Protocol"), "chat, superchat");
  EXPECT_EQ(value_of(head, "Origin"), "https://app.example");
  EXPECT_EQ(value_of(head, "Authorization"), "Bearer x");
  EXPECT_EQ(value_of(head, "Cookie"), "a=b; c=d");
  EXPECT_NE(head.find("\r\nX-Empty: \r\n"), std::string::npos);
}

// RFC 7617 2: base64 of NAME:PASSWORD.
TEST_F(Client, sends_credentials_as_basic_authorisation) {
  struct Row {
    const char* user_part;
    ConnectOptions options;
    const char* header;
  };
  const Row rows[] = {
      {"", {}, ""},
      {"", {.credentials = "Aladdin:open sesame"}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
      {"Aladdin:open%20sesame@", {}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
      {"other@", {.credentials = "a:b"}, "Basic YTpi"},
      {"other@", {.headers = {{"authorization", "Bearer x"}}}, "Bearer x"},
  };
  for (const Row& row : rows) {
    peer.reset();
    connect_to(replaced(url(), "//", "//" + std::string(row.user_part)), row.options);
    accept();
    const std::string head = request();
    EXPECT_EQ(value_of(head, "Authorization") + value_of(head, "authorization"), row.header);
    EXPECT_TRUE(value_of(head, "Authorization").empty() || value_of(head, "authorization").empty());
    EXPECT_EQ(value_of(head, "Host"), "127.0.0.1:" + std::to_string(port()));
  }
}

TEST_F(Client, connects_to_a_unix_socket) {
  const reactor::tests::TemporaryFolder folder;
  const std::string path = folder.path() + "/s";
  const reactor::Address address = reactor::Address::unix_path(path);
  listening = reactor::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listening.get(), address.data(), address.size()), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  connect_to("ws+unix:" + path + ":/ws?x");
  accept();
  const std::string head = request();
  EXPECT_TRUE(head.starts_with("GET /ws?x HTTP/1.1\r\nHost: localhost\r\n")) << head;
  peer->send(answer_to(head));
  expect_open();
  peer.reset();
  EXPECT_TRUE(turn_until(loop, [&] { return told->gone(); }));
  connect_to("ws+unix:" + path + ".not:/");
  const std::string words = failure();
  EXPECT_NE(words.find(path + ".not"), std::string::npos) << words;
}

TEST_F(Client, uses_a_fresh_key_for_each_connection_and_a_fresh_masking_key_for_each_frame) {
  std::set<std::string> keys;
  std::set<protocol::MaskingKey> masking_keys;
  for (int each = 0; each < 10; ++each) {
    converse([&](const std::string& head) {
      keys.insert(value_of(head, "Sec-WebSocket-Key"));
      return answer_to(head);
    });
    told->at_message = [](Connection& ws, const Message& message) { ws.write_text(message.text()); };
    for (int frame = 0; frame < 10; ++frame) {
      peer->text("the same");
      const Frame got = peer->next_frame();
      EXPECT_TRUE(got.masked);
      EXPECT_EQ(got.payload, "the same");
      masking_keys.insert(got.key);
    }
  }
  EXPECT_EQ(keys.size(), 10U);
  EXPECT_EQ(masking_keys.size(), 100U);
}

TEST_F(Client, loses_no_frame_however_answer_and_frames_are_cut) {
  const std::string frames = frame(Role::kServer, Opcode::kText, "first") +
                             frame(Role::kServer, Opcode::kPing, "second") +
                             frame(Role::kServer, Opcode::kText, "third");
  const std::size_t whole = answer_to("").size() + frames.size();
  for (std::size_t cut = 1; cut <= whole; ++cut) {
    std::string sent;
    converse([&](const std::string& head) {
      sent = answer_to(head) + frames;
      return sent.substr(0, cut);
    });
    turn(loop, 2);
    peer->send(sent.substr(cut));
    EXPECT_EQ(peer->next(), "pong second");
    EXPECT_TRUE(turn_until(loop, [&] { return told->has("text third"); }));
    EXPECT_EQ(told->all(), "open; text first; text third") << cut;
  }
}

TEST_F(Client, may_be_closed_or_broken_by_what_is_glued_to_the_answer) {
  converse([](const std::string& head) {
    return answer_to(head) + frame(Role::kServer, Opcode::kClose, close_payload(1013));
  });
  EXPECT_TRUE(turn_until(loop, [&] { return told->gone(); }));
  EXPECT_EQ(told->all(), "open; close 1013, by the peer, clean; gone");
  converse([](const std::string& head) { return answer_to(head) + frame(Role::kClient, Opcode::kText, "masked"); });
  EXPECT_TRUE(turn_until(loop, [&] { return told->gone(); }));
  EXPECT_TRUE(told->all().starts_with("open; close 1002 ")) << told->all();
}

TEST_F(Client, reads_over_interim_responses) {
  converse([](const std::string& head) {
    return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + answer_to(head);
  });
  expect_open();
}

TEST_F(Client, knows_the_subprotocol_that_the_server_chose) {
  std::string chosen = "none";
  converse([](const std::string& head) { return answer_to(head, "Sec-WebSocket-Protocol: superchat\r\n"); },
           {.subprotocols = {"chat", "superchat"}});
  told->at_open = [&](Connection& ws) { chosen = ws.subprotocol(); };
  expect_open();
  EXPECT_EQ(chosen, "superchat");
  converse([](const std::string& head) { return answer_to(head); }, {.subprotocols = {"chat"}});
  told->at_open = [&](Connection& ws) { chosen = ws.subprotocol(); };
  expect_open();
  EXPECT_EQ(chosen, "") << "a server may choose none";
}

TEST_F(Client, tries_every_address_of_a_name) {
  connect_to("ws://localhost:" + std::to_string(port()) + "/");
  accept();
  peer->send(answer_to(request()));
  expect_open();
}

TEST_F(Client, gives_its_limits_and_its_trace_to_the_connection) {
  int traced = 0;
  converse([](const std::string& head) { return answer_to(head) + frame(Role::kServer, Opcode::kText, "0123456789A"); },
           {.limits = {.max_message = 10},
            .trace = [&](const Connection&, bool, const protocol::TracedFrame&) { ++traced; }});
  EXPECT_TRUE(turn_until(loop, [&] { return told->gone(); }));
  EXPECT_TRUE(told->all().starts_with("open; close 1009 ")) << told->all();
  EXPECT_EQ(traced, 2);
}

// ---- A client that sends more than it hears

TEST_F(Client, that_keeps_reading_hears_the_peer_also_behind_its_own_close) {
  for (const bool keep_reading : {false, true}) {
    converse([](const std::string& head) { return answer_to(head); }, {.keep_reading = keep_reading});
    told->at_open = [](Connection& ws) { ws.close(); };
    expect_open();
    EXPECT_EQ(peer->next(), "close 1000");
    peer->text("late");
    peer->close_frame(1000);
    peer->socket().close();
    EXPECT_TRUE(turn_until(loop, [&] { return told->gone(); }));
    EXPECT_EQ(told->all(),
              "open; " + std::string(keep_reading ? "text late; " : "") + "close 1000, by us, clean; gone");
  }
}

// An echo does not read on while its answers are not taken; if we did the same, both would wait for ever.
TEST_F(Client, that_keeps_reading_does_so_while_the_peer_takes_nothing) {
  for (const bool keep_reading : {false, true}) {
    converse([](const std::string& head) { return answer_to(head); }, {.keep_reading = keep_reading});
    told->at_open = [](Connection& ws) {
      ws.write_binary(std::vector<std::uint8_t>(16U << 20));
      EXPECT_TRUE(ws.above_high_water()) << "and so it knows when to stop";
    };
    expect_open();
    peer->text("heard");
    turn(loop, 20);
    EXPECT_EQ(told->has("text heard"), keep_reading);
  }
}

// ---- The server answers as it must not

struct Answer {
  const char* what;
  std::function<std::string(const std::string& request)> answer;
  const char* words;
};

TEST_F(Client, opens_no_connection_on_an_answer_that_is_not_the_one) {
  const auto with = [](const std::string& part, const std::string& by) {
    return [part, by](const std::string& head) { return replaced(answer_to(head), part, by); };
  };
  const auto more = [](const std::string& fields) {
    return [fields](const std::string& head) { return answer_to(head, fields); };
  };
  const Answer rows[] = {
      {"the accept value of another key",
       [](const std::string& head) {
         return replaced(answer_to(head), value_of(answer_to(head), "Sec-WebSocket-Accept"),
                         "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
       },
       "does not answer our key"},
      {"our key itself",
       [](const std::string& head) {
         return replaced(answer_to(head), value_of(answer_to(head), "Sec-WebSocket-Accept"),
                         value_of(head, "Sec-WebSocket-Key"));
       },
       "does not answer our key"},
      {"no accept value", with("Sec-WebSocket-Accept", "X-Nothing"), "does not answer our key"},
      {"two accept values",
       [](const std::string& head) {
         return answer_to(head, "Sec-WebSocket-Accept: " + value_of(answer_to(head), "Sec-WebSocket-Accept") + "\r\n");
       },
       "does not answer our key"},
      {"no Upgrade", with("Upgrade: websocket\r\n", ""), "Upgrade: websocket"},
      {"another Upgrade", with("Upgrade: websocket", "Upgrade: h2c"), "Upgrade: websocket"},
      {"no Connection", with("Connection: Upgrade\r\n", ""), "no Connection: Upgrade"},
      {"another Connection", with("Connection: Upgrade", "Connection: close"), "no Connection: Upgrade"},
      {"HTTP/1.0", with("HTTP/1.1", "HTTP/1.0"), "HTTP/1.1"},
      {"a subprotocol that nobody offered", more("Sec-WebSocket-Protocol: chat\r\n"), "subprotocol"},
      {"an extension that nobody offered", more("Sec-WebSocket-Extensions: permessage-deflate\r\n"), "extension"},
      {"200", [](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"; }, "status 200"},
      {"a redirect, which is not followed",
       [](const std::string&) {
         return "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
       },
       "status 301"},
      {"another protocol's greeting", [](const std::string&) { return "SSH-2.0-OpenSSH_9.2p1\r\n\r\n"; },
       "does not answer with sound HTTP"},
      {"frames without an answer",
       [](const std::string&) { return frame(Role::kServer, Opcode::kText, "Hello") + "\r\n\r\n"; },
       "does not answer with sound HTTP"},
      {"a line that never ends", [](const std::string&) { return "HTTP/1.1 101 " + std::string(100000, 'x'); },
       "does not answer with sound HTTP"},
      {"a folded field", with("Upgrade: websocket", "Upgrade:\r\n websocket"), "does not answer with sound HTTP"},
  };
  for (const Answer& row : rows) {
    converse(row.answer);
    const std::string words = failure();
    EXPECT_NE(words.find(row.words), std::string::npos) << row.what << ": " << words;
    EXPECT_EQ(words.find("HTTP: the server"), std::string::npos) << "said twice: " << words;
    peer->socket().receive();
    EXPECT_TRUE(turn_until(loop,
                           [&] {
                             peer->take();
                             return peer->ended();
                           }))
        << row.what << ": the connection is closed";
  }
}

TEST_F(Client, a_subprotocol_must_be_one_of_those_offered) {
  for (const char* fields :
       {"Sec-WebSocket-Protocol: other\r\n", "Sec-WebSocket-Protocol: CHAT\r\n",
        "Sec-WebSocket-Protocol: chat, superchat\r\n",
        "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: \r\n"}) {
    converse([&](const std::string& head) { return answer_to(head, fields); }, {.subprotocols = {"chat", "superchat"}});
    EXPECT_NE(failure().find("subprotocol"), std::string::npos) << fields;
  }
}

TEST_F(Client, a_refusal_is_told_with_its_status_and_the_servers_own_words) {
  struct Row {
    std::string answer;
    int status;
    std::string text;
  };
  const std::string long_words(1000, 'w');
  const Row rows[] = {
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nnot this way", 404,
       "the server answered with status 404: not this way"},
      {"HTTP/1.1 301 Moved\r\nLocation: wss://elsewhere/\xC2\x9B"
       "1m\r\nContent-Length: 0\r\n\r\n",
       301, "the server answered with status 301, which points to wss://elsewhere/ and is not followed"},
      {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 401, "the server answered with status 401"},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 16\r\n\r\nfirst line\r\nmore", 403,
       "the server answered with status 403: first line"},
      {"HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\nx\x1b[2Jevil", 400, "the server answered with status 400: x"},
      {"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n" + long_words, 503,
       "the server answered with status 503: " + long_words.substr(0, 200)},
      {"HTTP/1.0 404 Not Found\r\n\r\nold\n", 404, "the server answered with status 404: old"},
      {"HTTP/1.1 400 Bad\r\nContent-Length: 11\r\n\r\nx\xC2\x9B"
       "2J\xC2\x85 evil",
       400, "the server answered with status 400: x"},
      {"HTTP/1.1 400 Bad\r\nContent-Length: 8\r\n\r\nx\xFF\xFE evil", 400, "the server answered with status 400: x"},
  };
  for (const Row& row : rows) {
    converse([&](const std::string&) { return row.answer; });
    EXPECT_EQ(failure(), row.text);
    EXPECT_EQ(failures.at(0).status, row.status);
  }
}

TEST_F(Client, a_refusals_words_may_come_behind_its_head) {
  struct Row {
    std::string head;
    std::vector<std::string> pieces;
    bool hangs_up;
  };
  const Row rows[] = {
      {"Content-Length: 12\r\n", {"not", " this", " way"}, false},
      {"Content-Length: 14\r\n", {"not", " this way\r\n"}, false},
      {"Transfer-Encoding: chunked\r\n", {"3\r\nnot\r", "\n9\r\n this way\r\n", "0\r\n\r\n"}, false},
      {"", {"not this", " way"}, true},
      {"Content-Length: 1000\r\n", {"not this way"}, true},
      {"Content-Length: 1000\r\n", {"not this way"}, false},  // and no more: until a second is over
  };
  for (const Row& row : rows) {
    converse([&](const std::string&) { return "HTTP/1.1 404 Not Found\r\n" + row.head + "\r\n"; });
    for (const std::string& piece : row.pieces) {
      turn(loop, 2);
      EXPECT_TRUE(failures.empty()) << row.head;
      peer->send(piece);
    }
    if (row.hangs_up) peer->socket().close();
    EXPECT_EQ(failure(), "the server answered with status 404: not this way") << row.head;
    EXPECT_EQ(failures.at(0).status, 404);
  }
}

TEST_F(Client, a_server_that_hangs_up_is_told_so) {
  for (const char* begun :
       {"", "HTTP/1.1 101 Switching Proto", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"}) {
    for (const bool by_reset : {false, true}) {
      peer.reset();
      connect();
      accept();
      request();
      if (*begun != '\0') peer->send(begun);
      if (by_reset) {
        peer->socket().close_by_reset();
      } else {
        peer->socket().close();
      }
      EXPECT_EQ(failure(), "the server closed the connection during the handshake");
    }
  }
}

// ---- There is no server

TEST_F(Client, a_port_where_nobody_listens_is_named) {
  const std::string where = url();
  const std::string address = "127.0.0.1:" + std::to_string(port());
  listening.close();
  connect_to(where);
  const std::string words = failure();
  EXPECT_NE(words.find(address), std::string::npos) << words;
  EXPECT_NE(words.find("refused"), std::string::npos) << words;
}

TEST_F(Client, a_name_that_nobody_has_is_named) {
  connect_to("ws://no-such-host.invalid/", {.connect_timeout = Milliseconds(15000)});
  const std::string words = failure();
  EXPECT_NE(words.find("no-such-host.invalid"), std::string::npos) << words;
}

TEST_F(Client, a_server_that_accepts_and_says_nothing_has_until_the_deadline) {
  const std::uint64_t start = loop.now();
  connect({.connect_timeout = Milliseconds(80)});
  accept();
  request();
  EXPECT_EQ(failure(), "the server did not complete the handshake in time");
  EXPECT_GE(loop.now(), start + 80);
  EXPECT_EQ(peer->all_to_end(), "end");
}

TEST_F(Client, a_byte_now_and_then_does_not_move_the_deadline) {
  connect({.connect_timeout = Milliseconds(80)});
  accept();
  const std::string answer = answer_to(request());
  std::size_t sent = 0;
  EXPECT_TRUE(turn_until(loop, [&] {
    if (sent + 4 < answer.size()) sent += peer->socket().send_some(answer.substr(sent, 1));
    return !failures.empty();
  }));
  EXPECT_EQ(failure(), "the server did not complete the handshake in time");
}

// A listening socket whose queue is full drops the first packet of a connection, so that nothing answers at all.
TEST_F(Client, an_address_that_does_not_answer_is_named_when_the_time_is_over) {
  listening = reactor::tests::listening_socket(0);
  const reactor::Address address = reactor::Address::of_socket(listening.get());
  std::vector<reactor::FileDescriptor> callers;
  for (int each = 0; each < 8; ++each) callers.push_back(reactor::tests::call(address));
  const std::uint64_t start = loop.now();
  connect({.connect_timeout = Milliseconds(80)});
  const std::string words = failure();
  EXPECT_EQ(words, "cannot connect to " + address.to_string() + " in time");
  EXPECT_GE(loop.now(), start + 80);
}

// ---- It cannot work

TEST_F(Client, an_impossible_wish_is_an_exception_and_leaves_nothing_behind) {
  struct Row {
    const char* what;
    std::string url;
    ConnectOptions options;
  };
  const Row rows[] = {
      {"no WebSocket URL", "http://localhost/", {}},
      {"a fragment", "ws://localhost/#x", {}},
      {"TLS", "wss://localhost/", {}},
      {"a header's name with a space", url(), {.headers = {{"X Y", "z"}}}},
      {"a header's name that is empty", url(), {.headers = {{"", "z"}}}},
      {"a header's name with a colon", url(), {.headers = {{"X:", "z"}}}},
      {"a header's value with a line break", url(), {.headers = {{"X", "y\r\nEvil: z"}}}},
      {"a header's value with a line feed", url(), {.headers = {{"X", "y\nEvil: z"}}}},
      {"a header's value with a zero byte", url(), {.headers = {{"X", std::string("y\0z", 3)}}}},
      {"a Host of its own", url(), {.headers = {{"Host", "other"}}}},
      {"a Connection of its own", url(), {.headers = {{"connection", "close"}}}},
      {"an Upgrade of its own", url(), {.headers = {{"UPGRADE", "h2c"}}}},
      {"a key of its own", url(), {.headers = {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}}}},
      {"an extension of its own", url(), {.headers = {{"Sec-WebSocket-Extensions", "permessage-deflate"}}}},
      {"a body", url(), {.headers = {{"Content-Length", "5"}}}},
      {"a chunked body", url(), {.headers = {{"Transfer-Encoding", "chunked"}}}},
      {"an origin with a line break", url(), {.origin = "http://a\r\nEvil: z"}},
      {"a subprotocol with a space", url(), {.subprotocols = {"a b"}}},
      {"a subprotocol with a comma", url(), {.subprotocols = {"a,b"}}},
      {"an empty subprotocol", url(), {.subprotocols = {""}}},
      {"a subprotocol twice", url(), {.subprotocols = {"a", "a"}}},
  };
  for (const Row& row : rows) {
    EXPECT_THROW(connect_to(row.url, row.options), std::invalid_argument) << row.what;
    EXPECT_EQ(loop.residents(), 0U) << row.what;
    EXPECT_EQ(told->all(), "gone") << row.what;
    turn(loop);
    EXPECT_TRUE(failures.empty()) << row.what;
  }
}

// ---- It is interrupted

enum class Stage { kBegun, kResolving, kConnected, kAsked, kHalfAnswered };
constexpr Stage kStages[] = {Stage::kBegun, Stage::kResolving, Stage::kConnected, Stage::kAsked, Stage::kHalfAnswered};

// An attempt that has come so far.
std::unique_ptr<Attempt> attempt_at(Stage stage) {
  auto attempt = std::make_unique<Attempt>();
  const std::string name = stage == Stage::kResolving ? "localhost" : "127.0.0.1";
  attempt->connect_to("ws://" + name + ":" + std::to_string(attempt->port()) + "/ws");
  if (stage <= Stage::kResolving) return attempt;
  attempt->accept();
  if (stage == Stage::kConnected) return attempt;
  const std::string head = attempt->request();
  if (stage == Stage::kAsked) return attempt;
  attempt->peer->send(answer_to(head).substr(0, 40));
  turn(attempt->loop);
  return attempt;
}

TEST(InterruptedClient, fails_when_the_loop_shuts_down_and_does_not_hold_it_up) {
  for (const Stage stage : kStages) {
    const auto attempt = attempt_at(stage);
    attempt->loop.shut_down(Milliseconds(60000));
    attempt->loop.run();
    ASSERT_EQ(attempt->failures.size(), 1U);
    EXPECT_EQ(attempt->failures.at(0).text, "the program is shutting down");
    EXPECT_EQ(attempt->told->all(), "gone");
    EXPECT_EQ(attempt->loop.cut_off_count(), 0U);
  }
}

TEST(InterruptedClient, ends_with_the_loop_and_tells_nothing) {
  for (const Stage stage : kStages) {
    std::shared_ptr<Told> told;
    {
      const auto attempt = attempt_at(stage);
      told = attempt->told;
    }
    EXPECT_EQ(told->all(), "gone");
  }
}

TEST_F(Client, fails_in_a_later_turn_if_the_loop_is_shutting_down_already) {
  // A loop with something to wait for, or it would be done.
  Line line(loop);
  loop.shut_down(Milliseconds(60000));
  int times = 0;
  std::function<void()> again;  // at each failure, at once: from inside that call it would never end
  again = [&] {
    ws::connect(loop, url(), std::make_unique<Script>(std::make_shared<Told>()),
                {.on_failure = [&](const ConnectFailure& failure) {
                  EXPECT_EQ(failure.text, "the program is shutting down");
                  if (++times < 10) again();
                }});
  };
  again();
  EXPECT_EQ(times, 0);
  EXPECT_TRUE(turn_until(loop, [&] { return times == 10; }));
  EXPECT_THROW(ws::connect(loop, "http://x/", std::make_unique<Script>(std::make_shared<Told>())),
               std::invalid_argument);
}

// Such a client would else keep a loop busy that only waits for its connections to leave.
TEST_F(Client, who_tries_again_at_each_failure_does_not_keep_a_loop_busy_that_is_shutting_down) {
  Line line(loop);
  loop.shut_down(Milliseconds(60000));
  int times = 0;
  std::function<void()> again;
  again = [&] {
    ++times;
    ws::connect(loop, url(), std::make_unique<Script>(std::make_shared<Told>()),
                {.on_failure = [&](const ConnectFailure&) { again(); }});
  };
  again();
  const std::uint64_t start = loop.now();
  EXPECT_TRUE(turn_until(loop, [&] { return loop.now() >= start + 200; }));
  EXPECT_LE(times, 20);
}

TEST_F(Client, may_be_tried_again_from_inside_its_failure) {
  int refused = 0;
  std::function<void()> again;
  const auto session = std::make_shared<Told>();
  again = [&] {
    ws::connect(loop, url(), std::make_unique<Script>(session), {.on_failure = [&](const ConnectFailure&) {
                  ++refused;
                  again();
                }});
  };
  again();
  for (int each = 0; each < 3; ++each) {
    peer.reset();
    accept();
    request();
    peer->send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  }
  peer.reset();
  accept();
  peer->send(answer_to(request()));
  EXPECT_TRUE(turn_until(loop, [&] { return session->has("open"); }));
  EXPECT_EQ(refused, 3);
}

TEST_F(Client, without_on_failure_the_log_is_told) {
  std::string logged;
  loop.set_log(reactor::LogLevel::kWarning, [&](reactor::LogLevel, std::string_view text) { logged += text; });
  ws::connect(loop, url(), std::make_unique<Script>(std::make_shared<Told>()));
  accept();
  request();
  peer->send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(turn_until(loop, [&] { return !logged.empty(); }));
  EXPECT_EQ(logged, "the server answered with status 404");
}

}  // namespace
}  // namespace ws
