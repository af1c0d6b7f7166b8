// What the house has to say to its operator. Libraries do not choose where words go: the loop carries one sink,
// which the application sets; without one, warnings and errors go to standard error.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace reactor {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
using LogSink = std::function<void(LogLevel, std::string_view)>;

}  // namespace reactor
