// The head of a response, as a client reads it: bytes in, status and header fields out, no socket. Interim responses
// (RFC 9110 15.2: 1xx other than 101) are read over. What follows the head is not looked at: behind a 101 the next
// byte may already be a WebSocket frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/head_parser.hpp"
#include "http/head_scanner.hpp"
#include "http/header.hpp"

namespace http {

class ResponseParser {
 public:
  enum class State : std::uint8_t { kReceiving, kComplete, kFailed };

  // `limits` hold for everything up to the end of the last head.
  explicit ResponseParser(const HeadLimits& limits = {}) : limits_(limits) {}
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Reads on and returns how many of `bytes` belong to the head; the rest is what follows it.
  std::size_t feed(std::span<const std::uint8_t> bytes);
  State state() const { return state_; }

  // Once complete. The views live as long as the parser.
  int status() const { return head_.status; }
  int minor() const { return head_.minor; }
  std::span<const Header> headers() const { return head_.headers; }
  std::optional<std::string_view> header(std::string_view name) const { return find_header(head_.headers, name); }
  // Why it failed, in words.
  const std::string& failure() const { return failure_; }

 private:
  void complete_head();
  void fail(HeadFault fault);

  HeadLimits limits_;
  HeadScanner scanner_{HeadScanner::Start::kFirstLine};
  State state_ = State::kReceiving;
  std::size_t interim_size_ = 0;  // bytes of the heads read over
  std::string text_;
  Head head_;
  std::string failure_;
};

}  // namespace http
