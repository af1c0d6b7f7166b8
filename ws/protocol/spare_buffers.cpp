// The buffers are a stack: the one that came last is taken first, because its bytes are still in the cache. What stays
// at the bottom is what nobody needs.
#include "ws/protocol/spare_buffers.hpp"

#include <algorithm>
#include <utility>

namespace ws::protocol {

MessageBuffer SpareBuffers::lend(std::size_t size) {
  for (std::size_t index = count_; index-- > 0;) {
    if (buffers_[index].capacity() < size) continue;
    MessageBuffer taken = std::move(buffers_[index]);
    std::move(buffers_.begin() + static_cast<std::ptrdiff_t>(index + 1),
              buffers_.begin() + static_cast<std::ptrdiff_t>(count_),
              buffers_.begin() + static_cast<std::ptrdiff_t>(index));
    --count_;
    memory_ -= taken.capacity();
    lent_ += taken.capacity();
    lowest_ = std::min(lowest_, index);
    taken.clear();
    return taken;
  }
  return {};
}

void SpareBuffers::give(MessageBuffer buffer) {
  if (buffer.capacity() < kSmallest || count_ == kPlaces || memory_ + lent_ + buffer.capacity() > kMost) return;
  memory_ += buffer.capacity();
  buffers_[count_++] = std::move(buffer);
}

bool SpareBuffers::free_unused() {
  for (std::size_t index = 0; index < lowest_; ++index) memory_ -= buffers_[index].capacity();
  std::move(buffers_.begin() + static_cast<std::ptrdiff_t>(lowest_),
            buffers_.begin() + static_cast<std::ptrdiff_t>(count_), buffers_.begin());
  const std::size_t left = count_ - lowest_;
  for (std::size_t index = left; index < count_; ++index) buffers_[index] = {};
  lowest_ = count_ = left;
  return count_ > 0 || lent_ > 0;
}

}  // namespace ws::protocol
