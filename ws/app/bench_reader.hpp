// The frames of a server as a load generator sees them: counted, and not kept. A whole Connection would do more than
// the server that is measured; this looks at each header by the rules of RFC 6455 5.2 to 5.5 and skips the payload,
// unless somebody wants to look at it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ws/protocol/error.hpp"
#include "ws/protocol/frame.hpp"

namespace ws::app {

class BenchReader {
 public:
  // What a client hears is not masked (RFC 6455 5.1); what a bare server sends back is as it was sent, and masked.
  explicit BenchReader(protocol::Role role = protocol::Role::kClient) : role_(role) {}

  // permessage-deflate was agreed on: a message may come compressed (RFC 7692 6).
  void allow_compressed() { reserved_bits_allowed_ = protocol::kCompressedBit; }
  // Whether the message that `sink` is told of is; its size is then that on the wire.
  bool compressed() const { return compressed_; }

  // Reads on. `sink` has
  //   void on_payload(std::span<const std::uint8_t>)     of a message, piece by piece, if wants_payload()
  //   void on_message(protocol::Opcode, std::uint64_t)   one is complete, of this type and size
  //   void on_control(protocol::Opcode, std::span<const std::uint8_t>)
  // Returns the rule that the server broke; then there is no way to go on.
  template <class Sink>
  [[nodiscard]] protocol::Error read(std::span<const std::uint8_t> bytes, Sink& sink);

 private:
  protocol::Error begin_frame(const protocol::FrameHeader& header);
  std::optional<protocol::FrameHeader> take_header(std::span<const std::uint8_t>& bytes);
  template <class Sink>
  void take_payload(std::span<const std::uint8_t> bytes, Sink& sink);
  template <class Sink>
  void end_frame(Sink& sink);

  std::uint64_t left_ = 0;          // of the payload of this frame
  std::uint64_t message_size_ = 0;  // so far
  std::vector<std::uint8_t> control_;
  std::array<std::uint8_t, protocol::kMaxHeaderSize> cut_{};  // the front of a header that was cut
  std::uint8_t cut_size_ = 0;
  protocol::Opcode frame_ = protocol::Opcode::kContinuation;
  protocol::Opcode message_ = protocol::Opcode::kContinuation;
  protocol::Role role_;
  std::uint8_t reserved_bits_allowed_ = 0;
  bool compressed_ = false;
  bool in_frame_ = false;
  bool final_ = false;
  bool message_open_ = false;
};

inline protocol::Error BenchReader::begin_frame(const protocol::FrameHeader& header) {
  const protocol::Error error = protocol::check_frame_header(
      header, {.role = role_, .message_open = message_open_, .reserved_bits_allowed = reserved_bits_allowed_});
  if (error != protocol::Error::kNone) return error;
  in_frame_ = true;
  left_ = header.payload_size;
  frame_ = header.opcode;
  final_ = header.final;
  if (protocol::is_control(frame_)) return error;
  if (!message_open_) {
    message_ = frame_;
    message_size_ = 0;
    compressed_ = (header.reserved_bits & protocol::kCompressedBit) != 0;
  }
  message_size_ += left_;
  message_open_ = !final_;
  return error;
}

// The header at the front of `bytes`, which it is taken off; what came of one that is cut is kept for the next time.
inline std::optional<protocol::FrameHeader> BenchReader::take_header(std::span<const std::uint8_t>& bytes) {
  std::optional<protocol::FrameHeader> header;
  if (cut_size_ == 0) {
    header = protocol::parse_frame_header(bytes);
    if (header) bytes = bytes.subspan(header->header_size);
    if (header) return header;
  }
  while (!header && !bytes.empty()) {
    cut_[cut_size_++] = bytes.front();
    bytes = bytes.subspan(1);
    header = protocol::parse_frame_header(std::span<const std::uint8_t>(cut_).first(cut_size_));
  }
  if (header) cut_size_ = 0;
  return header;
}

template <class Sink>
void BenchReader::take_payload(std::span<const std::uint8_t> bytes, Sink& sink) {
  left_ -= bytes.size();
  if (protocol::is_control(frame_)) {
    control_.insert(control_.end(), bytes.begin(), bytes.end());
  } else if (sink.wants_payload() && !bytes.empty()) {
    sink.on_payload(bytes);
  }
}

template <class Sink>
void BenchReader::end_frame(Sink& sink) {
  in_frame_ = false;
  if (protocol::is_control(frame_)) {
    sink.on_control(frame_, std::span<const std::uint8_t>(control_));
    control_.clear();
  } else if (final_) {
    sink.on_message(message_, message_size_);
  }
}

template <class Sink>
protocol::Error BenchReader::read(std::span<const std::uint8_t> bytes, Sink& sink) {
  while (true) {
    if (!in_frame_) {
      if (bytes.empty()) return protocol::Error::kNone;
      const auto header = take_header(bytes);
      if (!header) return protocol::Error::kNone;
      const protocol::Error error = begin_frame(*header);
      if (error != protocol::Error::kNone) return error;
    }
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    take_payload(bytes.first(part), sink);
    if (left_ > 0) return protocol::Error::kNone;
    bytes = bytes.subspan(part);
    end_frame(sink);
  }
}

}  // namespace ws::app
