// Hexadecimal as --binary-lines and /binary take it, and as binary messages are printed.
#include "ws/app/hex.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace ws::app {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Hex, is_read_with_and_without_spaces_in_small_letters_and_large_ones) {
  struct Row {
    const char* text;
    std::optional<Bytes> bytes;
  };
  const Row rows[] = {
      {"", Bytes{}},
      {"00", Bytes{0}},
      {"00ff7F", Bytes{0, 0xFF, 0x7F}},
      {" 68\t65 6c6C ", Bytes{0x68, 0x65, 0x6C, 0x6C}},
      {"6865\r", Bytes{0x68, 0x65}},
      {"0", std::nullopt},
      {"0 0", std::nullopt},
      {"000", std::nullopt},
      {"0g", std::nullopt},
      {"0x41", std::nullopt},
      {"-1", std::nullopt},
      {"4\n1", std::nullopt},
      {"\xC3\xA9", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_hex(row.text), row.bytes) << row.text;
}

TEST(Hex, of_every_byte_is_read_back) {
  Bytes all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<std::uint8_t>(byte));
  EXPECT_EQ(parse_hex(to_hex(all)), all);
  EXPECT_EQ(to_hex(Bytes{0, 0xFF, 0x0A}), "00ff0a");
  EXPECT_EQ(to_hex({}), "");
}

}  // namespace
}  // namespace ws::app
