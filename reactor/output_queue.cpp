// Chunks double with what was copied to them, up to a bound, so that a slow reader's queue costs little more than what
// is in it.
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
  copied_ = std::min(copied_, bytes_) + bytes.size();
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
  const std::size_t chunk = std::max(bytes.size(), std::clamp(copied_, kSmallestChunk, kLargestChunk));
  Piece piece{.bytes = SharedBytes::allocate(chunk), .begin = 0, .end = bytes.size(), .growing = bytes.size() < chunk};
  std::memcpy(piece.bytes.writable().data(), bytes.data(), bytes.size());
  pieces_.push_back(std::move(piece));
  bytes_ += bytes.size();
}

void OutputQueue::append_shared(SharedBytes bytes, std::size_t offset, std::size_t size, Tag tag) {
  assert(offset <= bytes.size());
  size = std::min(size, bytes.size() - offset);
  if (size == 0) return;
  pieces_.push_back(Piece{.bytes = std::move(bytes), .begin = offset, .end = offset + size, .tag = tag});
  bytes_ += size;
  copied_ = 0;
}

// `untagged_` saves looking again and again at what cannot be taken back, so that this costs no more than appending
// did.
std::size_t OutputQueue::take_back(Tag tag, std::size_t wanted) {
  std::size_t count = 0;
  std::size_t left = wanted;
  untagged_ = std::max(untagged_, first_);
  bool passed_over = false;
  for (std::size_t index = untagged_; index < pieces_.size() && left > 0; ++index) {
    Piece& piece = pieces_[index];
    if (piece.tag == tag || (tag == kAnyTag && piece.tag != kNoTag)) {
      const std::size_t size = piece.end - piece.begin;
      bytes_ -= size;
      left -= std::min(left, size);
      piece = {};
      ++taken_back_;
      ++count;
    }
    passed_over = passed_over || piece.tag != kNoTag;
    if (!passed_over) untagged_ = index + 1;
  }
  tidy();
  return count;
}

// Pieces that are gone leave the array when they are half of it: each of the others is moved once on average.
void OutputQueue::tidy() {
  for (; first_ < pieces_.size() && pieces_[first_].begin == pieces_[first_].end; ++first_) --taken_back_;
  if ((first_ + taken_back_) * 2 < pieces_.size()) return;
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
  if (taken_back_ > 0) std::erase_if(pieces_, [](const Piece& piece) { return piece.begin == piece.end; });
  first_ = untagged_ = taken_back_ = 0;
}

std::size_t OutputQueue::waiting() const {
  if (empty()) return 0;
  const std::size_t pieces = pieces_.size() - first_ - taken_back_ - 1;
  return bytes_ - (pieces_[first_].end - pieces_[first_].begin) + pieces * kPieceCost;
}

std::size_t OutputQueue::front(std::span<iovec> pieces) const {
  std::size_t count = 0;
  for (std::size_t index = first_; index < pieces_.size() && count < pieces.size(); ++index) {
    const Piece& piece = pieces_[index];
    if (piece.begin == piece.end) continue;
    // sendmsg takes iovec, which has no const; it does not write.
    auto* bytes = const_cast<std::uint8_t*>(piece.bytes.view().data());
    pieces[count++] = {.iov_base = bytes + piece.begin, .iov_len = piece.end - piece.begin};
  }
  return count;
}

void OutputQueue::remove_front(std::size_t size) {
  assert(size <= bytes_);
  bytes_ -= size;
  while (size > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t part = std::min(size, piece.end - piece.begin);
    if (piece.begin == piece.end) --taken_back_;  // that is passed by now
    piece.begin += part;
    piece.tag = kNoTag;  // a message that was begun must be finished
    size -= part;
    if (piece.begin < piece.end) break;
    piece.bytes = {};
    ++first_;
  }
  tidy();
}

}  // namespace reactor
