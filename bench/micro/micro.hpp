// What the micro benchmarks share: texts, and counting in bytes or items.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace micro {

using Bytes = std::vector<std::uint8_t>;

inline void count_items(benchmark::State& state, std::size_t each = 1) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

inline void count_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

// Whole characters of prose, at least `size` bytes and at most three more.
inline Bytes text_of(bool multibyte, std::size_t size) {
  constexpr std::string_view kAscii = "How vainly men themselves amaze. ";
  // Greek, a Chinese word and a face: characters of two, three and four bytes.
  constexpr std::string_view kMultibyte = "\u03bc\u03ae\u03bd\u03b9\u03bd \u4e16\u754c \U0001F600 ";
  const std::string_view from = multibyte ? kMultibyte : kAscii;
  Bytes text;
  for (std::size_t at = 0; text.size() < size || (static_cast<std::uint8_t>(from[at % from.size()]) & 0xC0) == 0x80;
       ++at) {
    text.push_back(static_cast<std::uint8_t>(from[at % from.size()]));
  }
  return text;
}

// Messages as people send them, JSON with changing numbers: what compression is for.
inline Bytes json_of(std::size_t size) {
  Bytes text;
  std::uint32_t random = 1;
  while (text.size() < size) {
    random = random * 1664525U + 1013904223U;
    const std::string number = std::to_string(random >> 8);
    for (const std::string_view part :
         {std::string_view(R"({"type":"price","symbol":"EURUSD","bid":)"), std::string_view(number),
          std::string_view(R"(,"ask":)"), std::string_view(number), std::string_view(R"(,"venue":"somewhere"})")}) {
      text.insert(text.end(), part.begin(), part.end());
    }
  }
  text.resize(size);
  return text;
}

}  // namespace micro
