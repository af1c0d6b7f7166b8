// Immutable bytes with a reference count, so that one encoded frame can wait in a thousand output queues and
// be stored once. The count is a plain integer: everything that holds such bytes lives on one loop, one thread.
//
//   SharedBytes ──┐
//   SharedBytes ──┴─► Block { references, size, data ──► the bytes, behind the block or in adopted memory }
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

namespace reactor {

struct FreeDeleter {
  void operator()(std::uint8_t* memory) const { std::free(memory); }
};
using MallocedBytes = std::unique_ptr<std::uint8_t[], FreeDeleter>;

class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(const SharedBytes& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBytes() { release(); }

  // New memory for `size` bytes, which the caller fills through writable() before sharing it.
  static SharedBytes allocate(std::size_t size);
  static SharedBytes copy_of(std::span<const std::uint8_t> bytes);
  // Takes over memory that malloc made, without copying it.
  static SharedBytes adopt(MallocedBytes memory, std::size_t size);

  explicit operator bool() const { return block_ != nullptr; }
  std::span<const std::uint8_t> view() const {
    return block_ == nullptr ? std::span<const std::uint8_t>{}
                             : std::span<const std::uint8_t>{block_->data, block_->size};
  }
  std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  // REQUIRES: nobody else holds these bytes yet.
  std::span<std::uint8_t> writable();
  bool unique() const { return block_ != nullptr && block_->references == 1; }

 private:
  struct Block {
    std::size_t references = 1;
    std::size_t size = 0;
    std::uint8_t* data = nullptr;
    bool adopted = false;
  };
  explicit SharedBytes(Block* block) : block_(block) {}
  void release();

  Block* block_ = nullptr;
};

}  // namespace reactor
