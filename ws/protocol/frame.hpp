// The frame header of RFC 6455 5.2: what its bytes say (parse), whether the peer may say it now
// (check), and how to write one. Three functions, kept apart: parsing never judges, checking never
// changes anything. A header has at most 14 bytes, so it is parsed again from its first byte when
// more has arrived, and no half-parsed state has to be remembered.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "ws/protocol/error.hpp"

namespace ws::protocol {

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Our own role. A server hears a client, whose frames are masked; a client hears a server, whose are not.
enum class Role : std::uint8_t { kServer, kClient };

using MaskingKey = std::array<std::uint8_t, 4>;

// RFC 7692 6: RSV1 on the first frame of a message says that the message is compressed.
inline constexpr std::uint8_t kCompressedBit = 4;

inline constexpr std::size_t kMaxHeaderSize = 14;
inline constexpr std::size_t kMaxControlPayload = 125;  // RFC 6455 5.5

// RFC 6455 5.2. Two bytes always; two or eight of length and four of masking key where they say so:
//
//    0               1               2 ...
//    7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0
//   +-+-+-+-+-------+-+-------------+----------------------+-------------+---------
//   |F|R|R|R| op-   |M| 7 bits:     | 126: 16 bits more,   | if M: 4     | payload
//   |I|S|S|S| code  |A| 0..125 or   | 127: 64 bits more,   | bytes of    |
//   |N|1|2|3|       |S| 126 or 127  | big-endian           | masking key |
//   +-+-+-+-+-------+-+-------------+----------------------+-------------+---------
struct FrameHeader {
  std::uint64_t payload_size = 0;
  MaskingKey masking_key = {};
  Opcode opcode = Opcode::kContinuation;  // as it came: 3 to 7 and 11 to 15 have no name
  std::uint8_t reserved_bits = 0;         // RSV1 is 4, RSV2 is 2, RSV3 is 1
  std::uint8_t header_size = 0;
  std::uint8_t length_form = 7;  // how the length was written: in 7, 16 or 64 bits
  bool final = false;
  bool masked = false;
};

// What has to be known besides the header to judge it.
struct FrameContext {
  Role role = Role::kServer;
  bool message_open = false;                  // a message has begun and its final frame has not come
  std::uint8_t reserved_bits_allowed = 0;     // on the first frame of a message, by a negotiated extension
  std::uint32_t fragments_left = UINT32_MAX;  // frames that the open message may have yet
  std::uint64_t payload_limit = UINT64_MAX;   // bytes that the message may have yet
  std::uint64_t compressed_limit = 0;         // the same, if it comes compressed and that is more
};

// RFC 6455 5.5: control frames are the opcodes with their top bit set.
constexpr bool is_control(Opcode opcode) { return (static_cast<unsigned>(opcode) & 0x8U) != 0; }

// Returns the header at the front of `bytes`, or nothing if it is not all there yet. Judges nothing.
[[gnu::always_inline]] inline std::optional<FrameHeader> parse_frame_header(std::span<const std::uint8_t> bytes);

// Returns the first rule that the peer breaks by sending `header` now. The rules are asked in the order in
// which the bytes arrive that can break them, so that the answer does not depend on how they were cut.
inline Error check_frame_header(const FrameHeader& header, const FrameContext& context);

// The same for a header of which only these bytes are here: returns the rule that is broken whatever the
// missing bytes will be. A stray "GET / HTTP/1.1" fails at its G.
Error check_frame_start(std::span<const std::uint8_t> bytes, const FrameContext& context);

// Writes a header with the shortest form of the length and returns its size. A client passes a key.
inline std::size_t write_frame_header(std::span<std::uint8_t, kMaxHeaderSize> out, bool final,
                                      std::uint8_t reserved_bits, Opcode opcode, std::uint64_t payload_size,
                                      std::optional<MaskingKey> masking_key);

// What follows is inline so that the way of a whole small frame through the decoder needs no call.

// Reads a big-endian number.
inline std::uint64_t read_number(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

inline MaskingKey read_masking_key(std::span<const std::uint8_t, 4> bytes) {
  std::uint32_t word;
  std::memcpy(&word, bytes.data(), sizeof(word));
  return std::bit_cast<MaskingKey>(word);
}

[[gnu::always_inline]] inline std::optional<FrameHeader> parse_frame_header(std::span<const std::uint8_t> bytes) {
  std::optional<FrameHeader> header;
  if (bytes.size() < 2) return header;
  const bool masked = (bytes[1] & 0x80) != 0;
  const std::uint8_t size_code = bytes[1] & 0x7F;
  const std::size_t length_size = size_code < 126 ? 0 : size_code == 126 ? 2 : 8;
  const std::size_t header_size = 2 + length_size + (masked ? sizeof(MaskingKey) : 0);
  if (bytes.size() < header_size) return header;

  header.emplace();
  header->final = (bytes[0] & 0x80) != 0;
  header->reserved_bits = (bytes[0] >> 4) & 0x7;
  header->opcode = static_cast<Opcode>(bytes[0] & 0xF);
  header->masked = masked;
  header->header_size = static_cast<std::uint8_t>(header_size);
  header->length_form = size_code < 126 ? 7 : size_code == 126 ? 16 : 64;
  header->payload_size = size_code < 126    ? size_code
                         : size_code == 126 ? static_cast<std::uint64_t>(bytes[2] << 8 | bytes[3])
                                            : read_number(bytes.subspan(2, 8));
  if (masked) header->masking_key = read_masking_key(bytes.subspan(2 + length_size).first<4>());
  return header;
}

namespace detail {

// The rules that the first byte can break.
inline Error check_first_byte(const FrameHeader& header, const FrameContext& context) {
  const bool starts_message = header.opcode == Opcode::kText || header.opcode == Opcode::kBinary;
  const bool continues_message = header.opcode == Opcode::kContinuation;
  // RFC 6455 5.2: reserved bits are 0 unless an extension defines them. RFC 7692 6: on a message's first frame.
  const unsigned meaningless = starts_message ? static_cast<unsigned>(~context.reserved_bits_allowed) : ~0U;
  if ((header.reserved_bits & meaningless) != 0) return Error::kReservedBits;
  if (is_control(header.opcode)) {
    if (header.opcode > Opcode::kPong) return Error::kReservedOpcode;
    if (!header.final) return Error::kFragmentedControl;
    return Error::kNone;
  }
  if (header.opcode > Opcode::kBinary) return Error::kReservedOpcode;
  if (continues_message != context.message_open) {
    return continues_message ? Error::kContinuationWithoutStart : Error::kMessageInsideMessage;
  }
  if (continues_message && context.fragments_left == 0) return Error::kTooManyFragments;
  return Error::kNone;
}

// The rules that the length of a data frame can break.
inline Error check_length(const FrameHeader& header, const FrameContext& context) {
  if (header.length_form != 7) {
    const std::uint64_t smallest = header.length_form == 16 ? 126 : 65536;
    if (header.payload_size >> 63 != 0) return Error::kLengthTopBit;
    if (header.payload_size < smallest) return Error::kLengthNotMinimal;
  }
  if (header.payload_size <= context.payload_limit) return Error::kNone;
  const bool fits = (header.reserved_bits & kCompressedBit) != 0 && header.payload_size <= context.compressed_limit;
  return fits ? Error::kNone : Error::kMessageTooBig;
}

}  // namespace detail

inline Error check_frame_header(const FrameHeader& header, const FrameContext& context) {
  const Error first = detail::check_first_byte(header, context);
  if (first != Error::kNone) return first;
  if (header.masked != (context.role == Role::kServer)) {
    return header.masked ? Error::kMasked : Error::kNotMasked;
  }
  // RFC 6455 5.5: at most 125 bytes, so the longer forms of the length are out whatever they say.
  if (is_control(header.opcode)) return header.length_form == 7 ? Error::kNone : Error::kControlTooLong;
  return detail::check_length(header, context);
}

[[gnu::always_inline]] inline std::size_t write_frame_header(std::span<std::uint8_t, kMaxHeaderSize> out, bool final,
                                                             std::uint8_t reserved_bits, Opcode opcode,
                                                             std::uint64_t payload_size,
                                                             std::optional<MaskingKey> masking_key) {
  const std::uint8_t mask_bit = masking_key ? 0x80 : 0;
  const std::size_t length_size = payload_size < 126 ? 0 : payload_size < 65536 ? 2 : 8;
  const auto size_code = length_size == 0 ? payload_size : length_size == 2 ? 126U : 127U;
  out[0] =
      static_cast<std::uint8_t>((final ? 0x80U : 0U) | (reserved_bits & 0x7U) << 4 | static_cast<unsigned>(opcode));
  out[1] = static_cast<std::uint8_t>(mask_bit | size_code);
  for (std::size_t index = 0; index < length_size; ++index) {
    out[2 + index] = static_cast<std::uint8_t>(payload_size >> 8 * (length_size - 1 - index));
  }
  if (!masking_key) return 2 + length_size;
  std::memcpy(out.data() + 2 + length_size, masking_key->data(), sizeof(MaskingKey));
  return 2 + length_size + sizeof(MaskingKey);
}

}  // namespace ws::protocol
