// A number and a unit, nothing else; what overflows is refused.
#include "ws/app/quantities.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace ws::app {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array kTimes = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array kSizes = {Unit{"", 1}, Unit{"B", 1}, Unit{"KiB", 1ULL << 10}, Unit{"MiB", 1ULL << 20},
                               Unit{"GiB", 1ULL << 30}};

template <class Units>
std::optional<std::uint64_t> parse(std::string_view text, const Units& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit.factor)
      return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

// In the largest unit that divides it.
template <class Units>
std::string format(std::uint64_t number, const Units& units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (number % unit.factor == 0 && number >= unit.factor) best = &unit;
  }
  return std::to_string(number / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "off" || text == "0") return std::chrono::milliseconds(0);
  const auto number = parse(text, kTimes);
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(*number);
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "off";
  return format(static_cast<std::uint64_t>(duration.count()), kTimes);
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse(text, kSizes); }

std::string format_size(std::uint64_t size) { return format(size, kSizes); }

}  // namespace ws::app
