// How a connection ends so that its last words arrive. Closing a socket while input is unread makes the kernel
// send a reset, and a reset destroys what the peer has not read yet: the Close frame, the 431. So: send what is
// queued, half-close, read and throw away until the peer closes too, for a short time at most. What is queued behind a
// slow reader gets longer, as long as it moves.
#pragma once

#include <cstdint>
#include <memory>

#include "reactor/loop.hpp"
#include "reactor/stream.hpp"

namespace reactor {

inline constexpr Milliseconds kLingerTime{2000};

// Who closes first. That side's machine remembers the connection for a minute (TIME_WAIT).
enum class FirstToClose : std::uint8_t { kUs, kPeer };

// Takes `stream` out of its owner's hands and ends it so. Its handler is not called again.
void linger(std::unique_ptr<Stream> stream, FirstToClose first = FirstToClose::kUs, Milliseconds time = kLingerTime);

}  // namespace reactor
