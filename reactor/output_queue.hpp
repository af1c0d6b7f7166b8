// What waits behind a full socket, or for the end of the turn: pieces of shared bytes in order, a frame that was
// published to a thousand subscribers stored once. Small copies are gathered in chunks. A piece with a tag can be
// taken back as long as none of its bytes was sent, for readers who would rather miss some than lag behind.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reactor/shared_bytes.hpp"

namespace reactor {

class OutputQueue {
 public:
  using Tag = std::uint32_t;
  static constexpr Tag kNoTag = 0;  // never taken back
  static constexpr Tag kAnyTag = UINT32_MAX;
  // Of each piece besides its bytes: its place here and what SharedBytes keeps. So a bound on what waits holds for
  // frames of two bytes too.
  static constexpr std::size_t kPieceCost = 64;

  void append_copy(std::span<const std::uint8_t> bytes);
  // At most `size` bytes of them, from `offset` on.
  void append_shared(SharedBytes bytes, std::size_t offset, std::size_t size = SIZE_MAX, Tag tag = kNoTag);

  // Takes back whole pieces with that tag of which nothing was sent, the oldest first, until at least `wanted` bytes
  // are gone. Returns how many pieces that were.
  std::size_t take_back(Tag tag, std::size_t wanted);

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  // What it costs to keep the pieces behind the first one, which is being sent: their bytes, and kPieceCost for each.
  std::size_t waiting() const;

  // Describes the front of the queue, for writev; returns how many of `pieces` were filled.
  std::size_t front(std::span<iovec> pieces) const;
  // Forgets the first `size` bytes: they were sent.
  void remove_front(std::size_t size);

 private:
  struct Piece {
    SharedBytes bytes;
    std::size_t begin = 0;
    std::size_t end = 0;  // of what is to be sent; a piece that was taken back is empty
    Tag tag = kNoTag;
    bool growing = false;  // a chunk of ours with room for more behind `end`
  };
  void tidy();

  std::vector<Piece> pieces_;
  std::size_t first_ = 0;       // pieces before it are gone, and it is not empty
  std::size_t untagged_ = 0;    // no piece before it can be taken back
  std::size_t taken_back_ = 0;  // pieces behind `first_` that are empty
  std::size_t bytes_ = 0;
  std::size_t copied_ = 0;  // bytes that were copied since something shared came between
};

}  // namespace reactor
