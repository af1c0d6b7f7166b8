// The moment that the project exists to show: a handler takes the raw stream, and every byte behind the request is the
// new owner's, however the bytes were cut. Here the new owner is an echo with a greeting of its own, no WebSocket.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/server.hpp"
#include "tests/http/client.hpp"

namespace http {
namespace {

using tests::Client;
using tests::get;
using tests::statuses;

constexpr std::string_view kGreeting = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Answers in upper case, in place: early bytes may be written to as well.
class Shouter final : public reactor::Resident, private reactor::StreamHandler {
 public:
  static void take(Exchange& exchange) {
    Hijacked hijacked = exchange.hijack();
    reactor::Loop& loop = exchange.loop();
    Shouter& shouter = loop.adopt(std::make_unique<Shouter>(std::move(hijacked.stream)));
    shouter.stream_->attach(shouter);
    shouter.stream_->write(as_bytes(kGreeting));
    shouter.on_input(hijacked.early);
  }
  explicit Shouter(std::unique_ptr<reactor::Stream> stream) : stream_(std::move(stream)) {}

 private:
  void on_input(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = byte >= 'a' && byte <= 'z' ? static_cast<std::uint8_t>(byte - 32) : byte;
    stream_->write(bytes);
  }
  void on_end(reactor::StreamEnd) override {
    stream_->close();
    stream_->loop().retire(*this);
  }
  void wind_down() override {}

  std::unique_ptr<reactor::Stream> stream_;
};

struct Fixture {
  explicit Fixture(ServerOptions options = {}) : server(std::make_unique<Server>(loop, options)) {
    server->get("/", [](Exchange& exchange) { exchange.respond(text(200, "page")); });
    server->get("/big", [](Exchange& exchange) { exchange.respond(text(200, std::string(100000, 'b'))); });
    server->get("/admin", [this](Exchange& exchange) {
      ++admin_calls;
      exchange.respond(text(200, "secret"));
    });
    server->get("/shout", [](Exchange& exchange) { Shouter::take(exchange); });
    server->get("/refuse", [](Exchange& exchange) { exchange.respond(text(426, "not so")); });
    server->post("/shout", [](Exchange& exchange) { Shouter::take(exchange); });
  }

  reactor::Loop loop;
  std::unique_ptr<Server> server;
  int admin_calls = 0;
};

constexpr const char* kUpgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

TEST(Hijack, what_came_with_the_request_is_the_new_owners_at_every_cut) {
  const std::string sent = get("/shout", kUpgrade) + "hello\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string wanted = std::string(kGreeting) + "HELLO\r\n\r\nGET /ADMIN HTTP/1.1\r\nHOST: X\r\n\r\n";
  for (std::size_t cut = 0; cut < sent.size(); ++cut) {
    Fixture fixture;
    Client client(fixture.loop, *fixture.server);
    client.send(sent.substr(0, cut));
    tests::turn(fixture.loop, 2);
    client.send(sent.substr(cut));
    EXPECT_EQ(client.receive_until("HOST: X\r\n\r\n"), wanted) << cut;
    EXPECT_EQ(fixture.admin_calls, 0);
  }
}

TEST(Hijack, works_byte_by_byte) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send_byte_by_byte(get("/shout", kUpgrade) + "hello");
  EXPECT_EQ(client.receive_until("HELLO"), std::string(kGreeting) + "HELLO");
}

TEST(Hijack, comes_after_the_answers_to_what_was_asked_before) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send(get("/") + get("/") + get("/shout", kUpgrade) + "hello");
  EXPECT_EQ(statuses(client.receive_until("HELLO")), "200 200 101");
}

TEST(Hijack, waits_like_any_request_while_the_answers_before_it_are_not_read) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  std::string pipeline;
  for (int request = 0; request < 50; ++request) pipeline += get("/big");
  client.send(pipeline + get("/shout", kUpgrade) + "hello");
  tests::turn(fixture.loop, 20);
  EXPECT_FALSE(fixture.server->responses().contains(101));
  client.receive_until("HELLO");
  client.forget_received();
  client.send("and more");  // the stream is not paused in its new owner's hands
  EXPECT_EQ(client.receive_until("AND MORE"), "AND MORE");
}

TEST(Hijack, needs_no_upgrade_field_and_may_follow_a_body) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send("POST /shout HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyearly");
  EXPECT_EQ(client.receive_until("EARLY"), std::string(kGreeting) + "EARLY");
}

TEST(Hijack, leaves_nothing_of_http_behind_after_the_turn) {
  Fixture fixture({.handshake_timeout = reactor::Milliseconds(30)});
  Client client(fixture.loop, *fixture.server);
  EXPECT_EQ(fixture.server->connections(), 1U);
  client.send(get("/shout", kUpgrade));
  client.receive_until("\r\n\r\n");
  EXPECT_EQ(fixture.server->connections(), 0U);
  EXPECT_EQ(fixture.loop.residents(), 1U);          // the new owner
  EXPECT_EQ(fixture.loop.admissions().open(), 1U);  // and it still counts
  EXPECT_EQ(fixture.server->responses().at(101), 1U);
  // No deadline of HTTP cuts it.
  const auto start = fixture.loop.now();
  tests::turn_until(fixture.loop, [&] { return fixture.loop.now() > start + 100; });
  client.send("still");
  EXPECT_TRUE(client.receive_until("STILL").ends_with("STILL"));
  client.close();
  EXPECT_TRUE(tests::turn_until(fixture.loop, [&] { return fixture.loop.residents() == 0; }));
  EXPECT_EQ(fixture.loop.admissions().open(), 0U);
}

