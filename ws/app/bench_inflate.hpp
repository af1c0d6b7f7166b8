// The messages of a server that come compressed (RFC 7692), for who wants to know what they say: in --verify alone,
// because it costs more than all else that a load generator does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/inflater.hpp"
#include "ws/protocol/message_buffer.hpp"

namespace ws::app {

class BenchInflate {
 public:
  // More than any message that we send, and than any greeting.
  static constexpr std::uint64_t kLargest = std::uint64_t{128} << 20;

  // REQUIRES: `inflater` outlives it.
  explicit BenchInflate(protocol::Inflater& inflater) : inflater_(inflater) {}

  // As it was agreed for what the server sends.
  void agree(const protocol::DeflateDirection& theirs) {
    if (theirs.context_takeover) history_ = std::make_unique<protocol::InflateHistory>(theirs.window_bits);
  }

  // The next bytes of a message.
  void feed(std::span<const std::uint8_t> bytes);
  // The message is complete. Returns it, until the next feed(), or nothing if it cannot be inflated: then nothing
  // behind it can.
  std::optional<std::span<const std::uint8_t>> finish();
  // The rule that the server broke.
  protocol::Error error() const { return error_; }

 private:
  void begin();

  protocol::Inflater& inflater_;
  std::unique_ptr<protocol::InflateStream> stream_;  // during a message
  protocol::MessageBuffer message_;
  std::unique_ptr<protocol::InflateHistory> history_;
  protocol::Error error_ = protocol::Error::kNone;
};

}  // namespace ws::app
