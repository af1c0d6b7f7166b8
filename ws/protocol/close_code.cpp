// Which close codes may be sent, what they mean, and the two directions of a Close payload
// (RFC 6455 5.5.1, 7.4).
#include "ws/protocol/close_code.hpp"

#include <algorithm>
#include <cassert>

#include "ws/protocol/bytes.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::protocol {
bool may_be_sent(std::uint16_t code) {
  // RFC 6455 7.4.1: 1004 is reserved; 1005, 1006 and 1015 are for the application's eyes only.
  if (code >= kNormal && code <= kUnsupportedData) return true;
  if (code >= kInvalidPayload && code <= kBadGateway) return true;
  // RFC 6455 7.4.2: registered with IANA from 3000, private from 4000; the rest below is for the RFC's successors.
  return code >= 3000 && code <= 4999;
}

std::string_view describe_close_code(std::uint16_t code) {
  switch (code) {
    case kNormal: return "normal closure";
    case kGoingAway: return "going away";
    case kProtocolError: return "protocol error";
    case kUnsupportedData: return "unsupported data";
    case kNoStatus: return "no close code received";
    case kAbnormalClosure: return "connection lost without a Close frame";
    case kInvalidPayload: return "invalid payload";
    case kPolicyViolation: return "policy violation";
    case kTooBig: return "message too big";
    case kMissingExtension: return "missing extension";
    case kInternalError: return "internal error";
    case kServiceRestart: return "service restart";
    case kTryAgainLater: return "try again later";
    case kBadGateway: return "bad gateway";
    case kTlsHandshake: return "TLS handshake failed";
    default: break;
  }
  if (code >= 3000 && code <= 3999) return "registered code of a library or framework";
  if (code >= 4000 && code <= 4999) return "private code of the application";
  return "invalid close code";
}

ClosePayload parse_close_payload(std::span<const std::uint8_t> payload) {
  if (payload.empty()) return {};
  // RFC 6455 5.5.1: if there is a payload, its first two bytes are the code.
  if (payload.size() == 1) return {.error = Error::kCloseTruncated};
  const auto code = static_cast<std::uint16_t>(read_number(payload.first(2)));
  if (!may_be_sent(code)) return {.error = Error::kCloseCode};
  const auto reason = payload.subspan(2);
  if (!is_valid_utf8(reason)) return {.error = Error::kCloseReason};
  return {.code = code, .reason = as_text(reason)};
}

std::size_t write_close_payload(std::span<std::uint8_t, kMaxControlPayload> out, std::uint16_t code,
                                std::string_view reason) {
  if (code == kNoStatus) return 0;
  assert(may_be_sent(code));
  out[0] = static_cast<std::uint8_t>(code >> 8);
  out[1] = static_cast<std::uint8_t>(code & 0xFF);
  const auto bytes = as_bytes(reason.substr(0, kMaxCloseReason));
  const auto written = bytes.first(valid_utf8_prefix(bytes));
  std::copy(written.begin(), written.end(), out.begin() + 2);
  return 2 + written.size();
}

}  // namespace ws::protocol
