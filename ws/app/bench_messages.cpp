// Frames are made here and read back here, so that one file knows what a stamp looks like.
#include "ws/app/bench_messages.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "ws/protocol/mask.hpp"

namespace ws::app {

namespace {

constexpr std::size_t kShifts = 4093;             // a prime: neighbours have patterns far apart
constexpr std::size_t kLargestBlock = 64 * 1024;  // what a socket takes at once, more or less
constexpr std::string_view kDigits = "0123456789abcdef";

std::size_t digit_of(std::uint8_t letter) { return kDigits.find(static_cast<char>(letter)); }

std::uint64_t packed(BenchMessages::Stamp stamp) {
  return stamp.owner << BenchMessages::kNumberBits |
         (stamp.number & ((std::uint64_t{1} << BenchMessages::kNumberBits) - 1));
}

// Those of RFC 6455's introduction, more or less.
constexpr std::array<std::string_view, 32> kWords = {
    "the ",   "client ",   "and ",   "server ",  "of ",      "a ",      "to ",      "connection ",
    "is ",    "message ",  "in ",    "frame ",   "for ",     "that ",   "data ",    "handshake ",
    "with ",  "protocol ", "as ",    "payload ", "from ",    "header ", "be ",      "WebSocket ",
    "which ", "sent ",     "field ", "HTTP ",    "control ", "value ",  "opening ", "origin "};

// Bytes without a short period; for text, letters.
std::vector<std::uint8_t> make_pattern(std::size_t size, bool text, BenchMessages::Content content) {
  std::vector<std::uint8_t> pattern;
  pattern.reserve(size + 16);
  std::uint64_t state = 0x9E3779B97F4A7C15;
  while (pattern.size() < size) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const auto random = static_cast<std::uint8_t>(state >> 56);
    if (content == BenchMessages::Content::kWords) {
      const std::string_view word = kWords[random % kWords.size()];
      pattern.insert(pattern.end(), word.begin(), word.end());
    } else {
      pattern.push_back(text ? static_cast<std::uint8_t>('a' + random % 26) : random);
    }
  }
  pattern.resize(size);
  return pattern;
}

}  // namespace

BenchMessages::BenchMessages(std::size_t size, bool text, std::size_t most, protocol::MaskingKey key, Content content)
    : size_(size),
      most_(std::max<std::size_t>(most, 1)),
      opcode_(text ? protocol::Opcode::kText : protocol::Opcode::kBinary),
      key_(key),
      stamp_size_(std::min<std::size_t>(size, text ? 16 : 8)),
      pattern_(make_pattern(size + kShifts, text, content)),
      payload_(size),
      frame_(protocol::kMaxHeaderSize + size) {
  make_block();
}

void BenchMessages::compress(const protocol::DeflateDirection& agreed, std::size_t smallest) {
  if (size_ < smallest) return;
  deflater_ = std::make_unique<protocol::Deflater>();
  agreed_ = {.window_bits = agreed.window_bits, .context_takeover = false, .final_blocks = agreed.final_blocks};
  make_block();
}

void BenchMessages::make_block() {
  const std::span<const std::uint8_t> frame = stamped_frame({});
  frame_size_ = frame.size();
  const std::size_t batch = std::clamp<std::size_t>(kLargestBlock / frame_size_, 1, most_);
  block_ = reactor::SharedBytes::allocate(batch * frame_size_);
  for (auto room = block_.writable(); !room.empty(); room = room.subspan(frame_size_)) {
    std::copy(frame.begin(), frame.end(), room.begin());
  }
}

std::span<const std::uint8_t> BenchMessages::stamped_frame(Stamp stamp) {
  write_payload(stamp, payload_);
  if (deflater_ != nullptr) {
    const protocol::CompressedMessage compressed = deflater_->compress(payload_, agreed_);
    if (compressed) return make_frame(compressed.payload(), protocol::kCompressedBit);
  }
  return make_frame(payload_, 0);
}

