// Frames as the suite writes and reads them. It does so with its own few lines, and takes the liberty to write what
// RFC 6455 5.2 forbids: reserved bits, unknown opcodes, a length in the wrong form, the wrong mask bit. The library's
// own codec is what is tested here, so it is not used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

// Whose part the suite plays. A client masks its frames, a server does not (RFC 6455 5.1).
enum class Side : std::uint8_t { kClient, kServer };

enum class LengthForm : std::uint8_t { kShortest, k16Bits, k64Bits };

inline constexpr std::uint8_t kContinuation = 0;
inline constexpr std::uint8_t kText = 1;
inline constexpr std::uint8_t kBinary = 2;
inline constexpr std::uint8_t kClose = 8;
inline constexpr std::uint8_t kPing = 9;
inline constexpr std::uint8_t kPong = 10;

inline constexpr std::uint8_t kRsv1 = 4;  // of reserved_bits

inline constexpr std::uint16_t kNoCode = 1005;  // of a Close frame without payload (RFC 6455 7.1.5)

using Key = std::array<std::uint8_t, 4>;

struct Frame {
  std::uint8_t opcode = kText;
  std::string payload = {};
  bool final = true;
  std::uint8_t reserved_bits = 0;  // RSV1 is 4, RSV2 is 2, RSV3 is 1
  // What only a faulty peer sends.
  LengthForm length_form = LengthForm::kShortest;
  std::optional<std::uint64_t> announced_size = {};  // instead of the payload's own
  bool wrong_mask_bit = false;                       // unmasked from a client, masked from a server
  std::optional<Key> key = {};                       // instead of one that differs from frame to frame
};

Frame text(std::string payload);
Frame binary(std::string payload);
Frame ping(std::string payload = "");
Frame pong(std::string payload = "");
// With kNoCode the Close frame is empty.
Frame close_frame(std::uint16_t code, std::string_view reason = "");
// A Close frame with this payload, sound or not.
Frame close_payload(std::string payload);
// Parts of a message. Its first frame has the opcode, its last one FIN.
Frame first_part(std::uint8_t opcode, std::string payload);
Frame middle_part(std::string payload);
Frame last_part(std::string payload);
// The same frame with these reserved bits.
Frame with_reserved_bits(std::uint8_t bits, Frame frame);
// The header of a frame that announces `size` bytes, and none of them.
Frame announcement(std::uint8_t opcode, std::uint64_t size, LengthForm form = LengthForm::kShortest);

// A message in frames of at most `fragment_size` bytes; 0: in one frame.
std::vector<Frame> fragments(std::uint8_t opcode, std::string_view payload, std::size_t fragment_size);

// `pattern` again and again, to `size` bytes in all.
std::string repeated(std::string_view pattern, std::size_t size);
// The bytes that pairs of hex digits write; spaces may stand between them.
std::string hex(std::string_view digits);

// Appends the frame to `out` as `sender` sends it. Its key is used where the frame has none of its own.
void encode(const Frame& frame, Side sender, const Key& key, std::string& out);
// How many of the bytes that encode() appends come before the payload.
std::size_t header_size(const Frame& frame, Side sender);

// Takes the frame at the front of `bytes`, unmasked; nothing if it is not all there. `size` becomes its size on the
// wire.
std::optional<Frame> parse(std::string_view bytes, Side sender, std::size_t& size);

// In a few words, for a failed test: `text "Hello"`, `Close 1002 "..."`, `binary, 65536 bytes 00fe23...`.
std::string describe(const Frame& frame);
// True if the two are the same on the wire, masking apart.
bool same(const Frame& one, const Frame& other);
// The code of a Close frame, or kNoCode.
std::uint16_t code_of(const Frame& frame);

}  // namespace conformance
