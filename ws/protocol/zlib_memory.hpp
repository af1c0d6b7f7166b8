// The memory of zlib's streams, as it counts in memory(): for z_stream's zalloc and zfree, its opaque being the count.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace ws::protocol {

inline void* allocate_counted(void* count, unsigned items, unsigned size) {
  *static_cast<std::size_t*>(count) += std::size_t{items} * size;
  return std::malloc(std::size_t{items} * size);
}

inline void free_counted(void*, void* memory) { std::free(memory); }

// Of the memory for what was made, compressed or inflated, so much is kept for the next message: enough for nearly all.
inline constexpr std::size_t kLargestKept = 64 * 1024;

}  // namespace ws::protocol
