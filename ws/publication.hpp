// One message on its way to many: it is encoded when the first subscriber takes it, once for all of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "reactor/shared_bytes.hpp"
#include "ws/message.hpp"
#include "ws/protocol/deflate_offer.hpp"

namespace ws::protocol {
class Deflater;
}

namespace ws {

// Views the payload, which must live until the last call that this object is given to.
class Publication {
 public:
  Publication(MessageType type, std::span<const std::uint8_t> payload) : type_(type), payload_(payload) {}
  explicit Publication(std::string_view text)
      : Publication(MessageType::kText, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}) {}

  MessageType type() const { return type_; }
  std::span<const std::uint8_t> payload() const { return payload_; }
  // The whole frame as a server sends it, unmasked.
  const reactor::SharedBytes& frame() const;
  // The same for subscribers who agreed on this compression; the plain one where it gains nothing.
  // REQUIRES: no context takeover.
  const reactor::SharedBytes& frame(const protocol::DeflateDirection& agreed, protocol::Deflater& deflater) const;

 private:
  struct Compressed {
    protocol::DeflateDirection agreed;
    reactor::SharedBytes frame;
  };

  MessageType type_;
  std::span<const std::uint8_t> payload_;
  mutable reactor::SharedBytes frame_;
  mutable std::vector<Compressed> compressed_;  // one for each thing that was agreed on: they are few
};

}  // namespace ws
