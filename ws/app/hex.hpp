// Bytes as people write them: `68 65 6c 6c 6f`, or without the spaces.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ws::app {

// Two digits are a byte; spaces and tabs may stand between two bytes. Nothing for anything else.
std::optional<std::vector<std::uint8_t>> parse_hex(std::string_view text);

std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace ws::app
