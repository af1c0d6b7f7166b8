// When the spare memory is freed: what was not needed for a while.
#include "ws/codec.hpp"

namespace ws {

namespace {

constexpr reactor::Milliseconds kQuiet{2000};

}  // namespace

void SpareMemory::note_use(reactor::Loop& loop) {
  if (armed()) return;
  loop_ = &loop;
  loop.arm(*this, kQuiet);
}

void SpareMemory::on_timer() {
  if (buffers.free_unused()) loop_->arm(*this, kQuiet);
}

}  // namespace ws
