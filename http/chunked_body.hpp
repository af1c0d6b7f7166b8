// A body in chunks (RFC 9112 7.1): each has its size in hexadecimal on a line of its own; a chunk of size 0 ends them,
// and trailer fields and an empty line follow.
//
//     5 CR LF  hello CR LF   6;name=value CR LF  , body CR LF   0 CR LF   CR LF
//
// Extensions and trailers are checked and thrown away. Everything is bounded, also what is thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_scanner.hpp"
#include "http/refusal.hpp"

namespace http {

class ChunkedBody {
 public:
  enum class State : std::uint8_t { kReceiving, kComplete, kRefused };

  // Reads on, appends what is content to `body`, and returns how many of `bytes` were taken.
  std::size_t take(std::string_view bytes, std::string& body, std::size_t max_body, const HeadLimits& trailer_limits);

  State state() const { return state_; }
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class Place : std::uint8_t { kSize, kExtension, kSizeLf, kContent, kContentCr, kContentLf, kTrailers };
  void step(char byte, std::size_t room);
  void take_size_byte(char byte, std::size_t room);
  void refuse(int status, const char* reason);

  std::size_t chunk_left_ = 0;
  std::size_t extension_size_ = 0;  // of all chunks together
  unsigned digits_ = 0;
  Place place_ = Place::kSize;
  State state_ = State::kReceiving;
  HeadScanner trailers_{HeadScanner::Start::kFields};
  Refusal refusal_;
};

}  // namespace http
