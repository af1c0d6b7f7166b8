// A connection's promises: answers in order, one refusal and then the end, deadlines, and memory that is bounded while
// the client does not read.
#include "http/connection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.hpp"
#include "tests/http/client.hpp"

namespace http {
namespace {

using tests::Client;
using tests::get;
using tests::statuses;

constexpr reactor::Milliseconds kSoon{40};

// A server with a few routes, and what its handlers saw.
struct Fixture {
  explicit Fixture(ServerOptions options = {}) : server(loop, options) {
    server.get("/", [this](Exchange& exchange) { answer(exchange, "root"); });
    server.get("/big", [this](Exchange& exchange) { answer(exchange, std::string(100000, 'b')); });
    server.get("/huge", [this](Exchange& exchange) { answer(exchange, std::string(3000000, 'h')); });
    server.get("/close", [](Exchange& exchange) { exchange.respond({.body = "bye", .close = true}); });
    server.get("/silent", [](Exchange&) {});
    server.get("/empty", [](Exchange& exchange) { exchange.respond({.status = 204}); });
    server.post("/",
                [this](Exchange& exchange) { answer(exchange, "[" + std::string(exchange.request().body()) + "]"); });
  }
  void answer(Exchange& exchange, std::string body) {
    seen.append(exchange.request().method()).append(" ").append(exchange.request().target()).append("; ");
    exchange.respond(text(200, std::move(body)));
  }

  reactor::Loop loop;
  Server server;
  std::string seen;
};

std::string post(std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// ---- Requests and answers

TEST(Connection, answers_requests_one_after_another) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send(get("/"));
  const std::string first = client.receive_until("root");
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << first;
  EXPECT_TRUE(first.ends_with("Content-Length: 4\r\n\r\nroot")) << first;
  client.send(post("body"));
  EXPECT_TRUE(client.receive_until("[body]").ends_with("[body]"));
  client.send_byte_by_byte(get("/nothing"));
  EXPECT_EQ(statuses(client.receive_until("404")), "200 200 404");
  EXPECT_FALSE(client.ended());
  EXPECT_EQ(fixture.server.responses().at(200), 2U);
}

TEST(Connection, answers_a_pipeline_in_order) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send(get("/?1") + post("two") + get("/?3") + get("/nothing") + get("/?5"));
  EXPECT_EQ(statuses(client.receive_until("root", 3)), "200 200 200 404 200");
  EXPECT_EQ(fixture.seen, "GET /?1; POST /; GET /?3; GET /?5; ");
}

TEST(Connection, answers_a_head_without_the_body_but_with_its_length) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + get("/empty") + get("/close"));
  const std::string received = client.receive_to_end();
  EXPECT_EQ(statuses(received), "200 204 200");
  EXPECT_NE(received.find("Content-Length: 4\r\n\r\nHTTP/1.1 204 No Content\r\nDate: "), std::string::npos) << received;
}

TEST(Connection, a_handler_that_does_not_answer_is_a_500) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send(get("/silent") + get("/"));
  EXPECT_EQ(statuses(client.receive_until("root")), "500 200");
}

TEST(Connection, a_handler_sees_both_addresses) {
  reactor::Loop loop;
  Server server(loop);
  std::string remote;
  std::string local;
  server.get("/", [&](Exchange& exchange) {
    remote = exchange.request().remote().to_string();
    local = exchange.request().local().to_string();
    exchange.respond({});
  });
  const std::vector<reactor::Address> addresses = server.listen("127.0.0.1:0");
  Client client(loop, addresses.at(0));
  client.send(get("/"));
  client.receive_until("200");
  EXPECT_EQ(remote, reactor::Address::of_socket(client.fd()).to_string());
  EXPECT_EQ(local, addresses.at(0).to_string());
}

// ---- The end of a connection

TEST(Connection, nothing_is_executed_behind_a_request_that_closes) {
  struct Row {
    const char* what;
    std::string request;
  };
  for (const Row& row : std::vector<Row>{{"the client asks", get("/", "Connection: close\r\n")},
                                         {"the handler asks", get("/close")},
                                         {"HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}}) {
    Fixture fixture;
    Client client(fixture.loop, fixture.server);
    client.send(row.request + get("/?second"));
    const std::string received = client.receive_to_end();
    EXPECT_EQ(statuses(received), "200") << row.what;
    EXPECT_NE(received.find("Connection: close\r\n"), std::string::npos) << row.what;
    EXPECT_EQ(fixture.seen.find("second"), std::string::npos) << row.what;
    EXPECT_FALSE(client.was_reset()) << row.what;
    EXPECT_EQ(fixture.server.connections(), 0U);
  }
}

TEST(Connection, a_refusal_is_the_last_word) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send(get("/") + "GET / HTTP/1.1\r\nHost : x\r\n\r\n" + get("/?second"));
  const std::string received = client.receive_to_end();
  EXPECT_EQ(statuses(received), "200 400");
  EXPECT_NE(received.find("a space between a field name and its colon\n"), std::string::npos);
  EXPECT_EQ(fixture.seen, "GET /; ");
}

TEST(Connection, a_client_that_half_closes_gets_its_answer) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send(get("/huge"));
  client.half_close();
  tests::turn(fixture.loop);
  EXPECT_GT(client.receive_to_end().size(), 3000000U);  // far more than the socket took at once
  Client silent(fixture.loop, fixture.server);
  silent.send("GET / HT");
  silent.half_close();
  EXPECT_EQ(silent.receive_to_end(), "");
  EXPECT_EQ(fixture.server.connections(), 0U);
}

