// The server as a program meets it: listening, who may come in, counting, and the end of it.
#include "http/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/http/client.hpp"

namespace http {
namespace {

using tests::Client;
using tests::get;
using tests::statuses;

void serve_hello(Server& server) {
  server.get("/", [](Exchange& exchange) { exchange.respond(text(200, "hello")); });
}

reactor::Address peer(const char* host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
}

TEST(Server, listens_on_a_port_that_the_system_chose_and_tells_which) {
  reactor::Loop loop;
  Server server(loop);
  serve_hello(server);
  const std::vector<reactor::Address> addresses = server.listen("localhost:0");
  ASSERT_FALSE(addresses.empty());
  for (const reactor::Address& address : addresses) {
    EXPECT_NE(address.port(), 0);
    Client client(loop, address);
    client.send(get("/"));
    EXPECT_TRUE(client.receive_until("hello").ends_with("hello"));
  }
}

TEST(Server, listens_on_a_unix_socket) {
  const std::string path = ::testing::TempDir() + "ws101-http-" + std::to_string(::getpid());
  reactor::Loop loop;
  Server server(loop);
  serve_hello(server);
  const std::vector<reactor::Address> addresses = server.listen("unix:" + path);
  Client client(loop, addresses.at(0));
  client.send(get("/"));
  EXPECT_TRUE(client.receive_until("hello").ends_with("hello"));
}

TEST(Server, says_what_is_wrong_with_an_address) {
  reactor::Loop loop;
  Server server(loop);
  EXPECT_THROW(server.listen("not an address"), std::invalid_argument);
  const std::string taken = server.listen("127.0.0.1:0").at(0).to_string();
  EXPECT_THROW(server.listen(taken), std::runtime_error);
}

TEST(Server, a_full_house_is_a_503_and_does_not_count) {
  reactor::Loop loop;
  Server server(loop, {.max_connections = 2});
  serve_hello(server);
  Client first(loop, server);
  auto second = std::make_unique<Client>(loop, server);
  for (int caller = 0; caller < 5; ++caller) {
    Client refused(loop, server);
    const std::string received = refused.receive_to_end();
    EXPECT_EQ(statuses(received), "503");
    EXPECT_NE(received.find("Retry-After: "), std::string::npos);
    EXPECT_NE(received.find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(received.find("(--max-connections)"), std::string::npos);
    EXPECT_EQ(loop.admissions().open(), 2U);
  }
  EXPECT_EQ(server.responses().at(503), 5U);
  second.reset();
  EXPECT_TRUE(tests::turn_until(loop, [&] { return loop.admissions().open() == 1; }));
  Client third(loop, server);
  third.send(get("/"));
  EXPECT_EQ(statuses(third.receive_until("hello")), "200");
}

// A crowd that is refused must not fill the log as well.
TEST(Server, refusals_are_logged_once_in_a_while) {
  reactor::Loop loop;
  std::vector<std::string> lines;
  loop.set_log(reactor::LogLevel::kWarning,
               [&](reactor::LogLevel, std::string_view line) { lines.emplace_back(line); });
  Server server(loop, {.max_connections = 1});
  serve_hello(server);
  Client inside(loop, server);
  for (int caller = 0; caller < 5; ++caller) EXPECT_EQ(statuses(Client(loop, server).receive_to_end()), "503");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find(" refused with 503: this server has as many connections as it takes (--max-connections)"),
            std::string::npos)
      << lines[0];
}

TEST(Server, too_many_from_one_address_is_a_429_for_that_address_alone) {
  reactor::Loop loop;
  Server server(loop, {.max_connections_per_ip = 1});
  serve_hello(server);
  Client first(loop, server, peer("192.0.2.1"));
  Client second(loop, server, peer("192.0.2.1"));
  Client other(loop, server, peer("192.0.2.2"));
  const std::string received = second.receive_to_end();
  EXPECT_EQ(statuses(received), "429");
  EXPECT_NE(received.find("Retry-After: "), std::string::npos);
  other.send(get("/"));
  EXPECT_EQ(statuses(other.receive_until("hello")), "200");
  EXPECT_EQ(loop.admissions().open(), 2U);
}

TEST(Server, takes_as_many_connections_as_descriptors_allow_less_a_reserve) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit small = {.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
  reactor::Loop loop;
  const Server server(loop);
  reactor::Admission kept;
  std::vector<reactor::Admission> admissions(100);
  int admitted = 0;
  for (reactor::Admission& admission : admissions) {
    if (loop.admissions().admit({}, admission) == reactor::Admissions::Verdict::kAdmitted) ++admitted;
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(admitted, 64 - 16);
}

TEST(Server, closes_its_listeners_and_connections_at_its_end) {
  reactor::Loop loop;
  auto server = std::make_unique<Server>(loop);
  serve_hello(*server);
  const reactor::Address address = server->listen("127.0.0.1:0").at(0);
  Client idle(loop, address);
  Client halfway(loop, address);
  halfway.send("GET / HT");
  EXPECT_TRUE(tests::turn_until(loop, [&] { return server->connections() == 2; }));
  server.reset();
  idle.receive_to_end();
  halfway.receive_to_end();
  EXPECT_TRUE(tests::turn_until(loop, [&] { return loop.residents() == 0; }));
  const reactor::FileDescriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(::connect(late.get(), address.data(), address.size()), 0);
}

TEST(Server, ends_well_after_a_shut_down_has_taken_its_listeners) {
  reactor::Loop loop;
  {
    Server server(loop);
    serve_hello(server);
    Client client(loop, server.listen("127.0.0.1:0").at(0));
    client.send(get("/"));
    client.receive_until("hello");
    client.close();
    loop.shut_down(reactor::Milliseconds(1000));
    loop.run();
    EXPECT_EQ(loop.residents(), 0U);
  }
  tests::turn(loop);
}

TEST(Server, a_connection_accepted_during_a_shut_down_is_closed) {
  reactor::Loop loop;
  Server server(loop);
  serve_hello(server);
  loop.shut_down(reactor::Milliseconds(1000));
  Client client(loop, server);
  EXPECT_EQ(client.receive_to_end(), "");
}

TEST(Server, writes_a_line_for_each_answer_where_somebody_wants_to_debug) {
  reactor::Loop loop;
  std::string lines;
  loop.set_log(reactor::LogLevel::kDebug, [&](reactor::LogLevel level, std::string_view line) {
    EXPECT_EQ(level, reactor::LogLevel::kDebug);
    lines.append(line).append("\n");
  });
  Server server(loop);
  serve_hello(server);
  Client client(loop, server, peer("192.0.2.1"));
  client.send(get("/?token=secret") + "GET / HTTP/9.9\r\n\r\n");
  client.receive_to_end();
  EXPECT_EQ(lines, "192.0.2.1:0 http 200 /\n192.0.2.1:0 http 505 not HTTP/1.1 and not HTTP/1.0\n");
}

}  // namespace
}  // namespace http
