// Addresses as a person writes them, and as the kernel knows them.
#include "reactor/address.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/reactor/sockets.hpp"

namespace reactor::tests {
namespace {

using Kind = ListenAddress::Kind;

struct Good {
  const char* text;
  ListenAddress wanted;
};

TEST(ListenAddress, what_a_person_writes_is_understood) {
  const std::string longest(107, 'p');
  const std::vector<Good> table = {
      {"localhost:8080", {.host = "localhost", .port = 8080}},
      {"127.0.0.1:0", {.host = "127.0.0.1", .port = 0}},
      {"example.org:65535", {.host = "example.org", .port = 65535}},
      {":8080", {.host = "", .port = 8080}},
      {"[::1]:8080", {.host = "::1", .port = 8080}},
      {"[::]:80", {.host = "::", .port = 80}},
      {"[2001:db8::7]:443", {.host = "2001:db8::7", .port = 443}},
      {"unix:/run/ws101.sock", {.kind = Kind::kUnix, .path = "/run/ws101.sock"}},
      {"unix:relative", {.kind = Kind::kUnix, .path = "relative"}},
      {"unix:/with:colon", {.kind = Kind::kUnix, .path = "/with:colon"}},
      {"fd:3", {.kind = Kind::kInherited, .fd = 3}},
      {"fd:0", {.kind = Kind::kInherited, .fd = 0}},
  };
  for (const Good& row : table) {
    SCOPED_TRACE(row.text);
    const ListenAddress address = ListenAddress::parse(row.text);
    EXPECT_EQ(address.kind, row.wanted.kind);
    EXPECT_EQ(address.host, row.wanted.host);
    EXPECT_EQ(address.port, row.wanted.port);
    EXPECT_EQ(address.path, row.wanted.path);
    EXPECT_EQ(address.fd, row.wanted.fd);
  }
  EXPECT_EQ(ListenAddress::parse("unix:" + longest).path, longest);
}

struct Bad {
  std::string text;
  const char* why;
};

TEST(ListenAddress, what_cannot_be_understood_is_refused_with_the_text_the_reason_and_the_forms) {
  const std::vector<Bad> table = {
      {"", "has no port"},
      {"localhost", "has no port"},
      {"8080", "has no port"},
      {"localhost:", "has no port from 0 to 65535"},
      {":", "has no port from 0 to 65535"},
      {"localhost:http", "has no port from 0 to 65535"},
      {"localhost:65536", "has no port from 0 to 65535"},
      {"localhost:-1", "has no port from 0 to 65535"},
      {"localhost:+80", "has no port from 0 to 65535"},
      {"localhost: 80", "has no port from 0 to 65535"},
      {"localhost:80 ", "has no port from 0 to 65535"},
      {"localhost:80x", "has no port from 0 to 65535"},
      {"localhost:99999999999999999999", "has no port from 0 to 65535"},
      {"::1:8080", "stands in brackets"},
      {"::", "has no port from 0 to 65535"},
      {"[::1]", "has no port from 0 to 65535"},
      {"[::1:8080", "stands in brackets"},
      {"::1]:8080", "stands in brackets"},
      {"[]:8080", "is no IPv6 address"},
      {"[localhost]:8080", "is no IPv6 address"},
      {"[127.0.0.1]:8080", "is no IPv6 address"},
      {"a:b:80", "stands in brackets"},
      {"http://localhost:80", "stands in brackets"},
      {"unix:", "names no path"},
      {"unix:" + std::string(108, 'p'), "107 bytes"},
      {"fd:", "names no descriptor"},
      {"fd:x", "names no descriptor"},
      {"fd:-1", "names no descriptor"},
      {"fd:3x", "names no descriptor"},
      {"fd:99999999999", "names no descriptor"},
  };
  for (const Bad& row : table) {
    SCOPED_TRACE(row.text);
    try {
      ListenAddress::parse(row.text);
      ADD_FAILURE() << "was accepted";
    } catch (const std::invalid_argument& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("'" + row.text + "'"), std::string::npos) << message;
      EXPECT_NE(message.find(row.why), std::string::npos) << message;
      for (const char* form : {"host:port", ":port", "[::1]:port", "unix:/path", "fd:3"}) {
        EXPECT_NE(message.find(form), std::string::npos) << message;
      }
      EXPECT_EQ(message.find('\n'), std::string::npos) << "it must be one line";
    }
  }
}

// ---- Addresses of the kernel

struct Known {
  const char* host;
  const char* text;  // with port 8080
  bool loopback;
};

TEST(Address, it_reads_as_a_person_writes_it_and_knows_loopback) {
  const std::vector<Known> table = {
      {"127.0.0.1", "127.0.0.1:8080", true},
      {"127.255.0.9", "127.255.0.9:8080", true},
      {"128.0.0.1", "128.0.0.1:8080", false},
      {"0.0.0.0", "0.0.0.0:8080", false},
      {"192.0.2.1", "192.0.2.1:8080", false},
      {"::1", "[::1]:8080", true},
      {"::", "[::]:8080", false},
      {"2001:db8::7", "[2001:db8::7]:8080", false},
      {"::ffff:192.0.2.1", "192.0.2.1:8080", false},  // a caller by IPv4 on an IPv6 socket
      {"::ffff:127.0.0.1", "127.0.0.1:8080", true},
  };
  for (const Known& row : table) {
    SCOPED_TRACE(row.host);
    const auto address = Address::numeric(row.host, 8080);
    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(address->to_string(), row.text);
    EXPECT_EQ(address->is_loopback(), row.loopback);
    EXPECT_EQ(address->port(), 8080);
  }
}

TEST(Address, only_digits_are_numeric) {
  for (const char* host : {"localhost", "", "127.0.0.1.", "127.1", "1.2.3.4:80", "[::1]", "::g", "0x7f.0.0.1"}) {
    EXPECT_FALSE(Address::numeric(host, 80).has_value()) << host;
  }
}

TEST(Address, of_nothing_is_unknown) {
  EXPECT_EQ(Address().to_string(), "unknown");
  EXPECT_EQ(Address::of_peer(-1).to_string(), "unknown");
  EXPECT_EQ(Address::of_socket(-1).port(), 0);
  EXPECT_FALSE(Address().is_loopback());
}

TEST(Address, of_a_unix_socket_is_its_path_and_local) {
  const Address address = Address::unix_path("/run/ws101.sock");
  EXPECT_EQ(address.family(), AF_UNIX);
  EXPECT_EQ(address.to_string(), "unix:/run/ws101.sock");
  EXPECT_TRUE(address.is_loopback());
  EXPECT_EQ(address.port(), 0);
  const SocketPair nameless = unix_pair();
  EXPECT_EQ(Address::of_peer(nameless.ours.get()).to_string(), "unix:");
}

TEST(Address, a_unix_path_that_the_kernel_cannot_hold_is_refused) {
  EXPECT_EQ(Address::unix_path(std::string(107, 'p')).to_string(), "unix:" + std::string(107, 'p'));
  EXPECT_THROW(Address::unix_path(std::string(108, 'p')), std::invalid_argument);
  EXPECT_THROW(Address::unix_path(""), std::invalid_argument);
}

TEST(Address, the_port_can_be_set_in_both_families) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    Address address = *Address::numeric(host, 0);
    address.set_port(4242);
    EXPECT_EQ(address.port(), 4242);
    EXPECT_EQ(address, *Address::numeric(host, 4242));
    EXPECT_NE(address, *Address::numeric(host, 4243));
  }
}