// Both are ready when the loop wakes up: the request, which is served first, and the alarm.
TEST(Hijack, a_deadline_that_passes_in_the_same_turn_is_too_late) {
  Fixture fixture({.handshake_timeout = reactor::Milliseconds(5)});
  Client client(fixture.loop, *fixture.server);
  fixture.loop.run_once(reactor::Milliseconds(0));  // sets the alarm
  const std::string request = get("/shout", kUpgrade);
  ASSERT_EQ(::send(client.fd(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
  while (std::chrono::steady_clock::now() < end) {
  }
  client.send("hello");
  EXPECT_EQ(client.receive_until("HELLO"), std::string(kGreeting) + "HELLO");
}

TEST(Hijack, outlives_the_server) {
  Fixture fixture;
  Client hijacked(fixture.loop, *fixture.server);
  Client ordinary(fixture.loop, *fixture.server);
  hijacked.send(get("/shout", kUpgrade));
  hijacked.receive_until("\r\n\r\n");
  fixture.server.reset();
  hijacked.send("hello");
  hijacked.receive_until("HELLO");
  EXPECT_EQ(ordinary.receive_to_end(), "");
}

// ---- Smuggling: someone on the way may believe that a tunnel is open

TEST(Smuggling, a_refused_upgrade_is_one_answer_and_the_end) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send(get("/refuse", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1337\r\n") +
              get("/admin"));
  const std::string received = client.receive_to_end();
  EXPECT_EQ(statuses(received), "426");
  EXPECT_NE(received.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(received.find("Upgrade:"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(fixture.admin_calls, 0);
}

TEST(Smuggling, an_upgrade_to_anything_else_is_answered_as_a_request_and_then_closed) {
  for (const char* fields : {"Upgrade: foo\r\n", "Upgrade: foo\r\nConnection: Upgrade\r\n",
                             "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n", "Upgrade:\r\n"}) {
    Fixture fixture;
    Client client(fixture.loop, *fixture.server);
    client.send(get("/", fields) + get("/admin"));
    const std::string received = client.receive_to_end();
    EXPECT_EQ(statuses(received), "200") << fields;
    EXPECT_NE(received.find("Connection: close\r\n"), std::string::npos) << fields;
    EXPECT_EQ(received.find("foo"), std::string::npos) << fields;
    EXPECT_EQ(fixture.admin_calls, 0) << fields;
  }
}

TEST(Smuggling, a_post_that_would_upgrade_is_a_405_and_the_end) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send("POST /admin HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" + std::string(kUpgrade) + "\r\n" +
              get("/admin"));
  EXPECT_EQ(statuses(client.receive_to_end()), "405");
  EXPECT_EQ(fixture.admin_calls, 0);
}

TEST(Smuggling, http_1_0_is_answered_and_closed_also_with_an_upgrade) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send("GET / HTTP/1.0\r\n" + std::string(kUpgrade) + "\r\n" + get("/admin"));
  EXPECT_EQ(statuses(client.receive_to_end()), "200");
  EXPECT_EQ(fixture.admin_calls, 0);
}

TEST(Smuggling, connect_opens_no_tunnel) {
  Fixture fixture;
  Client client(fixture.loop, *fixture.server);
  client.send("CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n" + get("/admin"));
  EXPECT_EQ(statuses(client.receive_to_end()), "501");
  EXPECT_EQ(fixture.admin_calls, 0);
}

TEST(Smuggling, a_body_on_a_handshake_is_refused_and_not_read_as_a_request) {
  const std::string inner = get("/admin");
  for (const std::string& body : {"Content-Length: " + std::to_string(inner.size()) + "\r\n\r\n" + inner,
                                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner}) {
    Fixture fixture;
    Client client(fixture.loop, *fixture.server);
    client.send("GET /shout HTTP/1.1\r\nHost: x\r\n" + std::string(kUpgrade) + body);
    EXPECT_EQ(statuses(client.receive_to_end()), "400");
    EXPECT_EQ(fixture.admin_calls, 0);
  }
}

TEST(Smuggling, two_opinions_about_a_length_are_refused) {
  for (const char* fields :
       {"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n", "Content-Length: 0\r\nContent-Length: 44\r\n",
        "Transfer-Encoding:\vchunked\r\n", "X: y\rContent-Length: 44\r\n", "X: y\nContent-Length: 44\r\n"}) {
    Fixture fixture;
    Client client(fixture.loop, *fixture.server);
    client.send("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n0\r\n\r\n" + get("/admin"));
    const std::string status = statuses(client.receive_to_end());
    EXPECT_TRUE(status == "400" || status == "501") << fields << status;
    EXPECT_EQ(fixture.admin_calls, 0) << fields;
  }
}

}  // namespace
}  // namespace http
