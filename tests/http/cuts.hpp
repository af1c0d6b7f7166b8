// However bytes are cut into reads, they must mean the same. A conversation is fed whole, byte by byte, and cut in two
// at every byte, and each time its transcript must be the one that is wanted. Each piece lies in memory of exactly its
// size, so that the sanitizer sees a read past its end.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace http::tests {

using Piece = std::vector<std::uint8_t>;
using Transcribe = std::function<std::string(const std::vector<Piece>&)>;

inline Piece piece(std::string_view text) { return {text.begin(), text.end()}; }

inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What a failing test shows: line ends and control characters in words.
inline std::string visible(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string shown;
  for (const char character : text.substr(0, 300)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte == '\r') {
      shown += "\\r";
    } else if (byte == '\n') {
      shown += "\\n";
    } else if (byte < ' ' || byte > '~') {
      shown.append("\\x").append(1, kDigits[byte / 16]).append(1, kDigits[byte % 16]);
    } else {
      shown += character;
    }
  }
  return text.size() > 300 ? shown + "..." : shown;
}

inline void expect_at_every_cut(std::string_view bytes, const std::string& wanted, const Transcribe& transcribe) {
  EXPECT_EQ(transcribe({piece(bytes)}), wanted) << "whole: " << visible(bytes);
  std::vector<Piece> single;
  for (const char byte : bytes) single.push_back(piece({&byte, 1}));
  EXPECT_EQ(transcribe(single), wanted) << "byte by byte: " << visible(bytes);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    const std::string got = transcribe({piece(bytes.substr(0, cut)), piece(bytes.substr(cut))});
    ASSERT_EQ(got, wanted) << "cut at byte " << cut << ": " << visible(bytes);
  }
}

}  // namespace http::tests