TEST(Address, of_both_ends_of_a_connection) {
  const SocketPair pair = tcp_pair();
  EXPECT_EQ(Address::of_peer(pair.ours.get()), Address::of_socket(pair.theirs.get()));
  EXPECT_EQ(Address::of_socket(pair.ours.get()), Address::of_peer(pair.theirs.get()));
}

TEST(Address, a_client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits) {
  const auto key = [](const char* host, std::uint16_t port = 1) { return Address::numeric(host, port)->client_key(); };
  EXPECT_EQ(key("192.0.2.1", 1), key("192.0.2.1", 2));
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
  EXPECT_EQ(key("192.0.2.1"), key("::ffff:192.0.2.1"));
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:3:4:5:6"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
  EXPECT_NE(key("::ffff:0:1"), key("::1"));
}

// ---- Names

TEST(Resolve, localhost_is_loopback_and_no_address_comes_twice) {
  const std::vector<Address> addresses = resolve("localhost", 8080, false);
  ASSERT_FALSE(addresses.empty());
  for (const Address& address : addresses) {
    EXPECT_TRUE(address.is_loopback()) << address.to_string();
    EXPECT_EQ(address.port(), 8080);
    EXPECT_EQ(std::count(addresses.begin(), addresses.end(), address), 1) << address.to_string();
  }
}

TEST(Resolve, no_host_is_every_interface) {
  for (const Address& address : resolve("", 8080, true)) {
    EXPECT_TRUE(address == *Address::numeric("0.0.0.0", 8080) || address == *Address::numeric("::", 8080))
        << address.to_string();
  }
}

TEST(Resolve, a_name_that_there_is_not_is_named) {
  try {
    resolve("no such host", 80, false);
    ADD_FAILURE() << "was found";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("'no such host'"), std::string::npos) << error.what();
  }
}

TEST(HostAndPort, an_ipv6_address_stands_in_brackets) {
  EXPECT_EQ(host_and_port("localhost", 80), "localhost:80");
  EXPECT_EQ(host_and_port("::1", 80), "[::1]:80");
  EXPECT_EQ(host_and_port("", 80), ":80");
}

}  // namespace
}  // namespace reactor::tests
