// What a connection writes: one frame for each message, in the cork where there is room, from where it lies where it is
// large, and masked where we are the client (RFC 6455 5.3).
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "ws/connection_extras.hpp"
#include "ws/protocol/bytes.hpp"
#include "ws/protocol/mask.hpp"

namespace ws {

using protocol::as_bytes;
using protocol::Opcode;

namespace {

constexpr std::size_t kLargestOnStack = 2048;

// As std::copy. To copy so few bytes costs less than to call who copies any number.
[[gnu::always_inline]] inline void copy_bytes(std::span<const std::uint8_t> bytes, std::uint8_t* to) {
  constexpr std::size_t kHalf = 16;
  if (bytes.size() < kHalf || bytes.size() > 2 * kHalf) {
    std::copy(bytes.begin(), bytes.end(), to);
    return;
  }
  // The ends may overlap, so both are read before either is written.
  std::array<std::uint8_t, kHalf> first;
  std::array<std::uint8_t, kHalf> last;
  std::memcpy(first.data(), bytes.data(), kHalf);
  std::memcpy(last.data(), bytes.last(kHalf).data(), kHalf);
  std::memcpy(to, first.data(), kHalf);
  std::memcpy(to + bytes.size() - kHalf, last.data(), kHalf);
}

}  // namespace

void Connection::write_message(MessageType type, std::span<const std::uint8_t> payload) {
  const auto opcode = static_cast<Opcode>(type);
  if (is(kNotOpen | kCompresses) || !write_corked(opcode, payload, 0)) [[unlikely]]
    write_otherwise(opcode, payload);
}

[[gnu::noinline]] void Connection::write_otherwise(Opcode opcode, std::span<const std::uint8_t> payload) {
  if (state_ != State::kOpen) return;
  if (worth_compressing(payload.size())) return write_compressed(opcode, payload);
  write_frame(opcode, payload);
}

bool Connection::above_high_water() const {
  if (unsent() <= settings_.limits.high_water) return false;
  stream_->flush();  // some of it may have waited only for the end of the turn
  return unsent() > settings_.limits.high_water;
}

void Connection::write_text(std::string_view text) { write_message(MessageType::kText, as_bytes(text)); }

void Connection::ping(std::string_view payload) {
  if (state_ == State::kOpen) write_frame(Opcode::kPing, as_bytes(payload.substr(0, protocol::kMaxControlPayload)));
}

// The way of nearly every message: a small one, sent by a server while it handles its input. Returns whether it was
// that.
[[gnu::always_inline]] inline bool Connection::write_corked(Opcode opcode, std::span<const std::uint8_t> payload,
                                                            std::uint8_t reserved_bits) {
  if (is(kClient | kTraced) || payload.size() > kLargestOnStack) return false;
  std::uint8_t* room = stream_->cork_room(protocol::kMaxHeaderSize + payload.size());
  if (room == nullptr) return false;
  const std::span<std::uint8_t, protocol::kMaxHeaderSize> header(room, protocol::kMaxHeaderSize);
  const std::size_t size =
      protocol::write_frame_header(header, true, reserved_bits, opcode, payload.size(), std::nullopt);
  copy_bytes(payload, room + size);
  stream_->add_corked(size + payload.size());
  return true;
}

[[gnu::noinline]] void Connection::write_frame(Opcode opcode, std::span<const std::uint8_t> payload,
                                               std::uint8_t reserved_bits) {
  if (is(kClient)) return write_masked_frame(opcode, payload, reserved_bits);
  if (write_corked(opcode, payload, reserved_bits)) return;
  std::array<std::uint8_t, protocol::kMaxHeaderSize> bytes;
  const std::size_t size =
      protocol::write_frame_header(bytes, true, reserved_bits, opcode, payload.size(), std::nullopt);
  const std::span<const std::uint8_t> header(bytes.data(), size);
  if (is(kTraced)) {
    trace(false, header);
    trace(false, payload);
  }
  const std::size_t refused = stream_->write_some(header, payload);
  if (refused > 0) queue_refused(payload, refused);
}

// RFC 6455 5.3: a client masks what it sends; not in place, because the payload is the caller's.
void Connection::write_masked_frame(Opcode opcode, std::span<const std::uint8_t> payload, std::uint8_t reserved_bits) {
  if (extras().masking_keys == nullptr) extras_->masking_keys = std::make_unique<MaskingKeys>();
  const protocol::MaskingKey key = extras_->masking_keys->next();
  const auto encode = [&](std::span<std::uint8_t> out) {
    const std::size_t header_size = protocol::write_frame_header(out.first<protocol::kMaxHeaderSize>(), true,
                                                                 reserved_bits, opcode, payload.size(), key);
    const auto masked = out.subspan(header_size, payload.size());
    std::copy(payload.begin(), payload.end(), masked.begin());
    protocol::apply_mask(masked, key, 0);
    return header_size + payload.size();
  };
  if (payload.size() <= kLargestOnStack) {
    std::array<std::uint8_t, protocol::kMaxHeaderSize + kLargestOnStack> frame;
    const std::size_t size = encode(frame);
    if (is(kTraced)) trace(false, {frame.data(), size});
    return stream_->write({frame.data(), size});
  }
  reactor::SharedBytes frame = reactor::SharedBytes::allocate(protocol::kMaxHeaderSize + payload.size());
  const std::size_t size = encode(frame.writable());
  const std::span<const std::uint8_t> bytes = frame.view().first(size);
  if (is(kTraced)) trace(false, bytes);
  const std::size_t refused = stream_->write_some({}, bytes);
  if (refused > 0) stream_->write_shared(std::move(frame), size - refused, refused);
}

// The socket has taken all but the last `refused` bytes. When they are part of the message that is being handled, its
// memory goes to the queue as it is: an echo of 16 MiB is then in memory once, and not twice.
void Connection::queue_refused(std::span<const std::uint8_t> payload, std::size_t refused) {
  // So little does not stop the reading: the next large message must not meet this one in memory.
  if (refused <= settings_.limits.high_water)
    return stream_->write_shared(reactor::SharedBytes::copy_of(payload.last(refused)));
  if (protocol::MessageBuffer buffer = decoder_.take_message(); buffer.size() > 0) {
    protocol::OwnedBytes owned = buffer.release();
    extras().message = reactor::SharedBytes::adopt(reactor::MallocedBytes(owned.bytes.release()), owned.size);
  }
  const std::span<const std::uint8_t> rest = payload.last(refused);
  if (extras_ != nullptr && extras_->message) {
    const std::span<const std::uint8_t> message = extras_->message.view();
    if (rest.data() >= message.data() && rest.data() + rest.size() <= message.data() + message.size()) {
      const auto offset = static_cast<std::size_t>(rest.data() - message.data());
      return stream_->write_shared(extras_->message, offset, refused);
    }
  }
  stream_->write_shared(reactor::SharedBytes::copy_of(rest));
}

void Connection::trace(bool received, std::span<const std::uint8_t> bytes) {
  if (extras().traces == nullptr) extras_->traces = std::make_unique<std::array<protocol::FrameTrace, 2>>();
  (*extras_->traces)[received ? 1 : 0].feed(
      bytes, [&](const protocol::TracedFrame& frame) { settings_.trace(*this, received, frame); });
}

// Returns what was sent of the reason.
std::string_view Connection::write_close(std::uint16_t code, std::string_view reason) {
  std::array<std::uint8_t, protocol::kMaxControlPayload> payload;
  const std::size_t size = protocol::write_close_payload(payload, code, reason);
  write_frame(Opcode::kClose, {payload.data(), size});
  return size == 0 ? std::string_view() : reason.substr(0, size - 2);
}

}  // namespace ws
