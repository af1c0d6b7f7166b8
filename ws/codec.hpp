// What compresses and inflates for all connections of a loop (RFC 7692), so that each of them needs nothing of its own.
#pragma once

#include "ws/protocol/deflater.hpp"
#include "ws/protocol/inflater.hpp"

namespace ws {

struct Codec {
  protocol::Inflater inflater;
  protocol::Deflater deflater;
};

}  // namespace ws
