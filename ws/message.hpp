// What a session receives: one whole message, put together from its frames, unmasked and validated.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ws/protocol/decoder.hpp"

namespace ws {

using protocol::MessageType;

struct Message {
  MessageType type = MessageType::kText;
  // A view into the receive buffer, or into the decoder: it ends when on_message returns, or reads the next message.
  std::span<const std::uint8_t> payload;

  bool is_text() const { return type == MessageType::kText; }
  std::string_view text() const { return {reinterpret_cast<const char*>(payload.data()), payload.size()}; }
};

}  // namespace ws
