// What a server says when it refuses: the first line of its response's body, as far as it is safe to show. A server may
// send the body in packets of its own, behind the head, whole or in chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/chunked_body.hpp"
#include "http/response_parser.hpp"

namespace ws {

// The longest front of `text` that has at most `limit` bytes, is UTF-8, and in which no character ends the line, moves
// a terminal's cursor or turns the direction of writing.
std::string_view printable_front(std::string_view text, std::size_t limit);

class RefusalWords {
 public:
  static constexpr std::size_t kLongest = 200;

  // REQUIRES: `head` is complete.
  explicit RefusalWords(const http::ResponseParser& head);

  void feed(std::span<const std::uint8_t> bytes);
  // More bytes would change nothing.
  bool complete() const;
  std::string_view text() const { return for_people_ ? printable_front(body_, kLongest) : std::string_view(); }

 private:
  std::string body_;  // its beginning
  std::optional<http::ChunkedBody> chunks_;
  std::size_t length_ = SIZE_MAX;
  bool for_people_ = true;  // and not markup
};

}  // namespace ws
