// Durations and sizes as people write them: `500ms`, `5s`, `2m`; `64KiB`, `16MiB`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ws::app {

// `0` and `off` are zero, which turns a timer off. A number without a unit is nothing: 5 what?
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

// A plain number is bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t size);

}  // namespace ws::app