std::span<const std::uint8_t> BenchMessages::make_frame(std::span<const std::uint8_t> payload,
                                                        std::uint8_t reserved_bits) {
  const std::span<std::uint8_t> frame(frame_);
  const std::size_t header_size = protocol::write_frame_header(frame.first<protocol::kMaxHeaderSize>(), true,
                                                               reserved_bits, opcode_, payload.size(), key_);
  const std::span<std::uint8_t> masked = frame.subspan(header_size, payload.size());
  std::copy(payload.begin(), payload.end(), masked.begin());
  protocol::apply_mask(masked, key_, 0);
  return frame.first(header_size + payload.size());
}

void BenchMessages::write_payload(Stamp stamp, std::span<std::uint8_t> payload) const {
  std::uint64_t left = packed(stamp);
  const bool text = opcode_ == protocol::Opcode::kText;
  for (std::size_t index = stamp_size_; index-- > 0; left >>= text ? 4 : 8) {
    payload[index] = text ? static_cast<std::uint8_t>(kDigits[left & 0xF]) : static_cast<std::uint8_t>(left);
  }
  const auto rest = rest_of(stamp);
  std::copy(rest.begin(), rest.end(), payload.begin() + static_cast<std::ptrdiff_t>(stamp_size_));
}

std::span<const std::uint8_t> BenchMessages::rest_of(Stamp stamp) const {
  const std::size_t shift = (stamp.number * 61 + stamp.owner * 17) % kShifts;
  return std::span(pattern_).subspan(shift, size_ - stamp_size_);
}

unsigned BenchMessages::all_bits() const {
  return static_cast<unsigned>(stamp_size_) * (opcode_ == protocol::Opcode::kText ? 4 : 8);
}

unsigned BenchMessages::stamp_bits() const { return std::min(kNumberBits, all_bits()); }

bool BenchMessages::is_of(Stamp stamp, std::uint64_t owner) const {
  const unsigned bits = all_bits() - stamp_bits();
  return ((stamp.owner ^ owner) & ((std::uint64_t{1} << bits) - 1)) == 0;
}

std::optional<BenchMessages::Stamp> BenchMessages::read_stamp(std::span<const std::uint8_t> bytes) const {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) {
    if (opcode_ != protocol::Opcode::kText) {
      value = value << 8 | byte;
    } else if (const std::size_t digit = digit_of(byte); digit != std::string_view::npos) {
      value = value << 4 | digit;
    } else {
      return std::nullopt;
    }
  }
  return Stamp{.owner = value >> kNumberBits, .number = value & ((std::uint64_t{1} << kNumberBits) - 1)};
}

bool BenchMessages::matches(Stamp stamp, std::size_t offset, std::span<const std::uint8_t> bytes) const {
  const auto rest = rest_of(stamp);
  const std::size_t start = offset - stamp_size_;
  if (start > rest.size() || bytes.size() > rest.size() - start) return false;
  return std::equal(bytes.begin(), bytes.end(), rest.begin() + static_cast<std::ptrdiff_t>(start));
}

void BenchCheck::feed(std::span<const std::uint8_t> bytes) {
  const std::size_t stamp_size = messages_.stamp_size();
  if (size_ < stamp_size) {
    const std::size_t part = std::min(stamp_size - size_, bytes.size());
    std::copy_n(bytes.begin(), part, start_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += part;
    bytes = bytes.subspan(part);
    if (size_ < stamp_size) return;
    stamp_ = messages_.read_stamp(std::span(start_).first(stamp_size));
  }
  if (bytes.empty()) return;
  right_ = right_ && stamp_ && messages_.matches(*stamp_, size_, bytes);
  size_ += bytes.size();
}

std::optional<BenchMessages::Stamp> BenchCheck::finish() {
  if (messages_.size() == 0) stamp_.emplace();
  const bool whole = size_ == messages_.size() && right_;
  const auto stamp = whole ? stamp_ : std::nullopt;
  size_ = 0;
  stamp_.reset();
  right_ = true;
  return stamp;
}

}  // namespace ws::app
