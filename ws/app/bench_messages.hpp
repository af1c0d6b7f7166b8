// What a load generator sends. Without --verify every message is the same, and its frame is made once, masked with one
// key for the whole run. RFC 6455 5.3 wants a fresh unpredictable key for each frame, against hostile pages in
// browsers; a load generator is none, and what it costs the server to unmask is the same.
//
// With --verify each message is different. Its first bytes are its stamp, the connection and a number, as 8 bytes
// big-endian or 16 hexadecimal digits, and of a short message the last of those; what follows is a stretch of a fixed
// pattern that the stamp chooses.
//
// Compressed (RFC 7692) each message is by itself, which every agreement allows, so that one frame is good for all
// connections then too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "reactor/shared_bytes.hpp"
#include "ws/protocol/deflater.hpp"
#include "ws/protocol/frame.hpp"

namespace ws::app {

class BenchMessages {
 public:
  struct Stamp {
    std::uint64_t owner = 0;
    std::uint64_t number = 0;
  };
  static constexpr unsigned kNumberBits = 40;
  static constexpr std::size_t kMaxStamp = 16;

  // Random bytes or letters cannot be compressed, or little; words can, to less than half.
  enum class Content : std::uint8_t { kRandom, kWords };

  // `most` frames at most are sent together.
  BenchMessages(std::size_t size, bool text, std::size_t most, protocol::MaskingKey key,
                Content content = Content::kRandom);

  // From now on messages of at least `smallest` bytes are compressed, as it was agreed for what clients send.
  void compress(const protocol::DeflateDirection& agreed, std::size_t smallest);

  std::size_t size() const { return size_; }
  protocol::Opcode opcode() const { return opcode_; }
  std::size_t frame_size() const { return frame_size_; }

  // batch() frames of the one message, one behind the other, shared by all connections.
  const reactor::SharedBytes& block() const { return block_; }
  std::size_t batch() const { return block_.size() / frame_size_; }

  // The frame of a message of its own; the view ends with the next call.
  std::span<const std::uint8_t> stamped_frame(Stamp stamp);

  std::size_t stamp_size() const { return stamp_size_; }
  // How many bits of the stamp's number fit into a message of this size.
  unsigned stamp_bits() const;
  // What the stamp says, as far as it fits; nothing if no such stamp was ever written.
  std::optional<Stamp> read_stamp(std::span<const std::uint8_t> bytes) const;
  // Whether a stamp that was read is of that connection, as far as it fits.
  bool is_of(Stamp stamp, std::uint64_t owner) const;
  // Whether this is what stands in the message with that stamp at `offset`, behind its stamp.
  bool matches(Stamp stamp, std::size_t offset, std::span<const std::uint8_t> bytes) const;

 private:
  unsigned all_bits() const;
  void make_block();
  std::span<const std::uint8_t> make_frame(std::span<const std::uint8_t> payload, std::uint8_t reserved_bits);
  void write_payload(Stamp stamp, std::span<std::uint8_t> payload) const;
  std::span<const std::uint8_t> rest_of(Stamp stamp) const;

  std::size_t size_;
  std::size_t most_;
  protocol::Opcode opcode_;
  protocol::MaskingKey key_;
  std::unique_ptr<protocol::Deflater> deflater_;  // where messages of this size are compressed
  protocol::DeflateDirection agreed_;
  std::size_t stamp_size_;
  std::vector<std::uint8_t> pattern_;
  std::size_t frame_size_ = 0;
  reactor::SharedBytes block_;
  std::vector<std::uint8_t> payload_;
  std::vector<std::uint8_t> frame_;
};

// One message of a server as it arrives, against what was sent.
class BenchCheck {
 public:
  explicit BenchCheck(const BenchMessages& messages) : messages_(messages) {}

  void feed(std::span<const std::uint8_t> bytes);
  // The message is complete. Returns its stamp, or nothing if it is not, byte by byte, one that was ever sent. Begins
  // anew.
  std::optional<BenchMessages::Stamp> finish();

 private:
  const BenchMessages& messages_;
  std::array<std::uint8_t, BenchMessages::kMaxStamp> start_{};
  std::size_t size_ = 0;
  std::optional<BenchMessages::Stamp> stamp_;
  bool right_ = true;
};

}  // namespace ws::app
