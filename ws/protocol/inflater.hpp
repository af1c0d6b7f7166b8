// Inflating the messages that came compressed (RFC 7692 7.2.2): as the bytes arrive, so that a bomb is noticed when it
// is one byte too big and text at its first impossible byte, whatever is still to come.
//
//   InflateStream   one message under way: zlib's state and window, 7 KiB and up to 32 KiB
//   InflateHistory  with context takeover: what the next message may refer to. All that an idle connection keeps
//   Inflater        one for a loop: lends a stream to the message under way, and memory for what it unfolds to
//
// A stream belongs to a message and not to a connection, because most messages arrive whole and are done in the call
// that began them: then one stream serves every connection of the loop.
#pragma once

#include <zlib.h>

#include <algorithm>
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

// Why not libdeflate, for messages that are all here? It is no faster up to 4 KiB (64 KiB: half the time), and it takes
// streams that zlib, and RFC 1951, refuse: then what a message is would depend on how it was cut. Of three million
// streams, most of them with a flaw, it took 22,000 more than zlib, and none less:
//   - the symbols 286 and 287 as lengths and 30 and 31 as distances, which 3.2.6 says never occur
//   - a dynamic block that lists more than 286 lengths or 30 distances
//   - code lengths repeated beyond their number
//   - the unused half of a code that has one symbol, and a distance where no distance has a code
// inflater_test.cpp has one stream of each kind.
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

  // What its message holds of `allowance`: `size` bytes, and no more those that were said before.
  void hold(const std::shared_ptr<std::size_t>& allowance, std::size_t size);

  std::size_t memory() const { return sizeof(*this) + allocated_; }

 private:
  InflateStream() = default;
  Error inflate_some(const InflateTarget& target);
  bool between_blocks() const;

  z_stream zlib_ = {};  // zlib's state points to it: it cannot be moved
  std::size_t allocated_ = 0;
  std::shared_ptr<std::size_t> allowance_;  // shared, because a decoder may outlive the loop's Inflater
  std::size_t held_ = 0;
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

// A message that stops half-way is inflated as far as it has come, so that a fault is noticed early, and keeps its
// stream. That can be a thousand times what has arrived, so the messages that are not whole share one allowance of the
// loop, 16 MiB. When it is used up they gather their bytes as they came, at most twice what has arrived, and are
// inflated at their end. The verdict is the same, only later.
class Inflater {
 public:
  // `most_ahead`: what messages that are not whole may hold together besides their bytes as they came.
  explicit Inflater(std::size_t most_ahead = std::size_t{16} << 20) : most_ahead_(most_ahead) {}

  // For a message that begins. Null if there is no memory.
  std::unique_ptr<InflateStream> lend_stream();
  // How many bytes of a message that is not whole may be inflated now: 0 when the allowance is used up. A byte becomes
  // at most 1032 and a buffer is at most twice what is in it, so a step fits; only the last, which has kSmallestStep,
  // may not, by two megabytes.
  std::size_t step_ahead() const {
    const std::size_t left = most_ahead_ - std::min(most_ahead_, *ahead_);
    return left == 0 ? 0 : std::max(kSmallestStep, left / (2 * 1032));
  }
  // Told after each step what the message holds now.
  void ran_ahead(InflateStream& stream, const MessageBuffer& out) const {
    stream.hold(ahead_, stream.memory() + out.capacity());
  }
  // Memory that may be empty.
  MessageBuffer lend_buffer() { return std::move(buffer_); }

  // What was lent comes back, or is freed by the borrower if that is simpler; there is no need to give back.
  void take_back(std::unique_ptr<InflateStream> stream);
  void take_back(MessageBuffer buffer);

  std::size_t memory() const;
  std::size_t ahead() const { return *ahead_; }

 private:
  static constexpr std::size_t kSmallestStep = 1024;

  std::unique_ptr<InflateStream> stream_;
  MessageBuffer buffer_;
  std::size_t most_ahead_;
  std::shared_ptr<std::size_t> ahead_ = std::make_shared<std::size_t>(0);
};

}  // namespace ws::protocol
