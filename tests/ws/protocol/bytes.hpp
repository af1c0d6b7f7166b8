// Bytes for the tests of ws/protocol: written so that a reader can check them against the RFC, and
// laid so that they end at a page that may not be touched: reading or writing one byte too far crashes.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ws/protocol/frame.hpp"
#include "ws/protocol/mask.hpp"

namespace ws::protocol::test {

using Bytes = std::vector<std::uint8_t>;

// Bytes from hexadecimal digits; anything else is only for the eye.
inline Bytes hex(std::string_view digits) {
  Bytes bytes;
  int high = -1;
  for (const char digit : digits) {
    if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) continue;
    const int value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
    if (high >= 0) bytes.push_back(static_cast<std::uint8_t>(high * 16 + value));
    high = high >= 0 ? -1 : value;
  }
  assert(high < 0);
  return bytes;
}

// Bytes from binary digits, as in the picture of RFC 6455 5.2: bits("1 000 0001  1 0000101").
inline Bytes bits(std::string_view digits) {
  Bytes bytes;
  unsigned value = 1;
  for (const char digit : digits) {
    if (digit == ' ') continue;
    value = value << 1 | (digit == '1' ? 1U : 0U);
    if (value >= 0x100) {
      bytes.push_back(static_cast<std::uint8_t>(value));
      value = 1;
    }
  }
  assert(value == 1);
  return bytes;
}

inline Bytes text(std::string_view characters) { return {characters.begin(), characters.end()}; }

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Bytes operator*(const Bytes& bytes, std::size_t times) {
  Bytes repeated;
  for (std::size_t time = 0; time < times; ++time) repeated.insert(repeated.end(), bytes.begin(), bytes.end());
  return repeated;
}

inline constexpr MaskingKey kKey = {0x37, 0xFA, 0x21, 0x3D};  // of RFC 6455 5.7

// A frame of any kind, right or wrong: its first byte, and the payload, masked as a client's or not.
inline Bytes client_frame(std::uint8_t first_byte, Bytes payload) {
  std::array<std::uint8_t, kMaxHeaderSize> header;
  const std::size_t size = write_frame_header(header, false, 0, Opcode::kContinuation, payload.size(), kKey);
  header[0] = first_byte;
  apply_mask(payload, kKey, 0);
  return Bytes(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size)) + payload;
}

inline Bytes server_frame(std::uint8_t first_byte, const Bytes& payload) {
  std::array<std::uint8_t, kMaxHeaderSize> header;
  const std::size_t size = write_frame_header(header, false, 0, Opcode::kContinuation, payload.size(), std::nullopt);
  header[0] = first_byte;
  return Bytes(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size)) + payload;
}

// Memory whose last byte is the last one before a page without access.
class GuardedMemory {
 public:
  explicit GuardedMemory(std::size_t capacity)
      : page_size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        capacity_((capacity + page_size_ - 1) / page_size_ * page_size_) {
    void* const mapped =
        mmap(nullptr, capacity_ + page_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(mapped != MAP_FAILED);
    begin_ = static_cast<std::uint8_t*>(mapped);
    [[maybe_unused]] const int guarded = mprotect(begin_ + capacity_, page_size_, PROT_NONE);
    assert(guarded == 0);
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory() { munmap(begin_, capacity_ + page_size_); }

  // The last `size` bytes before the guard.
  std::span<std::uint8_t> last(std::size_t size) const {
    assert(size <= capacity_);
    return {begin_ + capacity_ - size, size};
  }

  // The same, holding a copy of `bytes`.
  std::span<std::uint8_t> put(std::span<const std::uint8_t> bytes) const {
    const auto placed = last(bytes.size());
    if (!bytes.empty()) std::memcpy(placed.data(), bytes.data(), bytes.size());
    return placed;
  }

 private:
  std::size_t page_size_;
  std::size_t capacity_;
  std::uint8_t* begin_ = nullptr;
};

}  // namespace ws::protocol::test
