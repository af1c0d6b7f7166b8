// A kilobyte of randomness at a time.
#include "ws/masking_keys.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace ws {

void fill_random(std::span<std::uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("OpenSSL's random source has failed");
  }
}

protocol::MaskingKey MaskingKeys::next() {
  if (used_ == keys_.size()) {
    fill_random({keys_.front().data(), sizeof keys_});
    used_ = 0;
  }
  return keys_[used_++];
}

}  // namespace ws
