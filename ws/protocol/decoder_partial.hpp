// A part of Decoder, for decoder.cpp alone: what has arrived of a frame or message that is not whole yet, and what a
// compressed message is inflated with.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "ws/protocol/decoder.hpp"
#include "ws/protocol/inflater.hpp"
#include "ws/protocol/mask.hpp"
#include "ws/protocol/spare_buffers.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::protocol {

struct Decoder::Partial {
  // The message under way. When its end has been reported the buffer lives on to the next call, for the view
  // that was given out.
  MessageBuffer message;
  MessageBuffer gathered;                   // of a compressed message: what came and is not inflated yet
  FrameHeader frame;                        // its last frame so far
  std::uint64_t payload_left = 0;           // of that frame
  std::uint64_t wire_size = 0;              // of the message so far, as it came
  std::unique_ptr<InflateStream> stream;    // lent by the loop, while a message is being inflated
  std::unique_ptr<InflateHistory> history;  // what the next one may refer to; lives on from message to message
  std::uint32_t fragment_count = 0;
  Utf8Validator utf8;
  MessageType type = MessageType::kText;
  bool lent : 1 = false;              // the message's buffer is, by the loop
  bool message_open : 1 = false;      // its end has not come
  bool compressed : 1 = false;        // then `message` is what has been inflated
  bool frame_open : 1 = false;        // that frame's end has not been reached; only if message_open
  Error landed_error = Error::kNone;  // found by landed(), told by next()

  // The start of a header, or of a control frame. A control frame's payload is used where it lies here.
  std::uint8_t kept_size = 0;
  std::array<std::uint8_t, kMaxHeaderSize + kMaxControlPayload> kept;

  bool unfinished() const { return message_open || kept_size > 0; }
  std::span<std::uint8_t> kept_bytes() { return std::span(kept).first(kept_size); }
  void keep(std::span<std::uint8_t>& input, std::size_t whole_size);
  std::optional<FrameHeader> keep_header(std::span<std::uint8_t>& input);
  std::size_t allowed_capacity(std::size_t arrived, std::size_t to_come, std::uint64_t max_message) const;
  bool make_room(std::size_t capacity, const DecoderLimits& limits);
  void settle(const DecoderLimits& limits);
  void give_message(const DecoderLimits& limits);
  void unmask(std::span<std::uint8_t> piece);
  Error arrive(std::span<std::uint8_t> piece);
  InflateTarget inflate_target(std::uint64_t limit);
  Error inflate_ahead(std::span<const std::uint8_t>& piece, const DecoderLimits& limits);
  Error gather(std::span<const std::uint8_t> piece, std::uint64_t max_compressed);
  Error begin_stream(Inflater& inflater);
};

// Moves bytes from `input` to the kept ones until those are `whole_size`.
inline void Decoder::Partial::keep(std::span<std::uint8_t>& input, std::size_t whole_size) {
  assert(whole_size >= kept_size && whole_size <= kept.size());
  const std::size_t size = std::min(whole_size - kept_size, input.size());
  std::copy_n(input.begin(), size, kept.begin() + kept_size);
  kept_size = static_cast<std::uint8_t>(kept_size + size);
  input = input.subspan(size);
}

// Moves bytes from `input` to the kept ones until those hold a header, and returns it; nothing if it is not all there.
inline std::optional<FrameHeader> Decoder::Partial::keep_header(std::span<std::uint8_t>& input) {
  // How much of the input is header shows when it is parsed. Taken on trial, then what belongs there is kept.
  std::span<std::uint8_t> trial = input;
  const std::uint8_t kept_before = kept_size;
  keep(trial, std::max<std::size_t>(kept_size, kMaxHeaderSize));
  const auto header = parse_frame_header(kept_bytes());
  if (header) kept_size = std::max(kept_before, header->header_size);
  input = input.subspan(static_cast<std::size_t>(kept_size - kept_before));
  return header;
}

