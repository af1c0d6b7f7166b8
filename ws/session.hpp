// What a user of the library writes: a Session, one for each connection, with a function for each thing that
// can happen. Its members are the connection's state; a reactor::Ticker among them is a periodic sender that
// ends with it. From any of these functions it may write to, close or end any connection, its own included.
#pragma once

#include <cstdint>
#include <string_view>

#include "ws/message.hpp"

namespace ws {

class Connection;

// How a connection came to its end.
struct Closed {
  enum class By : std::uint8_t {
    kUs,       // we sent the first Close frame, or gave up
    kPeer,     // the peer sent the first Close frame
    kNetwork,  // the connection was lost: there was no Close frame
  };
  // The code of the first Close frame (1005 if it had none), or 1006 if there was no such frame (RFC 6455 7.1.5).
  std::uint16_t code = 1006;
  std::string_view reason;  // ends with the call
  By by = By::kNetwork;
  bool clean = false;  // both sides sent a Close frame (RFC 6455 7.1.4)
};

class Session {
 public:
  virtual ~Session() = default;

  // The handshake is done: the first moment to write.
  virtual void on_open(Connection&) {}
  virtual void on_message(Connection&, const Message&) {}
  // All that waited in the output queue has left: who produces by himself may go on.
  virtual void on_drain(Connection&) {}
  // The end, told exactly once to every session that was opened, unless the loop is destroyed before it. The session is
  // destroyed soon after.
  virtual void on_close(Connection&, const Closed&) {}
};

}  // namespace ws
