// Chunks double with what waits, up to a bound, so that a slow reader's queue costs little more than what is in it.
#include "reactor/output_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace reactor {

namespace {

constexpr std::size_t kSmallestChunk = 512;
constexpr std::size_t kLargestChunk = 64 * 1024;

}  // namespace

void OutputQueue::append_copy(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  if (pieces_.size() > first_ && pieces_.back().growing) {
    Piece& last = pieces_.back();
    const std::size_t part = std::min(bytes.size(), last.bytes.size() - last.end);
    std::memcpy(last.bytes.writable().data() + last.end, bytes.data(), part);
    last.end += part;
    last.growing = last.end < last.bytes.size();
    bytes_ += part;
    bytes = bytes.subspan(part);
    if (bytes.empty()) return;
  }
  const std::size_t chunk = std::max(bytes.size(), std::clamp(bytes_, kSmallestChunk, kLargestChunk));
  Piece piece{.bytes = SharedBytes::allocate(chunk), .begin = 0, .end = bytes.size(), .growing = bytes.size() < chunk};
  std::memcpy(piece.bytes.writable().data(), bytes.data(), bytes.size());
  pieces_.push_back(std::move(piece));
  bytes_ += bytes.size();
}

void OutputQueue::append_shared(SharedBytes bytes, std::size_t offset, std::size_t size) {
  assert(offset <= bytes.size());
  size = std::min(size, bytes.size() - offset);
  if (size == 0) return;
  pieces_.push_back(Piece{.bytes = std::move(bytes), .begin = offset, .end = offset + size, .growing = false});
  bytes_ += size;
}

std::size_t OutputQueue::front(std::span<iovec> pieces) const {
  const std::size_t count = std::min(pieces.size(), pieces_.size() - first_);
  for (std::size_t index = 0; index < count; ++index) {
    const Piece& piece = pieces_[first_ + index];
    // sendmsg takes iovec, which has no const; it does not write.
    auto* bytes = const_cast<std::uint8_t*>(piece.bytes.view().data());
    pieces[index] = {.iov_base = bytes + piece.begin, .iov_len = piece.end - piece.begin};
  }
  return count;
}

void OutputQueue::remove_front(std::size_t size) {
  assert(size <= bytes_);
  bytes_ -= size;
  while (size > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t part = std::min(size, piece.end - piece.begin);
    piece.begin += part;
    size -= part;
    if (piece.begin < piece.end) break;
    piece.bytes = {};
    ++first_;
  }
  // Sent pieces leave the array when they are half of it: each is moved once on average.
  if (first_ * 2 >= pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace reactor
