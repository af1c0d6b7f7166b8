// A loop, a stream with its recorder, and the peer at the other end: what nearly every test of a stream begins with.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "reactor/loop.hpp"
#include "reactor/stream.hpp"
#include "tests/reactor/recorder.hpp"
#include "tests/reactor/sockets.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor::tests {

struct Wire {
  explicit Wire(SocketPair pair = unix_pair())
      : stream(std::make_unique<Stream>(loop, std::move(pair.ours))), peer(std::move(pair.theirs)) {
    stream->attach(handler);
  }

  // Runs `action` in the stream's own turn, as if its input asked for it.
  template <class Action>
  void in_own_turn(const Action& action) {
    bool done = false;
    handler.at_input = [&](std::string_view) {
      if (!std::exchange(done, true)) action();
    };
    peer.send("!");
    turn_until(loop, [&] { return done; });
    handler.at_input = nullptr;
  }

  Loop loop;
  Recorder handler;
  std::unique_ptr<Stream> stream;
  Peer peer;
};

struct Transport {
  const char* name = nullptr;
  SocketPair (*make)() = nullptr;
};
inline constexpr std::array<Transport, 2> kTransports = {
    {{.name = "unix", .make = unix_pair}, {.name = "tcp", .make = small_tcp_pair}}};

// More than these sockets take while nobody reads.
inline constexpr std::size_t kMoreThanASocketTakes = 2 * 1024 * 1024;

}  // namespace reactor::tests
