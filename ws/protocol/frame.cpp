// Judging a frame header before all of it is here (RFC 6455 5.2), so that a peer that speaks something
// else than WebSocket is answered at the first byte that shows it. The rest of frame.hpp is
// inline.
#include "ws/protocol/frame.hpp"

#include <algorithm>
#include <cassert>

namespace ws::protocol {

Error check_frame_start(std::span<const std::uint8_t> bytes, const FrameContext& context) {
  assert(bytes.size() < kMaxHeaderSize);
  // The bytes that are missing make a length, and the lengths that break a rule are intervals: too
  // short for its form, too big, top bit set. So if the smallest and the largest that may come break the same
  // rule, then so does all between. Two mask bits that may come are as far apart: one of them is right.
  std::array<std::uint8_t, kMaxHeaderSize> smallest;
  std::array<std::uint8_t, kMaxHeaderSize> largest;
  smallest.fill(0x00);
  largest.fill(0xFF);
  std::copy(bytes.begin(), bytes.end(), smallest.begin());
  std::copy(bytes.begin(), bytes.end(), largest.begin());
  const Error error = check_frame_header(*parse_frame_header(smallest), context);
  return error == check_frame_header(*parse_frame_header(largest), context) ? error : Error::kNone;
}

}  // namespace ws::protocol
