// Compressing the messages that we send (RFC 7692 7.2.1).
//
//   DeflateContext  with context takeover: the compressor of one connection, which knows what it sent before. 48 to
//                   200 KiB from the first message on; it may be released at any time, and starts anew then
//   Deflater        one for a loop: compresses by a context, or each message by itself, which needs nothing of the
//                   connection; such a message is compressed once for all who agreed on the same window
//
// By itself a large message goes through libdeflate, which is faster than zlib and makes less of it, but knows neither
// windows nor flushing: the message must fit the agreed window, and ends with a final block (7.2.3.4).
#pragma once

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/frame.hpp"
#include "ws/protocol/message_buffer.hpp"

struct libdeflate_compressor;

namespace ws::protocol {

// What has become of a message. A view into the Deflater that lives until it compresses the next one.
class CompressedMessage {
 public:
  CompressedMessage() = default;
  // `bytes` has room for a header before the payload.
  explicit CompressedMessage(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  // False: the message should be sent as it is, because compressing gains nothing or there is no memory for it.
  explicit operator bool() const { return !bytes_.empty(); }

  // For a frame with kCompressedBit.
  std::span<const std::uint8_t> payload() const { return bytes_.subspan(kMaxHeaderSize); }

  // The whole frame as a server sends it.
  std::span<const std::uint8_t> frame(Opcode opcode) const;

 private:
  std::span<std::uint8_t> bytes_;
};

// zlib's compressor.
class DeflateStream {
 public:
  // Null if there is no memory.
  static std::unique_ptr<DeflateStream> make(std::uint8_t window_bits);
  DeflateStream(const DeflateStream&) = delete;
  DeflateStream& operator=(const DeflateStream&) = delete;
  ~DeflateStream();

  // Appends the message as RFC 7692 7.2.1 has it. False if it does not fit the room of `out`; then forget() must
  // follow.
  [[nodiscard]] bool append_to(MessageBuffer& out, std::span<const std::uint8_t> message);

  // What follows refers to nothing before it.
  void forget() { deflateReset(&zlib_); }

  // At most so much is appended for a message of `size`.
  std::size_t bound(std::size_t size);
  std::size_t memory() const { return sizeof(*this) + allocated_; }

 private:
  DeflateStream() = default;

  z_stream zlib_ = {};  // zlib's state points to it: it cannot be moved
  std::size_t allocated_ = 0;
};

class DeflateContext {
 public:
  explicit DeflateContext(std::uint8_t window_bits) : window_bits_(window_bits) {}

  // Frees its memory. The next message refers to nothing before it, which the peer need not know.
  void release() { stream_.reset(); }
  std::size_t memory() const { return stream_ == nullptr ? 0 : stream_->memory(); }

 private:
  friend class Deflater;
  std::unique_ptr<DeflateStream> stream_;
  std::uint8_t window_bits_;
};

class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // One message by itself, for everybody who agreed on the same. REQUIRES: no context takeover.
  CompressedMessage compress(std::span<const std::uint8_t> message, const DeflateDirection& agreed);

  // The next message of a connection that takes its context over. What is returned must be sent.
  CompressedMessage compress(std::span<const std::uint8_t> message, DeflateContext& context);

  std::size_t memory() const;

 private:
  bool begin(std::size_t most);
  bool append_whole(std::span<const std::uint8_t> message);
  bool append_streamed(std::span<const std::uint8_t> message, std::uint8_t window_bits);

  struct FreeCompressor {
    void operator()(libdeflate_compressor* compressor) const;
  };

  std::unique_ptr<libdeflate_compressor, FreeCompressor> whole_;  // made when it is first needed, as are the others
  std::array<std::unique_ptr<DeflateStream>, kMaxWindowBits - kMinWindowBits + 1> streams_;  // by their window
  MessageBuffer out_;
};

}  // namespace ws::protocol
