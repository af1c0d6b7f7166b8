// The state machine of a head, one byte a step, with a short cut through the middle of names and values. Every place
// knows which bytes may come next, and a fault is named by the first byte that may not.
#include "http/head_scanner.hpp"

#include <algorithm>

#include "http/header.hpp"

namespace http {

namespace {

// RFC 9112 2.2: a server should skip at least one CRLF in front of a request; two are forgiven, not a stream of them.
constexpr std::size_t kMaxBytesBefore = 4;

template <class Predicate>
std::size_t count_while(std::string_view text, Predicate predicate) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), predicate) - text.begin());
}

}  // namespace

std::size_t HeadScanner::scan(std::string_view bytes, const HeadLimits& limits) {
  max_fields_ = limits.max_fields;
  std::string_view rest = bytes.substr(0, limits.max_size - size_);
  const auto take = [&](std::size_t count) {
    rest.remove_prefix(count);
    size_ += count;
  };
  const std::size_t allowed = rest.size();
  while (!complete() && fault_ == HeadFault::kNone) {
    take(count_plain(rest));
    if (rest.empty()) break;
    fault_ = step(rest.front());
    if (fault_ == HeadFault::kNone) take(1);
  }
  const std::size_t taken = allowed - rest.size();
  if (taken == allowed && taken < bytes.size() && !complete())
    fault_ = in_first_line() ? HeadFault::kFirstLineTooLong : HeadFault::kTooLarge;
  return taken;
}

// How many bytes at the front of `text` leave the place as it is: most bytes of a head do, so this loop is the fast
// path.
std::size_t HeadScanner::count_plain(std::string_view text) const {
  if (place_ == Place::kName) return count_while(text, [](char byte) { return is_token_character(byte); });
  if (place_ == Place::kValue || place_ == Place::kFirstLine) {
    return count_while(text, [](char byte) { return is_value_character(byte); });
  }
  return 0;
}

HeadFault HeadScanner::step(char byte) {
  switch (place_) {
    case Place::kBefore:
      if (byte == '\r' && size_ < kMaxBytesBefore) return go(Place::kBeforeLf);
      return is_token_character(byte) ? go(Place::kFirstLine) : HeadFault::kStartByte;
    case Place::kBeforeLf: return byte == '\n' ? go(Place::kBefore) : HeadFault::kStartByte;
    case Place::kFirstLine: return step_in_text(byte, Place::kFirstLineLf);
    case Place::kValue: return step_in_text(byte, Place::kValueLf);
    case Place::kFirstLineLf:
    case Place::kValueLf: return byte == '\n' ? go(Place::kLineStart) : HeadFault::kBareCr;
    case Place::kLineStart: return start_line(byte);
    case Place::kName: return step_in_name(byte);
    case Place::kLastLf: return byte == '\n' ? go(Place::kEnd) : HeadFault::kBareCr;
    case Place::kEnd: break;
  }
  return HeadFault::kNone;
}

HeadFault HeadScanner::step_in_text(char byte, Place after_cr) {
  if (byte == '\r') return go(after_cr);
  if (byte == '\n') return HeadFault::kBareLf;
  return is_value_character(byte) ? HeadFault::kNone : HeadFault::kControlByte;
}

HeadFault HeadScanner::start_line(char byte) {
  if (byte == '\r') return go(Place::kLastLf);
  if (byte == '\n') return HeadFault::kBareLf;
  if (byte == ' ' || byte == '\t') return HeadFault::kFolded;
  if (!is_token_character(byte)) return HeadFault::kFieldName;
  if (field_count_ == max_fields_) return HeadFault::kTooManyFields;
  ++field_count_;
  return go(Place::kName);
}

HeadFault HeadScanner::step_in_name(char byte) {
  if (is_token_character(byte)) return HeadFault::kNone;
  if (byte == ':') return go(Place::kValue);
  return byte == ' ' || byte == '\t' ? HeadFault::kSpaceBeforeColon : HeadFault::kFieldName;
}

std::string describe(HeadFault fault, const HeadLimits& limits) {
  switch (fault) {
    case HeadFault::kNone: return "nothing is wrong";
    case HeadFault::kStartByte: return "this does not begin like HTTP; is it TLS, or another protocol?";
    case HeadFault::kControlByte: return "a control character in the head";
    case HeadFault::kBareCr: return "a carriage return without a line feed behind it";
    case HeadFault::kBareLf: return "a line feed without a carriage return before it; lines end with CR LF";
    case HeadFault::kFolded: return "a header line begins with a space; write each header field in one line";
    case HeadFault::kFieldName: return "a header line does not begin with a field name and a colon";
    case HeadFault::kSpaceBeforeColon: return "a space between a field name and its colon";
    case HeadFault::kFirstLineTooLong:
      return "the first line is longer than " + std::to_string(limits.max_size) + " bytes";
    case HeadFault::kTooLarge: return "the head is larger than " + std::to_string(limits.max_size) + " bytes";
    case HeadFault::kTooManyFields: return "more than " + std::to_string(limits.max_fields) + " header fields";
    case HeadFault::kMethod: return "an unknown method";
    case HeadFault::kVersion: return "not HTTP/1.1 and not HTTP/1.0";
    case HeadFault::kFirstLine: return "the first line is not three parts with single spaces between them";
    case HeadFault::kTarget: return "the target of the request is not a path such as /ws?name=value";
    case HeadFault::kBodySize: return "Content-Length or Transfer-Encoding is malformed, repeated, or both are there";
    case HeadFault::kMalformed: return "a malformed head";
  }
  return {};
}

}  // namespace http
