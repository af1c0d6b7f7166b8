// How much of the heap is in use, so that a test can say what an idle connection does not hold.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
// Of the sanitizer's run-time library, whose header is not everywhere where the library is.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // NOLINT: the name is not ours
#else
#include <malloc.h>
#endif

namespace ws::tests {

inline std::size_t heap_in_use() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
#endif
}

}  // namespace ws::tests
