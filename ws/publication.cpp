// A frame of a server has no masking key, so it is the same for everybody (RFC 6455 5.1).
#include "ws/publication.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "ws/protocol/deflater.hpp"
#include "ws/protocol/frame.hpp"

namespace ws {

const reactor::SharedBytes& Publication::frame() const {
  if (frame_) return frame_;
  std::array<std::uint8_t, protocol::kMaxHeaderSize> header;
  const auto opcode = static_cast<protocol::Opcode>(type_);
  const std::size_t size = protocol::write_frame_header(header, true, 0, opcode, payload_.size(), std::nullopt);
  frame_ = reactor::SharedBytes::allocate(size + payload_.size());
  const auto behind = std::copy_n(header.begin(), size, frame_.writable().begin());
  std::copy(payload_.begin(), payload_.end(), behind);
  return frame_;
}

const reactor::SharedBytes& Publication::frame(const protocol::DeflateDirection& agreed,
                                               protocol::Deflater& deflater) const {
  for (const Compressed& each : compressed_) {
    if (each.agreed == agreed) return each.frame;
  }
  const protocol::CompressedMessage message = deflater.compress(payload_, agreed);
  compressed_.push_back(
      {.agreed = agreed,
       .frame =
           message ? reactor::SharedBytes::copy_of(message.frame(static_cast<protocol::Opcode>(type_))) : frame()});
  return compressed_.back().frame;
}

}  // namespace ws
