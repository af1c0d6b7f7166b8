// The rules of RFC 6455 that a peer can break once the connection is open: one enumerator for each
// rule, the close code that the rule asks for (RFC 6455 7.4.1) and a sentence that fits a Close frame.
// An error of this kind is a value. It ends the connection and nothing else.
#pragma once

#include <cstdint>
#include <string_view>

namespace ws::protocol {

enum class [[nodiscard]] Error : std::uint8_t {
  kNone,
  kReservedBits,              // RFC 6455 5.2: a reserved bit that no extension gave a meaning
  kReservedOpcode,            // RFC 6455 5.2: opcodes 3 to 7 and 11 to 15
  kFragmentedControl,         // RFC 6455 5.5: a control frame without FIN
  kControlTooLong,            // RFC 6455 5.5: a control frame with more than 125 bytes
  kContinuationWithoutStart,  // RFC 6455 5.4: a continuation of nothing
  kMessageInsideMessage,      // RFC 6455 5.4: a new message before the last one ended
  kTooManyFragments,          // our limit on the frames of one message
  kNotMasked,                 // RFC 6455 5.1: a client must mask
  kMasked,                    // RFC 6455 5.1: a server must not
  kLengthTopBit,              // RFC 6455 5.2: the top bit of a 64-bit length
  kLengthNotMinimal,          // RFC 6455 5.2: a length in more bytes than it needs
  kMessageTooBig,             // our limit on the bytes of one message
  kInvalidUtf8,               // RFC 6455 8.1: text that is not UTF-8
  kInvalidDeflate,            // RFC 7692 7.2.2: a compressed message that is not DEFLATE, or not all of it
  kCloseTruncated,            // RFC 6455 5.5.1: a Close payload of one byte
  kCloseCode,                 // RFC 6455 7.4: a close code that must not be sent
  kCloseReason,               // RFC 6455 5.5.1: a close reason that is not UTF-8
  kOutOfMemory,               // no memory for a message within the limits
};

// The code for the Close frame that answers `error`. kNone has 1000, a normal end.
std::uint16_t close_code(Error error);

// A sentence of at most 123 bytes, fit to be the reason in that Close frame. Lives for ever.
std::string_view describe(Error error);

}  // namespace ws::protocol
