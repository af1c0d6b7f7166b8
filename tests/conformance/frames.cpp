// A plain encoder and a plain parser of frames, byte by byte after the picture in RFC 6455 5.2.
#include "tests/conformance/frames.hpp"

#include <algorithm>
#include <utility>

namespace conformance {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::uint8_t byte_at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

void append_byte(std::string& out, std::uint64_t byte) { out.push_back(static_cast<char>(byte & 0xFF)); }

bool is_masked(const Frame& frame, Side sender) { return (sender == Side::kClient) != frame.wrong_mask_bit; }

std::size_t length_size(const Frame& frame) {
  switch (frame.length_form) {
    case LengthForm::k16Bits: return 2;
    case LengthForm::k64Bits: return 8;
    case LengthForm::kShortest: break;
  }
  const std::uint64_t size = frame.announced_size.value_or(frame.payload.size());
  return size < 126 ? 0 : size < 65536 ? 2 : 8;
}

std::string name_of(std::uint8_t opcode) {
  switch (opcode) {
    case kContinuation: return "continuation";
    case kText: return "text";
    case kBinary: return "binary";
    case kClose: return "Close";
    case kPing: return "ping";
    case kPong: return "pong";
    default: return "opcode " + std::to_string(opcode);
  }
}

std::string preview(std::string_view bytes) {
  constexpr std::size_t kMost = 24;
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  const std::string_view front = bytes.substr(0, kMost);
  const std::string dots = bytes.size() > kMost ? "..." : "";
  if (std::all_of(front.begin(), front.end(), printable)) return "\"" + std::string(front) + "\"" + dots;
  std::string digits;
  for (const char each : front) {
    digits.push_back(kDigits[static_cast<std::uint8_t>(each) >> 4]);
    digits.push_back(kDigits[static_cast<std::uint8_t>(each) & 0xF]);
  }
  return digits + dots;
}

}  // namespace

Frame text(std::string payload) { return {.opcode = kText, .payload = std::move(payload)}; }
Frame binary(std::string payload) { return {.opcode = kBinary, .payload = std::move(payload)}; }
Frame ping(std::string payload) { return {.opcode = kPing, .payload = std::move(payload)}; }
Frame pong(std::string payload) { return {.opcode = kPong, .payload = std::move(payload)}; }
Frame close_payload(std::string payload) { return {.opcode = kClose, .payload = std::move(payload)}; }

Frame close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code != kNoCode) {
    append_byte(payload, code >> 8U);
    append_byte(payload, code);
  }
  return close_payload(payload.append(reason));
}

Frame first_part(std::uint8_t opcode, std::string payload) {
  return {.opcode = opcode, .payload = std::move(payload), .final = false};
}
Frame middle_part(std::string payload) { return first_part(kContinuation, std::move(payload)); }
Frame last_part(std::string payload) { return {.opcode = kContinuation, .payload = std::move(payload)}; }

Frame with_reserved_bits(std::uint8_t bits, Frame frame) {
  frame.reserved_bits = bits;
  return frame;
}

Frame announcement(std::uint8_t opcode, std::uint64_t size, LengthForm form) {
  return {.opcode = opcode, .length_form = form, .announced_size = size};
}

std::vector<Frame> fragments(std::uint8_t opcode, std::string_view payload, std::size_t fragment_size) {
  std::vector<Frame> frames;
  const std::size_t step = fragment_size == 0 ? std::max<std::size_t>(1, payload.size()) : fragment_size;
  std::size_t from = 0;
  do {
    frames.push_back({.opcode = frames.empty() ? opcode : kContinuation,
                      .payload = std::string(payload.substr(from, step)),
                      .final = from + step >= payload.size()});
    from += step;
  } while (from < payload.size());
  return frames;
}

std::string repeated(std::string_view pattern, std::size_t size) {
  std::string bytes;
  bytes.reserve(size + pattern.size());
  while (bytes.size() < size) bytes.append(pattern);
  bytes.resize(size);
  return bytes;
}

std::string hex(std::string_view digits) {
  std::string bytes;
  std::size_t value = 0;
  bool half = false;
  for (const char each : digits) {
    const std::size_t digit = kDigits.find(each);
    if (digit == std::string_view::npos) continue;
    value = value << 4 | digit;
    if (half) append_byte(bytes, value);
    half = !half;
  }
  return bytes;
}