TEST(Connection, a_client_that_goes_away_leaves_nothing_behind) {
  for (const std::string& sent :
       {std::string(), std::string("GET / HT"), post("body").substr(0, 50), get("/"), get("/big")}) {
    Fixture fixture;
    {
      Client client(fixture.loop, fixture.server);
      client.send(sent);
    }
    EXPECT_TRUE(tests::turn_until(fixture.loop, [&] { return fixture.loop.residents() == 0; })) << sent;
    EXPECT_EQ(fixture.loop.admissions().open(), 0U);
  }
}

// A refusal must reach a client that is still sending; closed at once, it would be destroyed by a reset.
TEST(Connection, a_refusal_reaches_a_client_that_is_still_sending) {
  Fixture fixture;
  const std::vector<reactor::Address> addresses = fixture.server.listen("127.0.0.1:0");
  for (const std::string& start :
       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n" + std::string(3000000, 'b'),
        "GET / HTTP/1.1\r\nA: " + std::string(3000000, 'a')}) {
    Client client(fixture.loop, addresses.at(0));
    EXPECT_TRUE(client.send(start));
    EXPECT_NE(client.receive_to_end().find("(--max-"), std::string::npos);
    EXPECT_FALSE(client.was_reset());
  }
  EXPECT_EQ(fixture.server.responses().at(413), 1U);
  EXPECT_EQ(fixture.server.responses().at(431), 1U);
}

// ---- 100 and 417

TEST(Connection, a_client_that_waits_for_a_100_gets_it_once_and_then_its_answer) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("bo");
  tests::turn(fixture.loop);
  client.send("dy");
  EXPECT_EQ(statuses(client.receive_until("[body]")), "100 200");
}

TEST(Connection, a_body_that_will_be_refused_is_not_asked_for) {
  Fixture fixture({.max_body = 10});
  for (const auto& [fields, status] : {std::pair("Content-Length: 11\r\nExpect: 100-continue\r\n", "413"),
                                       std::pair("Content-Length: 4\r\nExpect: the-spanish-inquisition\r\n", "417")}) {
    Client client(fixture.loop, fixture.server);
    client.send(std::string("POST / HTTP/1.1\r\nHost: x\r\n") + fields + "\r\n");
    EXPECT_EQ(statuses(client.receive_to_end()), status);
  }
}

// ---- Time

TEST(Connection, a_request_that_trickles_in_is_cut_by_one_deadline_for_all_of_it) {
  Fixture fixture({.handshake_timeout = kSoon});
  Client client(fixture.loop, fixture.server);
  const std::string slow = "GET / HTTP/1.1\r\nA: " + std::string(10000, 'a');
  std::size_t sent = 0;
  std::uint64_t sent_at = 0;
  // A byte in every millisecond: no single read is late, all together are.
  EXPECT_TRUE(tests::turn_until(fixture.loop, [&] {
    client.take();
    if (client.ended()) return true;
    if (std::exchange(sent_at, fixture.loop.now()) == fixture.loop.now()) return false;
    return !client.send(slow.substr(sent++, 1));
  }));
  EXPECT_EQ(statuses(client.receive_to_end()), "408");
  EXPECT_LT(sent, slow.size());
}

TEST(Connection, a_body_counts_into_the_deadline_too) {
  Fixture fixture({.handshake_timeout = kSoon});
  Client client(fixture.loop, fixture.server);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbod");
  EXPECT_EQ(statuses(client.receive_to_end()), "408");
}

TEST(Connection, who_never_says_a_word_is_closed_without_one) {
  Fixture fixture({.handshake_timeout = kSoon});
  Client silent(fixture.loop, fixture.server);
  EXPECT_EQ(silent.receive_to_end(), "");
  Client empty_lines(fixture.loop, fixture.server);
  empty_lines.send("\r\n");
  EXPECT_EQ(empty_lines.receive_to_end(), "");
}

TEST(Connection, an_idle_connection_is_closed_after_the_keep_alive_time) {
  Fixture fixture({.handshake_timeout = reactor::Milliseconds(0), .keep_alive = kSoon});
  Client client(fixture.loop, fixture.server);
  client.send(get("/"));
  EXPECT_EQ(statuses(client.receive_to_end()), "200");
  EXPECT_FALSE(client.was_reset());
}

