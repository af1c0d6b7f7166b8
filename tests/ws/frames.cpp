// Made of the header codec of ws/protocol, which has tests of its own.
#include "tests/ws/frames.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace ws::tests {

namespace {

constexpr std::size_t kShown = 160;

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void mask(std::string& payload, const protocol::MaskingKey& key) {
  for (std::size_t index = 0; index < payload.size(); ++index) {
    payload[index] = static_cast<char>(static_cast<std::uint8_t>(payload[index]) ^ key[index % key.size()]);
  }
}

std::string name_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::kContinuation: return "continuation";
    case Opcode::kText: return "text";
    case Opcode::kBinary: return "binary";
    case Opcode::kClose: return "close";
    case Opcode::kPing: return "ping";
    case Opcode::kPong: return "pong";
  }
  return "opcode " + std::to_string(static_cast<unsigned>(opcode));
}

}  // namespace

std::string frame(Role sender, Opcode opcode, std::string_view payload, bool final) {
  const auto key = sender == Role::kClient ? std::optional(kKey) : std::nullopt;
  std::array<std::uint8_t, protocol::kMaxHeaderSize> header{};
  const std::size_t size = protocol::write_frame_header(header, final, 0, opcode, payload.size(), key);
  std::string body(payload);
  if (key) mask(body, *key);
  return std::string(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size)) + body;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)}.append(reason);
}

std::string in_words(const Frame& frame) {
  std::string words = (frame.final ? "" : "+") + name_of(frame.opcode);
  std::string_view payload = frame.payload;
  if (frame.opcode == Opcode::kClose && payload.size() >= 2) {
    words += " " + std::to_string(protocol::read_number(as_bytes(payload.substr(0, 2))));
    payload.remove_prefix(2);
  }
  if (payload.empty()) return words;
  return words + " " + (payload.size() > kShown ? std::to_string(payload.size()) + " bytes" : std::string(payload));
}

std::vector<Frame> take_frames(std::string& bytes) {
  std::vector<Frame> frames;
  std::string_view rest = bytes;
  while (const auto header = protocol::parse_frame_header(as_bytes(rest))) {
    if (rest.size() - header->header_size < header->payload_size) break;
    Frame frame{.opcode = header->opcode,
                .final = header->final,
                .masked = header->masked,
                .key = header->masking_key,
                .payload = std::string(rest.substr(header->header_size, header->payload_size))};
    if (frame.masked) mask(frame.payload, frame.key);
    rest.remove_prefix(header->header_size + header->payload_size);
    frames.push_back(std::move(frame));
  }
  bytes.erase(0, bytes.size() - rest.size());
  return frames;
}

}  // namespace ws::tests
