// What a decoder makes of a conversation, as lines of text, whatever the pieces in which it is fed. While it feeds, it
// holds the decoder to its promises: the input is used up before more is asked for, a payload lies where it may, and
// memory stays within its bound.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/ws/protocol/bytes.hpp"
#include "ws/protocol/decoder.hpp"
#include "ws/protocol/deflate_offer.hpp"

namespace ws::protocol::test {

// How the bytes are brought to the decoder.
enum class Feeding {
  kInput,    // all through next()
  kLanding,  // into landing() where there is one
};

inline std::string shown(std::span<const std::uint8_t> payload) {
  if (payload.size() > 40) {
    std::uint64_t sum = 0;
    for (const std::uint8_t byte : payload) sum = sum * 31 + byte;
    return std::to_string(payload.size()) + " bytes " + std::to_string(sum);
  }
  std::string line;
  for (const std::uint8_t byte : payload) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const bool printable = byte > 0x20 && byte < 0x7F && byte != '\\';
    line += printable ? std::string(1, static_cast<char>(byte))
                      : std::string("\\") + kDigits[byte >> 4] + kDigits[byte & 0xF];
  }
  return line;
}

inline std::string shown(const Decoder::Event& event) {
  switch (event.kind) {
    case Decoder::Event::Kind::kNeedMore: return "more";
    case Decoder::Event::Kind::kMessage:
      return (event.type == MessageType::kText ? "text " : "binary ") + shown(event.payload);
    case Decoder::Event::Kind::kPing: return "ping " + shown(event.payload);
    case Decoder::Event::Kind::kPong: return "pong " + shown(event.payload);
    case Decoder::Event::Kind::kClose: return "close " + std::to_string(event.close_code) + " " + shown(event.payload);
    case Decoder::Event::Kind::kError:
      return std::to_string(event.close_code) + " " + std::string(describe(event.error));
  }
  return "?";
}

class Transcript {
 public:
  // `theirs`: how the peer compresses; null if it does not.
  Transcript(Role role, const DecoderLimits& limits, std::size_t longest_piece,
             const DeflateDirection* theirs = nullptr)
      : memory_(longest_piece), decoder_(role, limits) {
    if (theirs == nullptr) return;
    decoder_.expect_compressed(*theirs);
    inflating_ = limits.max_message + (std::size_t{96} << 10);
    if (theirs->context_takeover) remembered_ = (std::size_t{1} << std::max(theirs->window_bits, kMinWindowBits)) + 320;
  }

  void feed(std::span<const std::uint8_t> piece, Feeding feeding) {
    if (feeding == Feeding::kLanding) piece = land(piece);
    take_events(memory_.put(piece));
  }

  const std::vector<std::string>& lines() const { return lines_; }
  Decoder& decoder() { return decoder_; }

 private:
  // Fills landings with the front of `piece` and returns the rest.
  std::span<const std::uint8_t> land(std::span<const std::uint8_t> piece) {
    while (!piece.empty()) {
      const auto landing = decoder_.landing();
      if (landing.empty()) break;
      const auto landed = piece.first(std::min(landing.size(), piece.size()));
      std::copy(landed.begin(), landed.end(), landing.begin());
      decoder_.landed(landed.size());
      piece = piece.subspan(landed.size());
      arrived_ += landed.size();
      take_events({});
    }
    return piece;
  }

  void take_events(std::span<std::uint8_t> input) {
    arrived_ += input.size();
    for (std::size_t count = 0; count < 1000000; ++count) {
      const Decoder::Event event = decoder_.next(input);
      // Our rule: at most twice what has arrived, 4 KiB at least; 256 are for the Partial itself.
      EXPECT_LE(decoder_.memory(), std::max<std::size_t>(4096, 2 * arrived_) + 256 + inflating_);
      if (event.kind == Decoder::Event::Kind::kNeedMore) {
        EXPECT_TRUE(input.empty());
        if (decoder_.idle()) {
          EXPECT_LE(decoder_.memory(), remembered_);
          arrived_ = 0;
        }
        return;
      }
      lines_.push_back(shown(event));
    }
    FAIL() << "events without end";
  }

  GuardedMemory memory_;
  Decoder decoder_;
  std::vector<std::string> lines_;
  std::size_t arrived_ = 0;     // since nothing was unfinished
  std::size_t inflating_ = 0;   // what it may hold besides when messages are compressed
  std::size_t remembered_ = 0;  // what it may hold between messages
};

// The transcript of `bytes` cut at `cuts`, which go up.
inline std::vector<std::string> transcript(Role role, const DecoderLimits& limits, std::span<const std::uint8_t> bytes,
                                           const std::vector<std::size_t>& cuts, Feeding feeding,
                                           const DeflateDirection* theirs = nullptr) {
  Transcript made(role, limits, bytes.size() + 1, theirs);
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    made.feed(bytes.subspan(begin, cut - begin), feeding);
    begin = cut;
  }
  made.feed(bytes.subspan(begin), feeding);
  return made.lines();
}

// Expects `wanted` of `bytes` whole, byte by byte and cut in two at every byte, by both ways of feeding. A long
// conversation is cut near its ends and here and there.
inline void expect_at_every_cut(const char* name, Role role, const DecoderLimits& limits,
                                std::span<const std::uint8_t> bytes, const std::vector<std::string>& wanted,
                                const DeflateDirection* theirs = nullptr) {
  std::vector<std::size_t> every_byte;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) every_byte.push_back(cut);
  for (const Feeding feeding : {Feeding::kInput, Feeding::kLanding}) {
    ASSERT_EQ(transcript(role, limits, bytes, {}, feeding, theirs), wanted) << name << ", whole";
    ASSERT_EQ(transcript(role, limits, bytes, every_byte, feeding, theirs), wanted) << name << ", byte by byte";
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const bool near_an_end = cut < 300 || cut + 300 > bytes.size();
      if (!near_an_end && cut % (bytes.size() / 50) != 0) continue;
      ASSERT_EQ(transcript(role, limits, bytes, {cut}, feeding, theirs), wanted) << name << ", cut at " << cut;
    }
  }
}

}  // namespace ws::protocol::test
