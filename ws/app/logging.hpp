// Where the program's words go: to standard error, one line each, as text for people or as JSON for machines.
#pragma once

#include <string>

#include "reactor/log.hpp"
#include "reactor/loop.hpp"

namespace ws::app {

enum class LogFormat : std::uint8_t { kText, kJson };

// Makes `loop` log there what is at least as grave as `lowest`.
void log_to_standard_error(reactor::Loop& loop, reactor::LogLevel lowest, LogFormat format);

}  // namespace ws::app
