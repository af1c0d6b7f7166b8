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
  // All that is kept together.
  static constexpr std::size_t kMost = std::size_t{16} << 20;

  // An empty buffer with room for at least `size` bytes, the one that was used last. It may be much larger, which costs
  // nothing: its memory is here already. Without capacity if there is none.
  MessageBuffer take(std::size_t size);
  // Keeps the buffer's memory, or frees it where it is too small or too much is kept.
  void give(MessageBuffer buffer);
  // Frees all that nobody asked for since the last call, and says whether anything is still kept.
  bool free_unused();

  std::size_t memory() const { return memory_; }

 private:
  static constexpr std::size_t kPlaces = 16;

  std::array<MessageBuffer, kPlaces> buffers_;
  std::size_t count_ = 0;   // of places in use, from the front
  std::size_t memory_ = 0;  // of the buffers in them
  std::size_t lowest_ = 0;  // that count_ was since the last free_unused(): as many were not needed
};

}  // namespace ws::protocol
