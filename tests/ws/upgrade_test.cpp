// The way in: from a request on a route to a session on a connection, and the many ways to be refused, each of which is
// a real response of HTTP, repeats nothing that the client chose, and ends the connection (RFC 6455 4.2, HOLES of
// others: whoever sits between us and the client must never believe in a tunnel that is not there).
#include "ws/upgrade.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.hpp"
#include "tests/http/client.hpp"
#include "tests/ws/frames.hpp"
#include "tests/ws/told.hpp"
#include "ws/client.hpp"

namespace ws {
namespace {

using http::tests::Client;
using http::tests::statuses;
using http::tests::turn;
using http::tests::turn_until;
using tests::frame;
using tests::Opcode;
using tests::Script;
using tests::Told;

struct Echo final : Session {
  void on_message(Connection& ws, const Message& message) override { ws.write_message(message.type, message.payload); }
};

// The example of RFC 6455 1.3.
constexpr const char* kFields =
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n";
const std::string kAnswer =  // NOLINT(cert-err58-cpp)
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string handshake(const std::string& more_fields = "", const std::string& target = "/ws") {
  return "GET " + target + " HTTP/1.1\r\n" + kFields + more_fields + "\r\n";
}

std::string masked(std::string_view text) { return frame(Role::kClient, Opcode::kText, text); }

// A server with one WebSocket at /ws, and something at /admin that must not be reached by accident.
struct Site {
  explicit Site(http::Handler handler, http::ServerOptions options = {})
      : server(std::make_unique<http::Server>(loop, options)) {
    loop.set_log(reactor::LogLevel::kInfo,
                 [this](reactor::LogLevel, std::string_view text) { logged.emplace_back(text); });
    server->get("/ws", std::move(handler));
    server->get("/admin", [this](http::Exchange& exchange) {
      ++admin_calls;
      exchange.respond(http::text(200, "secret"));
    });
  }

