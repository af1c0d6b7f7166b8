// The part of a connection that compresses what it sends (RFC 7692). What it receives is inflated by its decoder.
#include <memory>
#include <utility>

#include "ws/codec.hpp"
#include "ws/connection_extras.hpp"

namespace ws {

[[gnu::noinline]] void Connection::write_compressed(protocol::Opcode opcode, std::span<const std::uint8_t> payload) {
  protocol::Deflater& deflater = settings_.codec->deflater;
  const protocol::CompressedMessage message =
      is(kTakesContextOver) ? deflater.compress(payload, context()) : deflater.compress(payload, sending());
  if (!message) return write_frame(opcode, payload);  // it gains nothing
  write_frame(opcode, message.payload(), protocol::kCompressedBit);
}

protocol::DeflateContext& Connection::context() {
  if (extras().context == nullptr) extras_->context = std::make_unique<protocol::DeflateContext>(sending_window_bits_);
  if (extras_->context_look != UINT64_MAX) {
    extras_->context_used = true;
  } else {
    look_at_context_later();
    arm_timer();
  }
  return *extras_->context;
}

void Connection::look_at_context_later() {
  extras_->context_look = loop_.now() + static_cast<std::uint64_t>(settings_.compressor_idle.count());
}

// A message leaves only a mark, and a look at it says whether one came since the last look. So the memory is freed
// after once to twice the time. The next message then refers to nothing before it, which the peer need not know.
void Connection::release_context_if_idle() {
  if (extras_ == nullptr || loop_.now() < extras_->context_look) return;
  if (std::exchange(extras_->context_used, false)) return look_at_context_later();
  extras_->context->release();
  extras_->context_look = UINT64_MAX;
}

void prepare_codec(Settings& settings, std::shared_ptr<Codec> codec) {
  settings.codec = codec != nullptr ? std::move(codec) : std::make_shared<Codec>();
  settings.decoder.spare_buffers = &settings.codec->spare.buffers;
  if (settings.compression.mode != protocol::Compression::Mode::kOff)
    settings.decoder.inflater = &settings.codec->inflater;
}

}  // namespace ws