TEST(Connection, a_second_request_has_its_own_deadline_from_its_first_byte) {
  Fixture fixture({.handshake_timeout = kSoon, .keep_alive = reactor::Milliseconds(0)});
  Client client(fixture.loop, fixture.server);
  client.send(get("/"));
  client.receive_until("root");
  client.send("GET /");
  EXPECT_EQ(statuses(client.receive_to_end()), "200 408");
}

TEST(Connection, a_time_of_zero_is_no_deadline) {
  Fixture fixture({.handshake_timeout = reactor::Milliseconds(0), .keep_alive = reactor::Milliseconds(0)});
  Client client(fixture.loop, fixture.server);
  client.send("GET / HT");
  tests::turn(fixture.loop, 20);
  client.send("TP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(statuses(client.receive_until("root")), "200");
}

// ---- A client that does not read

TEST(Connection, a_pipeline_waits_while_its_answers_are_not_read) {
  Fixture fixture;
  Client client(fixture.loop, fixture.server);
  std::string pipeline;
  for (int request = 0; request < 200; ++request) pipeline += get("/big");
  client.send(pipeline);
  tests::turn(fixture.loop, 50);
  const auto executed = [&] { return std::count(fixture.seen.begin(), fixture.seen.end(), ';'); };
  EXPECT_LT(executed(), 20);  // the socket's buffers, and little more than 64 KiB of our own
  EXPECT_GT(executed(), 0);
  client.receive_until("HTTP/1.1 200", 200);
  EXPECT_EQ(executed(), 200);
  EXPECT_FALSE(client.ended());
}

TEST(Connection, a_client_that_never_reads_is_closed_after_the_keep_alive_time) {
  Fixture fixture({.handshake_timeout = kSoon, .keep_alive = kSoon});
  Client client(fixture.loop, fixture.server);
  std::string pipeline;
  for (int request = 0; request < 100; ++request) pipeline += get("/big");
  client.send(pipeline + "GET / HT");
  EXPECT_TRUE(tests::turn_until(fixture.loop, [&] { return fixture.loop.residents() == 0; }));
}

TEST(Connection, a_client_that_reads_slowly_gets_everything) {
  constexpr reactor::Milliseconds kKeepAlive{25};
  Fixture fixture({.keep_alive = kKeepAlive});
  Client client(fixture.loop, fixture.server);
  client.send(get("/huge") + get("/close"));
  // 64 KiB every 5 ms, which is many times the keep-alive time in all.
  const std::uint64_t start = fixture.loop.now();
  std::uint64_t last = start;
  EXPECT_TRUE(tests::turn_until(fixture.loop, [&] {
    if (fixture.loop.now() < last + 5) return false;
    last = fixture.loop.now();
    client.take(65536);
    return client.ended();
  }));
  EXPECT_GT(fixture.loop.now() - start, 5 * static_cast<std::uint64_t>(kKeepAlive.count()));
  EXPECT_EQ(statuses(client.received()), "200 200");
  EXPECT_TRUE(client.received().ends_with("bye"));
}

// ---- Winding down

TEST(Connection, at_shut_down_the_idle_end_at_once_and_the_busy_finish_their_request) {
  Fixture fixture;
  Client fresh(fixture.loop, fixture.server);
  Client idle(fixture.loop, fixture.server);
  idle.send(get("/"));
  idle.receive_until("root");
  Client busy(fixture.loop, fixture.server);
  busy.send("GET / HTTP/1.1\r\n");
  tests::turn(fixture.loop);
  fixture.loop.shut_down(reactor::Milliseconds(10000));
  EXPECT_EQ(fresh.receive_to_end(), "");
  EXPECT_EQ(statuses(idle.receive_to_end()), "200");
  EXPECT_FALSE(busy.ended());
  busy.send("Host: x\r\n\r\n" + get("/?second"));
  const std::string received = busy.receive_to_end();
  EXPECT_EQ(statuses(received), "200");
  EXPECT_NE(received.find("Connection: close\r\n"), std::string::npos);
  fresh.close();
  idle.close();
  busy.close();
  EXPECT_TRUE(tests::turn_until(fixture.loop, [&] { return fixture.loop.residents() == 0; }));
}

TEST(Connection, a_handler_may_shut_the_loop_down) {
  reactor::Loop loop;
  Server server(loop);
  server.get("/", [&](Exchange& exchange) {
    loop.shut_down(reactor::Milliseconds(10000));
    exchange.respond(text(200, "last"));
  });
  Client client(loop, server);
  client.send(get("/"));
  EXPECT_TRUE(client.receive_to_end().ends_with("Connection: close\r\n\r\nlast"));
}

}  // namespace
}  // namespace http
