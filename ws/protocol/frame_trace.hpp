// For watching: finds the frames in a stream of bytes, however it is cut, and tells of each one its header and the
// start of its payload. It judges nothing and changes nothing; the decoder reads the same bytes for real.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "ws/protocol/frame.hpp"

namespace ws::protocol {

struct TracedFrame {
  FrameHeader header;
  std::span<const std::uint8_t> header_bytes;   // as on the wire
  std::span<const std::uint8_t> payload_start;  // unmasked; at most FrameTrace::kPayloadShown bytes
};

// `81 85 37 fa 21 3d | FIN text, masked, 5 bytes: "Hello"`, in one line that is safe for a terminal.
std::string to_string(const TracedFrame& frame);

class FrameTrace {
 public:
  static constexpr std::size_t kPayloadShown = 32;

  void feed(std::span<const std::uint8_t> bytes, const std::function<void(const TracedFrame&)>& tell);

 private:
  std::array<std::uint8_t, kMaxHeaderSize + kPayloadShown> start_{};  // of the frame under way
  std::size_t start_size_ = 0;
  std::uint64_t to_skip_ = 0;  // payload that is not shown
};

}  // namespace ws::protocol