std::size_t header_size(const Frame& frame, Side sender) {
  return 2 + length_size(frame) + (is_masked(frame, sender) ? 4 : 0);
}

void encode(const Frame& frame, Side sender, const Key& key, std::string& out) {
  const std::uint64_t size = frame.announced_size.value_or(frame.payload.size());
  const std::size_t more = length_size(frame);
  const bool masked = is_masked(frame, sender);
  append_byte(out, (frame.final ? 0x80U : 0U) | static_cast<unsigned>(frame.reserved_bits) << 4 | frame.opcode);
  append_byte(out, (masked ? 0x80U : 0U) | (more == 0 ? size : more == 2 ? 126U : 127U));
  for (std::size_t index = more; index-- > 0;) append_byte(out, size >> 8 * index);
  if (!masked) {
    out.append(frame.payload);
    return;
  }
  const Key& used = frame.key ? *frame.key : key;
  for (const std::uint8_t byte : used) append_byte(out, byte);
  const std::size_t start = out.size();
  out.append(frame.payload);
  for (std::size_t index = 0; index < frame.payload.size(); ++index) {
    out[start + index] = static_cast<char>(out[start + index] ^ used[index % 4]);
  }
}

std::optional<Frame> parse(std::string_view bytes, Side sender, std::size_t& size) {
  if (bytes.size() < 2) return std::nullopt;
  const bool masked = (byte_at(bytes, 1) & 0x80) != 0;
  std::uint64_t payload_size = byte_at(bytes, 1) & 0x7F;
  const std::size_t more = payload_size < 126 ? 0 : payload_size == 126 ? 2 : 8;
  const std::size_t header = 2 + more + (masked ? 4 : 0);
  if (bytes.size() < header) return std::nullopt;
  if (more > 0) payload_size = 0;
  for (std::size_t index = 0; index < more; ++index) payload_size = payload_size << 8 | byte_at(bytes, 2 + index);
  if (bytes.size() - header < payload_size) return std::nullopt;

  Frame frame{.opcode = static_cast<std::uint8_t>(byte_at(bytes, 0) & 0xF),
              .payload = std::string(bytes.substr(header, payload_size)),
              .final = (byte_at(bytes, 0) & 0x80) != 0,
              .reserved_bits = static_cast<std::uint8_t>(byte_at(bytes, 0) >> 4 & 0x7),
              .wrong_mask_bit = masked != (sender == Side::kClient)};
  // A length in the shortest form gives the same header again.
  if (header_size(frame, sender) != header) frame.length_form = more == 2 ? LengthForm::k16Bits : LengthForm::k64Bits;
  if (masked) {
    frame.key.emplace();
    for (std::size_t index = 0; index < 4; ++index) (*frame.key)[index] = byte_at(bytes, header - 4 + index);
    for (std::size_t index = 0; index < frame.payload.size(); ++index) {
      frame.payload[index] = static_cast<char>(frame.payload[index] ^ (*frame.key)[index % 4]);
    }
  }
  size = header + payload_size;
  return frame;
}

std::uint16_t code_of(const Frame& frame) {
  if (frame.payload.size() < 2) return kNoCode;
  return static_cast<std::uint16_t>(byte_at(frame.payload, 0) << 8 | byte_at(frame.payload, 1));
}

std::string describe(const Frame& frame) {
  std::string words = name_of(frame.opcode);
  if (!frame.final) words += " without FIN";
  if (frame.reserved_bits != 0) words += " with reserved bits " + std::to_string(frame.reserved_bits);
  if (frame.wrong_mask_bit) words += " with the wrong mask bit";
  if (frame.length_form != LengthForm::kShortest) words += " with a length that is not minimal";
  if (frame.opcode == kClose && frame.payload.size() >= 2) {
    return words + " " + std::to_string(code_of(frame)) + " \"" + frame.payload.substr(2) + "\"";
  }
  return words + ", " + std::to_string(frame.payload.size()) + " bytes " + preview(frame.payload);
}

bool same(const Frame& one, const Frame& other) {
  return one.opcode == other.opcode && one.final == other.final && one.reserved_bits == other.reserved_bits &&
         one.wrong_mask_bit == other.wrong_mask_bit && one.length_form == other.length_form &&
         one.payload == other.payload;
}

}  // namespace conformance
