// A part of Connection, for connection*.cpp alone: what few connections need, so that the many pay eight bytes for it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reactor/shared_bytes.hpp"
#include "ws/connection.hpp"
#include "ws/connection_subscriber.hpp"
#include "ws/masking_keys.hpp"
#include "ws/protocol/deflater.hpp"
#include "ws/protocol/frame_trace.hpp"

namespace ws {

struct Connection::Extras {
  std::vector<std::uint8_t> unread;  // input that waits until the peer takes our output: at most one receive
  std::uint64_t paused_at = 0;       // when that began
  reactor::SharedBytes message;      // of the message being handled, once the output queue refers to it
  bool pong_owed = false;            // to the newest ping that came while the socket was full
  std::string pong;
  std::optional<PingBacklog> ping_backlog;  // of the last ping
  std::uint16_t close_code = 0;             // of our Close frame
  std::string close_reason;
  std::shared_ptr<Connection*> place;  // what our handles point to
  std::shared_ptr<const Settings> settings;
  std::unique_ptr<protocol::DeflateContext> context;            // of dedicated compression, once something was sent
  std::uint64_t context_look = UINT64_MAX;                      // when to look at it, while it holds memory
  bool context_used = false;                                    // since the last look
  std::unique_ptr<ConnectionSubscriber> subscriber;             // of who is in a hub
  std::unique_ptr<MaskingKeys> masking_keys;                    // of a client
  std::unique_ptr<std::array<protocol::FrameTrace, 2>> traces;  // of what is sent and what is received

  // REQUIRES: no message is being handled, and the connection is open.
  bool unused() const {
    return unread.empty() && !pong_owed && !ping_backlog && place == nullptr && settings == nullptr &&
           context == nullptr && subscriber == nullptr && masking_keys == nullptr && traces == nullptr;
  }
};

}  // namespace ws
