// A growable array of bytes for a message that arrives in pieces. It differs from std::vector in three ways that
// matter here: memory is not zeroed before a receive fills it, growing may extend it in place (realloc), and to
// run out of memory is an answer and no exception. This is the one place in the folder that manages memory by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

namespace ws::protocol {

// A message may have this much memory at once, however little of it is here.
inline constexpr std::size_t kSmallBuffer = 4096;

struct FreeDeleter {
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};

// Bytes given away by a MessageBuffer.
struct OwnedBytes {
  std::unique_ptr<std::uint8_t[], FreeDeleter> bytes;
  std::size_t size = 0;
};

class MessageBuffer {
 public:
  MessageBuffer() = default;
  MessageBuffer(MessageBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  MessageBuffer& operator=(MessageBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::span<std::uint8_t> bytes() const { return {bytes_.get(), size_}; }

  // The memory behind the bytes that is not in use yet. Not initialised.
  std::span<std::uint8_t> room() const { return {bytes_.get() + size_, capacity_ - size_}; }

  // Makes the capacity at least `capacity`, exactly that if it was less. False if there is no memory; nothing has
  // changed then.
  [[nodiscard]] bool reserve(std::size_t capacity);

  // The first `size` bytes of the room have been written: they belong to the bytes now. Returns them.
  std::span<std::uint8_t> extend(std::size_t size);

  // Copies `more` behind the bytes. Needs room for it.
  std::span<std::uint8_t> append(std::span<const std::uint8_t> more);

  // Forgets the first `size` bytes. The others move to the front.
  void drop_front(std::size_t size);

  // Forgets the bytes and keeps the memory.
  void clear() { size_ = 0; }

  // Gives the memory away and is empty then.
  OwnedBytes release();

 private:
  std::unique_ptr<std::uint8_t[], FreeDeleter> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace ws::protocol