// How large the buffer may be when `arrived` bytes of the message are here: twice that, so that a peer who only
// promises costs nothing, and growing moves each byte about once. Never more than can still come.
inline std::size_t Decoder::Partial::allowed_capacity(std::size_t arrived, std::size_t to_come,
                                                      std::uint64_t max_message) const {
  const std::size_t can_come = frame.final ? arrived + to_come : max_message;
  return std::min(can_come, std::max(kSmallBuffer, 2 * arrived));
}

// Makes the message's buffer at least so large. A spare one may be much larger: all that is lent has one bound.
inline bool Decoder::Partial::make_room(std::size_t capacity, const DecoderLimits& limits) {
  if (capacity <= message.capacity()) return true;
  if (capacity >= SpareBuffers::kSmallest && limits.spare_buffers != nullptr) {
    if (MessageBuffer spare = limits.spare_buffers->lend(capacity); spare.capacity() > 0) {
      spare.append(message.bytes());
      give_message(limits);
      lent = true;
      message = std::move(spare);
      return true;
    }
  }
  settle(limits);
  return message.reserve(capacity);
}

// From here on the message's buffer is its own.
inline void Decoder::Partial::settle(const DecoderLimits& limits) {
  if (lent) limits.spare_buffers->settle(message.capacity());
  lent = false;
}

// Lets go of the message's buffer, for the next who needs one.
inline void Decoder::Partial::give_message(const DecoderLimits& limits) {
  settle(limits);
  if (limits.spare_buffers != nullptr && !compressed) limits.spare_buffers->give(std::move(message));
  message = {};
}

// `piece` is the newest of the message's bytes, as it came from the peer.
inline void Decoder::Partial::unmask(std::span<std::uint8_t> piece) {
  if (frame.masked) apply_mask(piece, frame.masking_key, frame.payload_size - payload_left);
  payload_left -= piece.size();
  wire_size += piece.size();
}

// The same, of a message that is not compressed.
inline Error Decoder::Partial::arrive(std::span<std::uint8_t> piece) {
  unmask(piece);
  if (type == MessageType::kText && !utf8.feed(piece)) return Error::kInvalidUtf8;
  return Error::kNone;
}

inline InflateTarget Decoder::Partial::inflate_target(std::uint64_t limit) {
  return {.out = message, .limit = limit, .text_check = type == MessageType::kText ? &utf8 : nullptr};
}

inline Error Decoder::Partial::begin_stream(Inflater& inflater) {
  const auto context = history == nullptr ? std::span<const std::uint8_t>() : history->bytes();
  stream = inflater.lend_stream();
  return stream != nullptr && stream->begin(context) ? Error::kNone : Error::kOutOfMemory;
}

// Inflates the next bytes of a message that is not whole as far as the allowance of the loop goes, and takes them off
// `piece`.
inline Error Decoder::Partial::inflate_ahead(std::span<const std::uint8_t>& piece, const DecoderLimits& limits) {
  Inflater& inflater = *limits.inflater;
  while (!piece.empty() && gathered.size() == 0) {
    const auto step = piece.first(std::min(piece.size(), inflater.step_ahead()));
    if (step.empty()) break;
    if (stream == nullptr && begin_stream(inflater) != Error::kNone) return Error::kOutOfMemory;
    const Error found = stream->feed(step, inflate_target(limits.max_message));
    inflater.ran_ahead(*stream, message);
    if (found != Error::kNone) return found;
    piece = piece.subspan(step.size());
  }
  return Error::kNone;
}

// Keeps the next bytes of a compressed message as they came, and all that follow them.
inline Error Decoder::Partial::gather(std::span<const std::uint8_t> piece, std::uint64_t max_compressed) {
  const std::size_t arrived = gathered.size() + piece.size();
  if (arrived > gathered.capacity() && !gathered.reserve(allowed_capacity(arrived, payload_left, max_compressed)))
    return Error::kOutOfMemory;
  gathered.append(piece);
  return Error::kNone;
}

}  // namespace ws::protocol
