// Masking keys for a client: RFC 6455 5.3 and 10.3 want each one fresh and unpredictable, so that nobody chooses
// the bytes that proxies see. OpenSSL's random source costs little when it is asked for many keys at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ws/protocol/frame.hpp"

namespace ws {

// Fills `bytes` from OpenSSL's random source. Throws std::runtime_error if that has failed, which ends the program:
// going on without unpredictable keys would be worse.
void fill_random(std::span<std::uint8_t> bytes);

class MaskingKeys {
 public:
  protocol::MaskingKey next();

 private:
  std::array<protocol::MaskingKey, 256> keys_{};
  std::size_t used_ = keys_.size();
};

}  // namespace ws
