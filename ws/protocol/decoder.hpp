// The decoder: bytes in, events out. It takes frames off the input, holds them against the rules of RFC 6455 5,
// unmasks and validates them in place and puts fragments together, and gives the same events however the bytes
// were cut. It knows no socket and no clock: who has bytes calls next() until it needs more.
//
//   input ──> whole frame? ── yes ──> event: a view of the input
//                 │ no
//                 └──> Partial: what has arrived of a frame or message ── whole now ──> event: a view of the Partial
//
// Between two messages there is no Partial: an idle connection owns nothing. (With context takeover it has to remember
// what the peer's next compressed message may refer to.)
//
// A compressed message (RFC 7692) goes through a Partial too, also when it arrived whole: it is inflated as it arrives,
// straight from the input, into the Partial's buffer, and is refused as early as a plain one. Where too many messages
// are half here for that (inflater.hpp), its bytes wait in the Partial as they came, for its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "ws/protocol/close_code.hpp"
#include "ws/protocol/error.hpp"
#include "ws/protocol/frame.hpp"
#include "ws/protocol/message_buffer.hpp"

namespace ws::protocol {

class Inflater;
class SpareBuffers;
struct DeflateDirection;

struct DecoderLimits {
  std::uint64_t max_message = 16U << 20;  // bytes of one message; of a compressed one, as it is inflated to
  std::uint32_t max_fragments = 131072;   // frames of one message
  Inflater* inflater = nullptr;           // of the loop; for decoders that expect compressed messages
  SpareBuffers* spare_buffers = nullptr;  // of the loop, if it has any

  // As it comes compressed: more, because what cannot be compressed grows, by 5 bytes a block (RFC 1951 3.2.4), and a
  // compressor with little memory makes small blocks. zlib promises no worse than this.
  std::uint64_t max_compressed() const { return max_message + (max_message >> 3) + 64; }
};

enum class MessageType : std::uint8_t { kText = 1, kBinary = 2 };

class Decoder {
 public:
  struct Event {
    enum class Kind : std::uint8_t { kNeedMore, kMessage, kPing, kPong, kClose, kError };

    Kind kind = Kind::kNeedMore;
    MessageType type = MessageType::kText;  // of kMessage
    Error error = Error::kNone;             // of kError
    std::uint16_t close_code = kNoStatus;   // of kClose: what the peer sent; of kError: what we should send
    std::span<std::uint8_t> payload = {};   // of kClose: the reason
  };

  // `limits` must outlive the decoder.
  Decoder(Role role, const DecoderLimits& limits);
  Decoder(Decoder&& other) noexcept;
  Decoder& operator=(Decoder&& other) noexcept;
  ~Decoder();

  // permessage-deflate was negotiated, and the peer compresses as `theirs` says. Needs an inflater in the limits, which
  // is only used within calls.
  void expect_compressed(const DeflateDirection& theirs);

  // Takes the next event off the front of `input`, unmasking and validating in place. Its payload is a view of
  // `input` or of the decoder, and lives until the next call. On kNeedMore `input` is empty: what was left of it
  // is kept inside. After kClose or kError all input is swallowed (RFC 6455 5.5.1, 7.1.7).
  Event next(std::span<std::uint8_t>& input) {
    if (holds_memory()) [[unlikely]]
      return resume(input);
    return next_of_fresh(input);
  }

  // Where the next bytes should be received so that they need not be copied: room in the decoder's own buffer,
  // never beyond the payload of the frame under way. Empty if no payload is awaited, or if the room is too small
  // to be worth a receive of its own, or if the message is compressed: then receive elsewhere and call next(). Lives
  // until the next call.
  std::span<std::uint8_t> landing();

  // The first `size` bytes of landing() have been filled. Call next() then, with the input that came behind them
  // or none: it reports the message, or the rule that these bytes broke.
  void landed(std::size_t size);

  // True if nothing of an unfinished frame or message is held.
  bool idle() const;

  // Right after kMessage: gives away the memory of the payload, which then lives as long as the returned buffer.
  // Empty if the payload is a view of the input, or of memory that the loop has lent and that is much larger.
  MessageBuffer take_message();

  // After kMessage: the payload has been used, and the next call may be long in coming.
  void let_go_of_message();

  // Bytes of memory held besides the decoder itself.
  std::size_t memory() const;
  bool holds_memory() const { return partial_ != nullptr; }

 private:
  struct Partial;

  Event next_of_fresh(std::span<std::uint8_t>& input);
  bool holds_short_message(std::span<const std::uint8_t> input) const;
  Event take_short_message(std::span<std::uint8_t>& input);
  Event next_frame(std::span<std::uint8_t>& input);
  Event begin(std::span<std::uint8_t>& input);
  Event resume(std::span<std::uint8_t>& input);
  Event go_on(std::span<std::uint8_t>& input);
  FrameContext context() const;
  Event take_frame(std::span<std::uint8_t>& input);
  Event begin_fragment(const FrameHeader& header, std::span<std::uint8_t>& input);
  void open_message(const FrameHeader& header);
  Event take_payload(std::span<std::uint8_t>& input);
  Error keep_payload(std::span<std::uint8_t> piece);
  Error inflate(std::span<const std::uint8_t> piece);
  Error inflate_rest(std::span<const std::uint8_t> piece);
  Event on_text(std::span<std::uint8_t> payload);
  Event on_message_end();
  Event on_control(Opcode opcode, std::span<std::uint8_t> payload);
  Event on_close(std::span<std::uint8_t> payload);
  [[gnu::cold]] Event fail(Error error);
  void end();
  void drop_partial();
  void give_back();

  const DecoderLimits* limits_;
  std::unique_ptr<Partial> partial_;  // of the frame or message that has not all arrived; null between messages
  Role role_ : 1;
  bool ended_ : 1;                          // a Close frame or an error has been reported
  std::uint8_t short_sizes_;                // the short way is for messages of fewer bytes than this
  std::uint8_t reserved_bits_allowed_ = 0;  // on the first frame of a message
  std::uint8_t history_bits_ = 0;           // with context takeover: of the peer's window
};

static_assert(sizeof(Decoder) <= 24, "every connection has one");
static_assert(sizeof(std::size_t) >= sizeof(std::uint64_t), "the size of any frame is a size in memory");

}  // namespace ws::protocol