  std::vector<std::string> logged;
  reactor::Loop loop;
  std::unique_ptr<http::Server> server;
  int admin_calls = 0;
};

// What comes behind the head of the answer, as frames in words.
std::string frames_behind(const std::string& received, const std::string& head = kAnswer) {
  if (!received.starts_with(head)) return "no answer: " + received;
  std::string bytes = received.substr(head.size());
  std::string words;
  for (const tests::Frame& got : tests::take_frames(bytes))
    words.append(words.empty() ? "" : "; ").append(in_words(got));
  return words;
}

// ---- The way in

TEST(Upgrade, answers_the_example_of_the_rfc) {
  Site site(upgrade<Echo>());
  Client client(site.loop, *site.server);
  client.send(handshake());
  EXPECT_EQ(client.receive_until("\r\n\r\n"), kAnswer);
  EXPECT_EQ(site.server->responses().at(101), 1U);
  EXPECT_EQ(site.server->connections(), 0U) << "it is not HTTP's any more";
  client.forget_received();
  client.send(masked("Hello"));
  EXPECT_EQ(client.receive_until("Hello"), frame(Role::kServer, Opcode::kText, "Hello"));
}

TEST(Upgrade, loses_nothing_however_handshake_and_frames_are_cut) {
  const std::string sent =
      handshake() + masked("first") + frame(Role::kClient, Opcode::kPing, "second") + masked("third!");
  const std::string wanted = "text first; pong second; text third!";
  for (std::size_t cut = 1; cut <= sent.size(); ++cut) {
    Site site(upgrade<Echo>());
    Client client(site.loop, *site.server);
    client.send(sent.substr(0, cut));
    turn(site.loop, 2);
    client.send(sent.substr(cut));
    EXPECT_EQ(frames_behind(client.receive_until("third!")), wanted) << "cut at " << cut;
  }
  Site site(upgrade<Echo>());
  Client client(site.loop, *site.server);
  client.send_byte_by_byte(sent);
  EXPECT_EQ(frames_behind(client.receive_until("third!")), wanted) << "byte by byte";
}

TEST(Upgrade, puts_what_on_open_writes_behind_the_answer) {
  Site site(upgrade([](const http::Request&, std::string_view) -> SessionOrResponse {
    auto told = std::make_shared<Told>();
    told->at_open = [](Connection& ws) { ws.write_text("welcome"); };
    return std::make_unique<Script>(told);
  }));
  Client client(site.loop, *site.server);
  client.send(handshake() + masked("early"));
  EXPECT_EQ(frames_behind(client.receive_until("welcome")), "text welcome");
}

TEST(Upgrade, offers_no_extension_to_who_asks_for_one) {
  Site site(upgrade<Echo>());
  Client client(site.loop, *site.server);
  client.send(handshake("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
  EXPECT_EQ(client.receive_until("\r\n\r\n"), kAnswer);
}

TEST(Upgrade, ends_what_still_speaks_http_on_the_open_connection) {
  Site site(upgrade<Echo>());
  Client client(site.loop, *site.server);
  client.send(handshake() + "GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string words = frames_behind(client.receive_to_end());
  EXPECT_TRUE(words.starts_with("close 1002 ")) << words;
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(site.admin_calls, 0);
}

TEST(Upgrade, gives_its_limits_and_its_trace_to_the_connections) {
  int traced = 0;
  Site site(upgrade<Echo>({.limits = {.max_message = 10},
                           .trace = [&](const Connection&, bool, const protocol::TracedFrame&) { ++traced; }}));
  Client client(site.loop, *site.server);
  client.send(handshake() + masked("0123456789") + masked("0123456789A"));
  const std::string words = frames_behind(client.receive_to_end());
  EXPECT_TRUE(words.starts_with("text 0123456789; close 1009 ")) << words;
  EXPECT_EQ(traced, 4);
}

TEST(Upgrade, connections_outlive_the_server_and_keep_what_is_their_routes) {
  auto routes = std::make_shared<int>();
  const std::weak_ptr<int> kept = routes;
  {
    Site site(upgrade(
        [routes](const http::Request&, std::string_view) -> SessionOrResponse { return std::make_unique<Echo>(); },
        {.subprotocols = {"chat"}}));
    routes.reset();
    Client client(site.loop, *site.server);
    client.send(handshake("Sec-WebSocket-Protocol: chat\r\n"));
    client.receive_until("\r\n\r\n");
    site.server.reset();
    EXPECT_FALSE(kept.expired());
    client.forget_received();
    client.send(masked("still here"));
    EXPECT_EQ(client.receive_until("still here"), frame(Role::kServer, Opcode::kText, "still here"));
  }
  EXPECT_TRUE(kept.expired());
}

// Nobody is let in only to be sent away.
TEST(Upgrade, in_a_shut_down_is_a_503) {
  auto told = std::make_shared<Told>();
  Site site(upgrade(
      [told](const http::Request&, std::string_view) -> SessionOrResponse { return std::make_unique<Script>(told); }));
  Client client(site.loop, *site.server);
  const std::string request = handshake();
  client.send(request.substr(0, 20));  // under way, so it is finished
  turn(site.loop);
  site.loop.shut_down(reactor::Milliseconds(10000));
  client.send(request.substr(20));
  const std::string answer = client.receive_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(told->log.empty()) << "no session was made";
}

// ---- The session

struct FromBoth final : Session {
  FromBoth(const http::Request& request, std::string_view subprotocol)
      : words(std::string(request.query()) + " as " + std::string(subprotocol)) {}
  void on_open(Connection& ws) override { ws.write_text(words + ", " + std::string(ws.subprotocol())); }
  std::string words;
};
struct FromRequest final : Session {
  explicit FromRequest(const http::Request& request) : words(request.header("X-Name").value_or("nobody")) {}
  void on_open(Connection& ws) override { ws.write_text(words); }
  std::string words;
};
struct FromNothing final : Session {
  void on_open(Connection& ws) override { ws.write_text("nothing"); }
};

TEST(UpgradeSession, is_constructed_from_what_it_wants_to_know) {
  struct Row {
    http::Handler handler;
    std::string answer;
  };
  const UpgradeOptions options = {.subprotocols = {"chat"}};
  const Row rows[] = {
      {upgrade<FromBoth>(options), "text room=7 as chat, chat"},
      {upgrade<FromRequest>(options), "text Alice"},
      {upgrade<FromNothing>(options), "text nothing"},
  };
  for (const Row& row : rows) {
    Site site(row.handler);
    Client client(site.loop, *site.server);
    client.send(handshake("X-Name: Alice\r\nSec-WebSocket-Protocol: chat\r\n", "/ws?room=7") + masked("x"));
    client.receive_until("\r\n\r\n");
    turn(site.loop);
    client.take();
    const std::string& received = client.received();
    const std::string head = received.substr(0, received.find("\r\n\r\n") + 4);
    EXPECT_EQ(frames_behind(received, head), row.answer);
  }
}

TEST(UpgradeSession, may_be_refused_by_its_factory_with_any_response) {
  int made = 0;
  Site site(upgrade([&](const http::Request& request, std::string_view) -> SessionOrResponse {
    if (!request.header("Authorization")) {
      http::Response response = http::text(401, "who are you?\n");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return response;
    }
    ++made;
    return std::make_unique<Echo>();
  }));
  Client stranger(site.loop, *site.server);
  stranger.send(handshake() + "GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = stranger.receive_to_end();
  EXPECT_EQ(statuses(answer), "401");
  EXPECT_NE(answer.find("\r\nWWW-Authenticate: Bearer\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nwho are you?\n"));
  EXPECT_FALSE(stranger.was_reset());
  EXPECT_EQ(site.admin_calls, 0);
  EXPECT_EQ(made, 0);
  Client known(site.loop, *site.server);
  known.send(handshake("Authorization: Bearer x\r\n"));
  EXPECT_EQ(known.receive_until("\r\n\r\n"), kAnswer);
  EXPECT_EQ(made, 1);
}

TEST(UpgradeSession, is_asked_for_last_when_all_else_is_right) {
  int asked = 0;
  Site site(upgrade([&](const http::Request&, std::string_view) -> SessionOrResponse {
    ++asked;
    return std::make_unique<Echo>();
  }));
  for (const std::string& bad : {handshake("Origin: http://evil.example\r\n"), handshake("Sec-WebSocket-Key: x\r\n"),
                                 std::string("GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")}) {
    Client client(site.loop, *site.server);
    client.send(bad);
    client.receive_to_end();
  }
  EXPECT_EQ(asked, 0);
}

// ---- Subprotocols (RFC 6455 4.2.2: at most one, of those that the client offered)

TEST(UpgradeSubprotocol, is_the_servers_favourite_of_those_offered) {
  struct Row {
    std::vector<std::string> ours;
    const char* fields;
    const char* chosen;
  };
  const Row rows[] = {
      {{}, "", ""},
      {{}, "Sec-WebSocket-Protocol: chat\r\n", ""},
      {{"chat"}, "", ""},
      {{"chat"}, "Sec-WebSocket-Protocol: chat\r\n", "chat"},
      {{"chat"}, "Sec-WebSocket-Protocol: superchat, chat\r\n", "chat"},
      {{"chat"}, "Sec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Protocol: chat\r\n", "chat"},
      {{"one", "two"}, "Sec-WebSocket-Protocol: two, one\r\n", "one"},
      {{"one", "two"}, "Sec-WebSocket-Protocol: two, three\r\n", "two"},
      {{"chat"}, "Sec-WebSocket-Protocol: superchat\r\n", ""},
      {{"chat"}, "Sec-WebSocket-Protocol: CHAT\r\n", ""},
      {{"chat"}, "Sec-WebSocket-Protocol: chatter\r\n", ""},
  };
  for (const Row& row : rows) {
    std::string told = "not made";
    Site site(upgrade(
        [&](const http::Request&, std::string_view subprotocol) -> SessionOrResponse {
          told = subprotocol;
          return std::make_unique<Echo>();
        },
        {.subprotocols = row.ours}));
    Client client(site.loop, *site.server);
    client.send(handshake(row.fields));
    const std::string answer = client.receive_until("\r\n\r\n");
    EXPECT_EQ(told, row.chosen) << row.fields;
    const std::string field = "Sec-WebSocket-Protocol: " + std::string(row.chosen) + "\r\n";
    EXPECT_EQ(answer.find(field) != std::string::npos, *row.chosen != '\0') << row.fields << answer;
    EXPECT_EQ(client.count("Sec-WebSocket-Protocol"), *row.chosen == '\0' ? 0 : 1);
  }
}

// ---- Refusals

// `fields` without the line that begins with `name`.
std::string without(const std::string& name) {
  std::string fields = kFields;
  const std::size_t at = fields.find(name + ":");
  return fields.erase(at, fields.find("\r\n", at) + 2 - at);
}
std::string with(const std::string& name, const std::string& value) {
  return without(name) + name + ": " + value + "\r\n";
}

TEST(UpgradeRefusal, is_one_real_response_that_echoes_nothing_and_ends_the_connection) {
  struct Row {
    const char* what;
    std::string method;
    std::string fields;
    const char* status;
  };
  const Row rows[] = {
      {"a version from the future", "GET", with("Sec-WebSocket-Version", "1337"), "426"},
      {"an old version", "GET", with("Sec-WebSocket-Version", "8"), "426"},
      {"no version", "GET", without("Sec-WebSocket-Version"), "426"},
      {"two versions", "GET", std::string(kFields) + "Sec-WebSocket-Version: 13\r\n", "426"},
      {"a list of versions", "GET", with("Sec-WebSocket-Version", "13, 8"), "426"},
      {"another protocol", "GET", with("Upgrade", "evil"), "426"},
      {"nearly the protocol", "GET", with("Upgrade", "notwebsocket"), "426"},
      {"no Connection: Upgrade", "GET", with("Connection", "keep-alive"), "400"},
      {"nearly Connection: Upgrade", "GET", with("Connection", "notupgrade"), "400"},
      {"no key", "GET", without("Sec-WebSocket-Key"), "400"},
      {"two keys", "GET", std::string(kFields) + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "400"},
      {"a key of 15 bytes", "GET", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), "400"},
      {"a key that is no base64", "GET", with("Sec-WebSocket-Key", "evil!!!!!!!!!!!!!!!!!!=="), "400"},
      {"no host", "GET", without("Host"), "400"},
      {"two hosts", "GET", std::string(kFields) + "Host: evil\r\n", "400"},
      {"a malformed list of subprotocols", "GET", std::string(kFields) + "Sec-WebSocket-Protocol: evil@\r\n", "400"},
      {"a subprotocol twice", "GET", std::string(kFields) + "Sec-WebSocket-Protocol: evil, evil\r\n", "400"},
      {"a malformed list of extensions", "GET", std::string(kFields) + "Sec-WebSocket-Extensions: evil;;\r\n", "400"},
      {"a foreign page", "GET", std::string(kFields) + "Origin: http://evil.example\r\n", "403"},
      {"two origins", "GET", std::string(kFields) + "Origin: http://localhost\r\nOrigin: http://localhost\r\n", "403"},
      {"another method", "POST", std::string(kFields) + "Content-Length: 0\r\n", "405"},
      {"a body", "GET", std::string(kFields) + "Content-Length: 4\r\n\r\nevil", "400"},
      {"a chunked body", "GET", std::string(kFields) + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "400"},
  };
  for (const Row& row : rows) {
    Site site(upgrade<Echo>({.subprotocols = {"chat"}}));
    Client client(site.loop, *site.server);
    client.send(row.method + " /ws HTTP/1.1\r\n" + row.fields + "\r\n" +
                "GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n" + masked("Hello"));
    const std::string answer = client.receive_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(row.status) + " ")) << row.what << ": " << answer;
    EXPECT_EQ(client.count("\r\nContent-Length: "), 1) << row.what << ": " << answer;
    EXPECT_FALSE(client.was_reset()) << row.what << ": the answer must arrive";
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << row.what << ": " << answer;
    EXPECT_EQ(answer.find("evil"), std::string::npos) << row.what << ": " << answer;
    EXPECT_EQ(answer.find("1337"), std::string::npos) << row.what << ": " << answer;
    EXPECT_EQ(answer.find("Sec-WebSocket-Accept"), std::string::npos) << row.what;
    EXPECT_EQ(site.admin_calls, 0) << row.what;
    EXPECT_TRUE(turn_until(site.loop, [&] {
      client.close();
      return site.loop.residents() == 0;
    })) << row.what;
  }
}

TEST(UpgradeRefusal, of_a_version_says_which_one_we_speak) {
  Site site(upgrade<Echo>());
  Client client(site.loop, *site.server);
  client.send("GET /ws HTTP/1.1\r\n" + with("Sec-WebSocket-Version", "12") + "\r\n");
  const std::string answer = client.receive_to_end();
  EXPECT_EQ(statuses(answer), "426");
  EXPECT_NE(answer.find("\r\nSec-WebSocket-Version: 13\r\n"), std::string::npos) << "RFC 6455 4.4";
  EXPECT_NE(answer.find("\r\nUpgrade: websocket\r\n"), std::string::npos) << "RFC 9110 15.5.22";
}

TEST(UpgradeRefusal, of_a_plain_request_says_what_this_path_speaks_and_the_connection_stays_http) {
  Site site(upgrade<Echo>());
  Client client(site.loop, *site.server);
  client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\nGET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answers = client.receive_until("secret");
  EXPECT_EQ(statuses(answers), "426 200");
  EXPECT_NE(answers.find("\r\nUpgrade: websocket\r\n"), std::string::npos);
  EXPECT_EQ(site.admin_calls, 1);
}

// ---- Origins. All rows come over a loopback connection, where a page must also have reached us by our own name

TEST(UpgradeOrigin, decides_by_the_requests_own_host_and_the_list) {
  struct Row {
    const char* host;
    const char* origin;  // null: none
    std::vector<std::string> allowed;
    bool welcome;
  };
  const Row rows[] = {
      {"localhost:8080", nullptr, {}, true},
      {"localhost:8080", "http://localhost:8080", {}, true},
      {"LOCALHOST:8080", "http://localhost:8080", {}, true},
      {"127.0.0.1:8080", "http://127.0.0.1:8080", {}, true},
      {"[::1]:8080", "http://[::1]:8080", {}, true},
      {"localhost", "http://localhost", {}, true},
      {"localhost", "http://localhost:80", {}, true},
      {"localhost:8080", "https://localhost:8080", {}, false},
      {"localhost:8080", "http://localhost", {}, false},
      {"localhost:8080", "http://127.0.0.1:8080", {}, false},
      {"localhost:8080", "http://evil.example", {}, false},
      {"localhost:8080", "null", {}, false},
      {"localhost:8080", "", {}, false},
      {"localhost:8080", "http://localhost:8080@evil.example", {}, false},
      {"evil.example:8080", "http://evil.example:8080", {}, false},
      {"evil.example:8080", nullptr, {}, true},
      {"localhost:8080", "https://app.example", {"https://app.example"}, true},
      {"localhost:8080", "https://app.example.evil", {"https://app.example"}, false},
      {"localhost:8080", "http://evil.example", {"*"}, true},
      {"localhost:8080", "null", {"*"}, true},
  };
  for (const Row& row : rows) {
    Site site(upgrade<Echo>({.allow_origins = row.allowed}));
    Client client(site.loop, *site.server);
    const std::string origin = row.origin == nullptr ? "" : "Origin: " + std::string(row.origin) + "\r\n";
    client.send("GET /ws HTTP/1.1\r\n" + with("Host", row.host) + origin + "\r\n");
    const std::string answer = row.welcome ? client.receive_until("\r\n\r\n") : client.receive_to_end();
    EXPECT_EQ(statuses(answer), row.welcome ? "101" : "403") << row.host << " " << origin;
    EXPECT_EQ(site.logged.size(), row.welcome ? 0U : 1U) << row.host << " " << origin;
    if (!row.welcome) {
      EXPECT_NE(site.logged.at(0).find("--allow-origin "), std::string::npos) << site.logged.at(0);
    }
  }
}

TEST(UpgradeOrigin, two_of_them_are_refused_whatever_the_list_says) {
  Site site(upgrade<Echo>({.allow_origins = {"http://a.example", "http://b.example"}}));
  Client client(site.loop, *site.server);
  client.send(handshake("Origin: http://a.example\r\norigin: http://b.example\r\n"));
  EXPECT_EQ(statuses(client.receive_to_end()), "403");
}

// ---- The program of the README and of the design, whole

namespace program {

struct Echo final : ws::Session {
  void on_message(ws::Connection& ws, const ws::Message& message) override {
    ws.write_message(message.type, message.payload);
  }
};

// Its main(), but for the port, and for the client that ends it.
void run() {
  reactor::Loop loop;
  http::Server server(loop);
  server.get("/", http::html("<h1>It runs</h1>"));
  server.get("/ws", ws::upgrade<Echo>({.allow_origins = {"*"}}));
  const auto addresses = server.listen("localhost:0");

  std::string heard;
  auto told = std::make_shared<Told>();
  told->at_open = [](Connection& ws) { ws.write_text("Hello"); };
  told->at_message = [&](Connection& ws, const Message& message) {
    heard = message.text();
    ws.loop().shut_down(reactor::Milliseconds(10000));
  };
  ws::connect(loop, "ws://localhost:" + std::to_string(addresses.at(0).port()) + "/ws", std::make_unique<Script>(told),
              {.origin = "https://anywhere.example"});
  loop.run();
  EXPECT_EQ(heard, "Hello");
  EXPECT_EQ(loop.cut_off_count(), 0U);
  EXPECT_TRUE(told->all().starts_with("open; text Hello; close 1001")) << told->all();
}

}  // namespace program

TEST(Program, of_the_readme_compiles_and_echoes) { program::run(); }

}  // namespace
}  // namespace ws
