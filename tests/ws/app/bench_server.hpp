// A load generator's link against a server that is written by hand, frame by frame.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/ws/line.hpp"
#include "ws/app/bench_link.hpp"
#include "ws/protocol/handshake.hpp"

namespace ws::app::tests {

struct BenchServer {
  // The plan of a client that calls it with messages of `size` bytes.
  BenchPlan plan(std::size_t size = 1) {
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 1.3
    return {.loop = loop,
            .addresses = {reactor::Address::of_socket(listening.get())},
            .sources = {},
            .tls = {},
            .host = "localhost",
            .compression = {},
            .request = protocol::write_upgrade_request({.host = "localhost", .target = "/", .key = key}),
            .key = key,
            .messages = BenchMessages(size, false, 1, {}),
            .inflater = protocol::Inflater(),
            .errors = {},
            .wire = {},
            .landing = std::vector<std::uint8_t>(4096)};
  }

  // Takes the next caller and answers its request as it should be.
  void accept(const BenchPlan& plan) {
    EXPECT_TRUE(reactor::tests::turn_until(loop, [this] {
      reactor::FileDescriptor socket(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.valid()) peer.emplace(loop, std::move(socket), protocol::Role::kServer);
      return peer.has_value();
    }));
    std::string head;
    EXPECT_TRUE(reactor::tests::turn_until(loop, [&] {
      head += peer->socket().receive();
      return head.ends_with("\r\n\r\n");
    })) << head;
    peer->send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        protocol::accept_key(plan.key) + "\r\n\r\n");
  }

  reactor::Loop loop;
  reactor::FileDescriptor listening = reactor::tests::listening_socket();
  std::optional<ws::tests::FramePeer> peer;  // who called
};

}  // namespace ws::app::tests
