// Inflating the messages that came compressed (RFC 7692 7.2.2): as the bytes arrive, so that a bomb is noticed when it
// is one byte too big and text at its first impossible byte, whatever is still to come.
//
//   InflateStream   one message under way: zlib's state and window, 7 KiB and up to 32 KiB
//   InflateHistory  with context takeover: what the next message may refer to. All that an idle connection keeps
//   Inflater        one for a loop: lends a stream to the message under way, and memory for what it unfolds to
//
// A stream belongs to a message and not to a connection, because most messages arrive whole and are done in the call
// that began them: then one stream serves every connection of the loop. A message that stops half-way keeps the lent
// stream until it ends, and only then does another such message make a stream of its own. Gathering the compressed
// bytes first would hold less, but then a bad message would be noticed late, and a large one inflated all at once.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "ws/protocol/error.hpp"
#include "ws/protocol/message_buffer.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::protocol {

// Where the bytes of a message go.
struct InflateTarget {
  MessageBuffer& out;                   // grows to at most twice what has been inflated, and never beyond the limit
  std::uint64_t limit = 0;              // bytes that the message may have
  Utf8Validator* text_check = nullptr;  // null: not text
};

class InflateStream {
 public:
  // Null if there is no memory.
  static std::unique_ptr<InflateStream> make();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;
  ~InflateStream();

  // Begins a message that may refer to `history`.
  [[nodiscard]] bool begin(std::span<const std::uint8_t> history);

  // The next bytes of the message as it came. The same bytes give the same result however they are cut.
  Error feed(std::span<const std::uint8_t> piece, const InflateTarget& target);

  // The message has no more bytes: is it whole?
  Error finish(const InflateTarget& target);

  std::size_t memory() const { return sizeof(*this) + allocated_; }

 private:
  InflateStream() = default;
  Error inflate_some(const InflateTarget& target);
  bool between_blocks() const;

  z_stream zlib_ = {};  // zlib's state points to it: it cannot be moved
  std::size_t allocated_ = 0;
  bool final_block_ended_ = false;
};

// The last bytes of what one side sent, at most as many as its window was agreed to have.
class InflateHistory {
 public:
  explicit InflateHistory(std::uint8_t window_bits) : most_(std::size_t{1} << window_bits) {}

  // False if there is no memory.
  [[nodiscard]] bool append(std::span<const std::uint8_t> message);
  std::span<const std::uint8_t> bytes() const { return kept_.bytes(); }
  std::size_t memory() const { return sizeof(*this) + kept_.capacity(); }

 private:
  std::size_t most_;
  MessageBuffer kept_;
};

class Inflater {
 public:
  // For a message that begins. Null if there is no memory.
  std::unique_ptr<InflateStream> lend_stream();
  // Memory that may be empty.
  MessageBuffer lend_buffer() { return std::move(buffer_); }

  // What was lent comes back, or is freed by the borrower if that is simpler; there is no need to give back.
  void take_back(std::unique_ptr<InflateStream> stream);
  void take_back(MessageBuffer buffer);

  std::size_t memory() const;

 private:
  std::unique_ptr<InflateStream> stream_;
  MessageBuffer buffer_;
};

}  // namespace ws::protocol
