// The words and close codes of the rules in error.hpp. RFC 6455 7.4.1 says which code is for what:
// 1002 for a broken frame, 1007 for content that is not what it says it is, 1008 for a policy of ours, 1009 for too
// much, 1011 for a failure of our own.
#include "ws/protocol/error.hpp"

#include "ws/protocol/close_code.hpp"

namespace ws::protocol {

std::uint16_t close_code(Error error) {
  switch (error) {
    case Error::kNone: return kNormal;
    case Error::kReservedBits:
    case Error::kReservedOpcode:
    case Error::kFragmentedControl:
    case Error::kControlTooLong:
    case Error::kContinuationWithoutStart:
    case Error::kMessageInsideMessage:
    case Error::kNotMasked:
    case Error::kMasked:
    case Error::kLengthTopBit:
    case Error::kLengthNotMinimal:
    case Error::kCloseTruncated:
    case Error::kCloseCode: return kProtocolError;
    case Error::kInvalidUtf8:
    case Error::kInvalidDeflate:
    case Error::kCloseReason: return kInvalidPayload;
    case Error::kTooManyFragments: return kPolicyViolation;
    case Error::kMessageTooBig: return kTooBig;
    case Error::kOutOfMemory: return kInternalError;
  }
  return kInternalError;
}

std::string_view describe(Error error) {
  switch (error) {
    case Error::kNone: return "no error";
    case Error::kReservedBits: return "reserved bits must be 0 unless an extension was negotiated (RFC 6455 5.2)";
    case Error::kReservedOpcode: return "opcodes 3-7 and 11-15 are reserved (RFC 6455 5.2)";
    case Error::kFragmentedControl: return "control frames must not be fragmented (RFC 6455 5.5)";
    case Error::kControlTooLong: return "control frames have at most 125 bytes of payload (RFC 6455 5.5)";
    case Error::kContinuationWithoutStart: return "a continuation frame needs a message to continue (RFC 6455 5.4)";
    case Error::kMessageInsideMessage: return "a message must end before the next one starts (RFC 6455 5.4)";
    case Error::kTooManyFragments: return "too many fragments in one message";
    case Error::kNotMasked: return "client frames must be masked (RFC 6455 5.1)";
    case Error::kMasked: return "server frames must not be masked (RFC 6455 5.1)";
    case Error::kLengthTopBit: return "the top bit of a 64-bit length must be 0 (RFC 6455 5.2)";
    case Error::kLengthNotMinimal: return "a length must take as few bytes as it can (RFC 6455 5.2)";
    case Error::kMessageTooBig: return "message too big";
    case Error::kInvalidUtf8: return "text must be UTF-8 (RFC 6455 8.1)";
    case Error::kInvalidDeflate: return "a compressed message must be whole DEFLATE data (RFC 7692 7.2.2)";
    case Error::kCloseTruncated: return "a Close payload has no byte or at least two (RFC 6455 5.5.1)";
    case Error::kCloseCode: return "this close code must not be sent (RFC 6455 7.4)";
    case Error::kCloseReason: return "a close reason must be UTF-8 (RFC 6455 5.5.1)";
    case Error::kOutOfMemory: return "out of memory";
  }
  return "unknown error";
}

}  // namespace ws::protocol
