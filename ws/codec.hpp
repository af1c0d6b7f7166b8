// What all connections of a loop share, so that an idle one needs nothing of its own: what compresses and inflates
// (RFC 7692), and memory for large messages.
#pragma once

#include "reactor/loop.hpp"
#include "ws/protocol/deflater.hpp"
#include "ws/protocol/inflater.hpp"
#include "ws/protocol/spare_buffers.hpp"

namespace ws {

// Memory that large messages leave behind, until it was quiet for some time.
class SpareMemory final : private reactor::Timer {
 public:
  protocol::SpareBuffers buffers;

  // A large message has come.
  void note_use(reactor::Loop& loop);

 private:
  void on_timer() override;

  reactor::Loop* loop_ = nullptr;
};

struct Codec {
  protocol::Inflater inflater;
  protocol::Deflater deflater;
  SpareMemory spare;
};

}  // namespace ws
