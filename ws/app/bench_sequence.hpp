// Whether numbered messages come once each and in their order. Of a short message only the low bits of its number
// are known, so numbers are compared as RFC 1982 compares serial numbers: a difference is what it is modulo the bits.
#pragma once

#include <cstdint>

namespace ws::app {

class BenchSequence {
 public:
  enum class Verdict : std::uint8_t {
    kNext,      // the one whose turn it is
    kAhead,     // some before it have not come
    kLate,      // one of those
    kRepeated,  // it has come before, or was never sent
  };
  // How many of the messages before the next one can still come late.
  static constexpr std::uint64_t kWindow = 64;

  explicit BenchSequence(unsigned bits) : bits_(bits) {}

  // A message with that number in its `bits` low bits came, of `sent` that were sent. Without bits each is the next.
  Verdict take(std::uint64_t number, std::uint64_t sent) {
    const std::uint64_t distance = bits_ == 0 ? 0 : (number - next_) & mask();
    if (distance < sent - next_ && distance <= mask() / 2) {
      skip(distance);
      return distance == 0 ? Verdict::kNext : Verdict::kAhead;
    }
    const std::uint64_t back = bits_ == 0 ? 0 : (next_ - number) & mask();
    if (back == 0 || back > kWindow || (gaps_ >> (back - 1) & 1) == 0) return Verdict::kRepeated;
    gaps_ &= ~(std::uint64_t{1} << (back - 1));
    --missing_;
    return Verdict::kLate;
  }

  std::uint64_t next() const { return next_; }
  // Skipped, and never seen since.
  std::uint64_t missing() const { return missing_; }

 private:
  std::uint64_t mask() const { return (std::uint64_t{1} << bits_) - 1; }
  void skip(std::uint64_t count) {
    missing_ += count;
    next_ += count + 1;
    gaps_ = count + 1 >= kWindow ? ~std::uint64_t{1} : gaps_ << (count + 1) | ((std::uint64_t{1} << count) - 1) << 1;
  }

  unsigned bits_;
  std::uint64_t next_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t gaps_ = 0;  // bit i: the message i + 1 before the next one has not come
};

}  // namespace ws::app
