// The start of a frame is copied byte by byte until its header, and what is shown of its payload, is there.
#include "ws/protocol/frame_trace.hpp"

#include <algorithm>
#include <string_view>

#include "ws/protocol/mask.hpp"

namespace ws::protocol {
namespace {

std::string name_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::kContinuation: return "continuation";
    case Opcode::kText: return "text";
    case Opcode::kBinary: return "binary";
    case Opcode::kClose: return "close";
    case Opcode::kPing: return "ping";
    case Opcode::kPong: return "pong";
  }
  return "reserved opcode " + std::to_string(static_cast<unsigned>(opcode));
}

void append_hex(std::string& out, std::uint8_t byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 0xF];
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    if (!out.empty()) out += ' ';
    append_hex(out, byte);
  }
  return out;
}

// Text as it is where it is plain ASCII, else as hex.
std::string payload_text(const TracedFrame& frame) {
  const auto bytes = frame.payload_start;
  const bool plain =
      frame.header.opcode != Opcode::kBinary && frame.header.opcode != Opcode::kClose &&
      std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7F; });
  const std::string shown = plain ? "\"" + std::string(bytes.begin(), bytes.end()) + "\"" : hex(bytes);
  return shown + (bytes.size() < frame.header.payload_size ? "..." : "");
}

}  // namespace

std::string to_string(const TracedFrame& frame) {
  const FrameHeader& header = frame.header;
  std::string out = hex(frame.header_bytes) + " | ";
  if (header.final) out += "FIN ";
  for (unsigned bit = 0; bit < 3; ++bit) {
    if ((header.reserved_bits & (4U >> bit)) != 0) out += "RSV" + std::to_string(bit + 1) + " ";
  }
  out += name_of(header.opcode) + (header.masked ? ", masked, " : ", ") + std::to_string(header.payload_size);
  out += header.payload_size == 1 ? " byte" : " bytes";
  if (header.payload_size > 0) out += ": " + payload_text(frame);
  return out;
}

void FrameTrace::feed(std::span<const std::uint8_t> bytes, const std::function<void(const TracedFrame&)>& tell) {
  while (!bytes.empty()) {
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, bytes.size()));
    bytes = bytes.subspan(skipped);
    to_skip_ -= skipped;
    if (to_skip_ > 0 || bytes.empty()) return;

    start_[start_size_++] = bytes.front();
    bytes = bytes.subspan(1);
    const auto header = parse_frame_header(std::span(start_).first(start_size_));
    if (!header) continue;
    const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(header->payload_size, kPayloadShown));
    if (start_size_ < header->header_size + shown) continue;
    const auto payload = std::span(start_).subspan(header->header_size, shown);
    if (header->masked) apply_mask(payload, header->masking_key, 0);
    tell({.header = *header, .header_bytes = std::span(start_).first(header->header_size), .payload_start = payload});
    to_skip_ = header->payload_size - shown;
    start_size_ = 0;
  }
}

}  // namespace ws::protocol
