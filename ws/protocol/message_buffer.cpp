// The growing and giving away of a MessageBuffer's memory, on malloc and realloc: realloc extends a
// large block in place or moves its pages where new and copy would touch every byte.
#include "ws/protocol/message_buffer.hpp"

#include <cassert>
#include <cstring>

namespace ws::protocol {

bool MessageBuffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return true;
  void* const grown = std::realloc(bytes_.get(), capacity);
  if (grown == nullptr) return false;
  static_cast<void>(bytes_.release());  // realloc has freed it, or it is `grown`
  bytes_.reset(static_cast<std::uint8_t*>(grown));
  capacity_ = capacity;
  return true;
}

std::span<std::uint8_t> MessageBuffer::extend(std::size_t size) {
  assert(size <= capacity_ - size_);
  const auto extended = room().first(size);
  size_ += size;
  return extended;
}

std::span<std::uint8_t> MessageBuffer::append(std::span<const std::uint8_t> more) {
  const auto copied = extend(more.size());
  if (!more.empty()) std::memcpy(copied.data(), more.data(), more.size());
  return copied;
}

void MessageBuffer::drop_front(std::size_t size) {
  assert(size <= size_);
  if (size == 0) return;
  size_ -= size;
  if (size_ > 0) std::memmove(bytes_.get(), bytes_.get() + size, size_);
}

OwnedBytes MessageBuffer::release() {
  capacity_ = 0;
  return {.bytes = std::move(bytes_), .size = std::exchange(size_, 0)};
}

}  // namespace ws::protocol
