// This is one of the few places that manage memory by hand: block and bytes are one allocation, because a
// published frame is made and freed for every message.
#include "reactor/shared_bytes.hpp"

#include <cassert>
#include <cstring>
#include <new>

namespace reactor {

SharedBytes SharedBytes::allocate(std::size_t size) {
  void* memory = std::malloc(sizeof(Block) + size);
  if (memory == nullptr) throw std::bad_alloc();
  auto* block = new (memory) Block{};
  block->size = size;
  block->data = static_cast<std::uint8_t*>(memory) + sizeof(Block);
  return SharedBytes(block);
}

SharedBytes SharedBytes::copy_of(std::span<const std::uint8_t> bytes) {
  SharedBytes shared = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(shared.block_->data, bytes.data(), bytes.size());
  return shared;
}

SharedBytes SharedBytes::adopt(MallocedBytes memory, std::size_t size) {
  SharedBytes shared = allocate(0);
  shared.block_->size = size;
  shared.block_->data = memory.release();
  shared.block_->adopted = true;
  return shared;
}

std::span<std::uint8_t> SharedBytes::writable() {
  assert(unique());
  return {block_->data, block_->size};
}

void SharedBytes::release() {
  if (block_ == nullptr || --block_->references > 0) return;
  if (block_->adopted) std::free(block_->data);
  std::free(block_);
  block_ = nullptr;
}

}  // namespace reactor
