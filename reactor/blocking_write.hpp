// Writing to a descriptor that somebody gave us, standard output above all: it may block, and that is right, because
// then nothing is read either and memory stays bounded.
#pragma once

#include <cstdint>
#include <span>

namespace reactor {

// Writes all of `bytes`, also where the descriptor was made non-blocking by whoever shares it. Returns 0, or errno.
[[nodiscard]] int write_blocking(int fd, std::span<const std::uint8_t> bytes);

}  // namespace reactor
