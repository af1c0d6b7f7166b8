// Close codes (RFC 6455 7.4) and the payload of a Close frame (RFC 6455 5.5.1): nothing, or two bytes
// of code and up to 123 bytes of reason in UTF-8. Some codes only ever describe an end to the
// application (1005, 1006, 1015) and must never be seen on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ws/protocol/error.hpp"
#include "ws/protocol/frame.hpp"

namespace ws::protocol {

// RFC 6455 7.4.1; 1012 to 1014 were registered with IANA later.
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kUnsupportedData = 1003;
inline constexpr std::uint16_t kNoStatus = 1005;         // never sent: the Close frame had no code
inline constexpr std::uint16_t kAbnormalClosure = 1006;  // never sent: there was no Close frame
inline constexpr std::uint16_t kInvalidPayload = 1007;
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kTooBig = 1009;
inline constexpr std::uint16_t kMissingExtension = 1010;
inline constexpr std::uint16_t kInternalError = 1011;
inline constexpr std::uint16_t kServiceRestart = 1012;
inline constexpr std::uint16_t kTryAgainLater = 1013;
inline constexpr std::uint16_t kBadGateway = 1014;
inline constexpr std::uint16_t kTlsHandshake = 1015;  // never sent: the TLS handshake failed

inline constexpr std::size_t kMaxCloseReason = kMaxControlPayload - 2;

// True if a Close frame may carry `code`: 1000-1003, 1007-1014 and 3000-4999.
bool may_be_sent(std::uint16_t code);

// The meaning of `code` in a few words, also for those that are never sent. Lives for ever.
std::string_view describe_close_code(std::uint16_t code);

struct ClosePayload {
  Error error = Error::kNone;
  std::uint16_t code = kNoStatus;  // kNoStatus if the payload is empty
  std::string_view reason = {};    // a view of the payload
};

// Takes the (unmasked) payload of a Close frame apart. With an error, code and reason mean nothing.
ClosePayload parse_close_payload(std::span<const std::uint8_t> payload);

// Writes the payload of a Close frame and returns its size. kNoStatus writes nothing; any other code
// must be one that may be sent. Of `reason` as much is written as fits and is valid UTF-8,
// never a part of a character.
std::size_t write_close_payload(std::span<std::uint8_t, kMaxControlPayload> out, std::uint16_t code,
                                std::string_view reason);

}  // namespace ws::protocol
