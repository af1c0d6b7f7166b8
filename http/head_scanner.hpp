// Finds the end of a head (first line, header fields, empty line) and refuses, at the first byte that shows it, what a
// head must not contain. llhttp is the parser, but it forgives more than a server on a public port should; and
// requests are smuggled exactly where two parsers disagree about a byte. So the bytes pass here first:
//
//     GET /ws HTTP/1.1 CR LF          first line
//     Host : example.com CR LF        field line: a token, a colon at once, a value without control characters
//     CR LF                           the end
//
// One byte at a time, each byte once: however the bytes are cut, the verdict is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace http {

// What can be wrong with a head. The first rule broken counts.
enum class [[nodiscard]] HeadFault : std::uint8_t {
  kNone,
  kStartByte,         // RFC 9112 2.2: before the first line only a few CRLF are skipped
  kControlByte,       // RFC 9110 5.5
  kBareCr,            // RFC 9112 2.2
  kBareLf,            // RFC 9112 2.2, which allows it; a difference between parsers all the same
  kFolded,            // RFC 9112 5.2: a line that begins with a space continued the one before, once
  kFieldName,         // RFC 9112 5.1: an empty name, or a byte that is in no token
  kSpaceBeforeColon,  // RFC 9112 5.1
  kFirstLineTooLong,
  kTooLarge,
  kTooManyFields,
  // The faults that only the parser finds.
  kMethod,     // RFC 9110 9.1: a method that nobody here has heard of
  kVersion,    // RFC 9112 2.3: not HTTP/1.0 and not HTTP/1.1
  kFirstLine,  // RFC 9112 3 and 4: not three parts with single spaces between
  kTarget,     // RFC 9112 3.2
  kBodySize,   // RFC 9112 6: Content-Length and Transfer-Encoding, as far as the parser reads them
  kMalformed,
};

struct HeadLimits {
  std::size_t max_size = 16 * 1024;
  std::size_t max_fields = 100;
};

// A sentence for whoever reads the refusal.
std::string describe(HeadFault fault, const HeadLimits& limits);

class HeadScanner {
 public:
  enum class Start : std::uint8_t { kFirstLine, kFields };  // trailers are fields without a first line
  explicit HeadScanner(Start start) : place_(start == Start::kFirstLine ? Place::kBefore : Place::kLineStart) {}

  // Reads on and returns how many of `bytes` belong to the head. Fewer than all: it is complete, or at fault.
  std::size_t scan(std::string_view bytes, const HeadLimits& limits);

  bool complete() const { return place_ == Place::kEnd; }
  HeadFault fault() const { return fault_; }
  // Something other than an empty line has arrived.
  bool started() const { return place_ != Place::kBefore && place_ != Place::kBeforeLf; }
  std::size_t field_count() const { return field_count_; }

 private:
  enum class Place : std::uint8_t {
    kBefore,    // in front of the first line
    kBeforeLf,  // after a CR there
    kFirstLine,
    kFirstLineLf,
    kLineStart,
    kName,
    kValue,
    kValueLf,
    kLastLf,  // after the CR of the empty line
    kEnd,
  };
  std::size_t count_plain(std::string_view text) const;
  HeadFault step(char byte);
  HeadFault step_in_text(char byte, Place after_cr);
  HeadFault step_in_name(char byte);
  HeadFault start_line(char byte);
  HeadFault go(Place place) {
    place_ = place;
    return HeadFault::kNone;
  }
  bool in_first_line() const { return place_ <= Place::kFirstLineLf; }

  std::size_t size_ = 0;
  std::size_t field_count_ = 0;
  std::size_t max_fields_ = 0;
  Place place_;
  HeadFault fault_ = HeadFault::kNone;
};

}  // namespace http
