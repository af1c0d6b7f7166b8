// The wire as the tests of connections see it: frames written by hand, and frames found in what was received, in words
// that a failing test can show: `text Hello`, `close 1000 bye`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ws/protocol/frame.hpp"

namespace ws::tests {

using protocol::Opcode;
using protocol::Role;

// The key of RFC 6455 5.7.
inline constexpr protocol::MaskingKey kKey = {0x37, 0xFA, 0x21, 0x3D};

// A whole frame as `sender` sends it: masked if that is a client.
std::string frame(Role sender, Opcode opcode, std::string_view payload, bool final = true);
// The payload of a Close frame (RFC 6455 5.5.1).
std::string close_payload(std::uint16_t code, std::string_view reason = {});

struct Frame {
  Opcode opcode = Opcode::kContinuation;
  bool final = true;
  bool masked = false;
  protocol::MaskingKey key = {};
  std::string payload;  // unmasked
};

// `ping x`, `text 200000 bytes`, `+binary` for a frame without FIN.
std::string in_words(const Frame& frame);

// Takes the whole frames off the front of `bytes`.
std::vector<Frame> take_frames(std::string& bytes);

}  // namespace ws::tests
