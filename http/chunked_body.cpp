// Sizes and line ends are read byte by byte, content in one piece. A chunk too many is refused by its size line.
#include "http/chunked_body.hpp"

#include "http/header.hpp"

namespace http {

namespace {

constexpr unsigned kMaxSizeDigits = 16;
constexpr std::size_t kMaxExtensionBytes = 1024;

}  // namespace

std::size_t ChunkedBody::take(std::string_view bytes, std::string& body, std::size_t max_body,
                              const HeadLimits& trailer_limits) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ == State::kReceiving) {
    const std::string_view rest = bytes.substr(taken);
    if (place_ == Place::kContent) {
      const std::string_view content = rest.substr(0, chunk_left_);
      body.append(content);
      chunk_left_ -= content.size();
      if (chunk_left_ == 0) place_ = Place::kContentCr;
      taken += content.size();
    } else if (place_ == Place::kTrailers) {
      taken += trailers_.scan(rest, trailer_limits);
      if (trailers_.complete()) state_ = State::kComplete;
      if (trailers_.fault() != HeadFault::kNone)
        refuse(400, "the trailers of a chunked body are malformed or too many");
    } else {
      step(rest.front(), max_body - body.size());
      ++taken;
    }
  }
  return taken;
}

void ChunkedBody::step(char byte, std::size_t room) {
  switch (place_) {
    case Place::kSize: return take_size_byte(byte, room);
    case Place::kExtension:
      if (byte == '\r') {
        place_ = Place::kSizeLf;
      } else if (!is_field_value({&byte, 1}) || ++extension_size_ > kMaxExtensionBytes) {
        refuse(400, "a chunk extension is malformed, or they are too long");
      }
      return;
    case Place::kSizeLf:
      if (byte != '\n') return refuse(400, "the size line of a chunk does not end with CR LF");
      place_ = chunk_left_ == 0 ? Place::kTrailers : Place::kContent;
      digits_ = 0;
      return;
    case Place::kContentCr:
    case Place::kContentLf:
      if (byte != (place_ == Place::kContentCr ? '\r' : '\n'))
        return refuse(400, "no CR LF behind the content of a chunk");
      place_ = place_ == Place::kContentCr ? Place::kContentLf : Place::kSize;
      return;
    case Place::kContent:
    case Place::kTrailers: return;
  }
}

// RFC 9112 7.1: hexadecimal digits, then the end of the line or an extension, which begins with a semicolon.
void ChunkedBody::take_size_byte(char byte, std::size_t room) {
  const int digit = hex_digit(byte);
  if (digit >= 0 && digits_ < kMaxSizeDigits) {
    ++digits_;
    chunk_left_ = chunk_left_ * 16 + static_cast<std::size_t>(digit);
    if (chunk_left_ > room) refuse(413, "the body is larger than --max-body allows");
  } else if (digits_ > 0 && byte == '\r') {
    place_ = Place::kSizeLf;
  } else if (digits_ > 0 && byte == ';') {
    place_ = Place::kExtension;
  } else {
    refuse(400, "the size of a chunk is not a short hexadecimal number");
  }
}

void ChunkedBody::refuse(int status, const char* reason) {
  state_ = State::kRefused;
  refusal_ = {.status = status, .reason = reason};
}

}  // namespace http
