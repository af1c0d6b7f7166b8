// Memory for large messages, from one to the next. Fresh memory comes from the system page by page, each at the price
// of a fault and of being zeroed: for a message of a megabyte that is as much work as to receive it. So the few buffers
// that were used last are kept for the next message of anybody on the loop; who owns this frees them when it is quiet.
#pragma once

#include <array>
#include <cstddef>

#include "ws/protocol/message_buffer.hpp"

namespace ws::protocol {

class SpareBuffers {
 public:
  // From this size on, memory is worth keeping.
  static constexpr std::size_t kSmallest = std::size_t{64} << 10;
  // All that is kept and lent together: so much more than what arrived the messages of all connections may hold.
  static constexpr std::size_t kMost = std::size_t{16} << 20;

  // Lends an empty buffer with room for at least `size` bytes, the one that was used last; without capacity if there is
  // none. It may be much larger than what the message has a right to, until settle() says that it is not lent any more.
  MessageBuffer lend(std::size_t size);
  // A buffer of that capacity, as it was lent, has come back, or is another's for good.
  void settle(std::size_t capacity) { lent_ -= capacity; }
  // Keeps the buffer's memory, or frees it where it is too small or too much is kept.
  void give(MessageBuffer buffer);
  // Frees all that nobody asked for since the last call, and says whether anything is still kept or lent.
  bool free_unused();

  std::size_t memory() const { return memory_; }
  std::size_t lent() const { return lent_; }

 private:
  static constexpr std::size_t kPlaces = 16;

  std::array<MessageBuffer, kPlaces> buffers_;
  std::size_t count_ = 0;   // of places in use, from the front
  std::size_t memory_ = 0;  // of the buffers in them
  std::size_t lent_ = 0;    // of those that are lent
  std::size_t lowest_ = 0;  // that count_ was since the last free_unused(): as many were not needed
};

}  // namespace ws::protocol
