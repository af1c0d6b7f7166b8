// What waits behind a full socket, or for the end of the turn: pieces of shared bytes in order, a frame that was
// published to a thousand subscribers stored once. Small copies are gathered in chunks.
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
  void append_copy(std::span<const std::uint8_t> bytes);
  // At most `size` bytes of them, from `offset` on.
  void append_shared(SharedBytes bytes, std::size_t offset, std::size_t size = SIZE_MAX);

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

  // Describes the front of the queue, for writev; returns how many of `pieces` were filled.
  std::size_t front(std::span<iovec> pieces) const;
  // Forgets the first `size` bytes: they were sent.
  void remove_front(std::size_t size);

 private:
  struct Piece {
    SharedBytes bytes;
    std::size_t begin = 0;
    std::size_t end = 0;   // of what is to be sent
    bool growing = false;  // a chunk of ours with room for more behind `end`
  };
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;  // pieces before it have been sent
  std::size_t bytes_ = 0;
};

}  // namespace reactor
