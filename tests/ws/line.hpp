// One connection on a loop, and the peer at the other end of its line, written by hand: it says what the test tells it
// to say, frame by frame or byte by byte, and reads only when it is told to. Nobody sleeps: what waits turns the loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/loop.hpp"
#include "tests/reactor/sockets.hpp"
#include "tests/reactor/turns.hpp"
#include "tests/ws/frames.hpp"
#include "tests/ws/told.hpp"
#include "ws/connection.hpp"

namespace ws::tests {

using reactor::Milliseconds;
using reactor::tests::SocketPair;
using reactor::tests::turn;
using reactor::tests::turn_until;

// The other end of a connection. `role` is its own.
class FramePeer {
 public:
  FramePeer(reactor::Loop& loop, reactor::FileDescriptor socket, Role role)
      : loop_(loop), socket_(std::move(socket)), role_(role) {}

  // Sends all of it, turning the loop where the socket is full.
  void send(std::string_view bytes);
  void send(Opcode opcode, std::string_view payload, bool final = true) { send(frame(role_, opcode, payload, final)); }
  void text(std::string_view payload) { send(Opcode::kText, payload); }
  void close_frame(std::uint16_t code, std::string_view reason = {}) {
    send(Opcode::kClose, close_payload(code, reason));
  }

  // Reads what has arrived, at most `most` bytes of it, and finds the whole frames in it.
  void take(std::size_t most = SIZE_MAX);
  // The next frame; turns the loop until it is there. Empty words at the end.
  Frame next_frame();
  std::string next() { return in_words(next_frame()); }
  // All frames until the connection ends, and how that was: `text a; close 1000; end`.
  std::string all_to_end();
  // What has arrived and was not taken by next(), without waiting: `text a; pong b`.
  std::string arrived();
  // The same, as frames.
  std::vector<Frame> take_all(std::size_t most = SIZE_MAX);
  // Gives back the memory of what was received.
  void forget();
  // Bytes that were received in all.
  std::size_t received() const { return received_; }

  bool finished() const { return socket_.finished(); }
  bool ended() const { return socket_.finished() || socket_.reset(); }
  reactor::tests::Peer& socket() { return socket_; }

 private:
  reactor::Loop& loop_;
  reactor::tests::Peer socket_;
  Role role_;
  std::string bytes_;          // of a frame that is not whole
  std::vector<Frame> frames_;  // not taken by next()
  std::size_t received_ = 0;
};

struct LineOptions {
  Role role = Role::kServer;
  Limits limits = {};
  std::shared_ptr<Told> told = std::make_shared<Told>();  // with actions in it, where on_open shall have one
  std::string early = {};                                 // what came behind the handshake
  std::vector<std::string> subprotocols = {};
  Agreed agreed = {};
  protocol::Compression compression = {};
  Trace trace = {};
  std::shared_ptr<Codec> codec = {};  // else one is made if there is compression
};

class Line {
 public:
  explicit Line(reactor::Loop& loop, LineOptions options = {}, SocketPair pair = reactor::tests::unix_pair());

  // REQUIRES: it has not gone.
  Connection& ws();
  const Told& told() const { return *told_; }
  Told* operator->() { return told_.get(); }
  bool gone() const { return told_->gone(); }
  // Turns the loop until the session has noted `entry` so many times.
  bool wait_for(const std::string& entry, std::size_t times = 1);
  bool wait_until_gone();

 private:
  reactor::Loop& loop_;
  std::shared_ptr<Told> told_;
  Connection* connection_ = nullptr;

 public:
  FramePeer peer;
};

// A connection that takes only a few kilobytes while its peer does not read.
SocketPair narrow_pair();
// The same over TCP; it takes somewhat more.
SocketPair narrow_tcp_pair();

// As turn_until, for a peer that reads little at a time: the loop never waits.
bool spin_until(reactor::Loop& loop, const std::function<bool()>& condition);

// Ends every line from the peers' side, and turns the loop until nothing is left on it.
bool end_all(reactor::Loop& loop, const std::vector<Line*>& lines);

}  // namespace ws::tests
