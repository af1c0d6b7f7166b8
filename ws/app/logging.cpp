// spdlog brings time stamps and one write for each line; one thread, so its single-threaded sink.
#include "ws/app/logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

#include "ws/app/escape.hpp"

namespace ws::app {

namespace {

spdlog::level::level_enum level_of(reactor::LogLevel level) {
  switch (level) {
    case reactor::LogLevel::kDebug: return spdlog::level::debug;
    case reactor::LogLevel::kInfo: return spdlog::level::info;
    case reactor::LogLevel::kWarning: return spdlog::level::warn;
    case reactor::LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void log_to_standard_error(reactor::Loop& loop, reactor::LogLevel lowest, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>("ws101", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_level(spdlog::level::trace);  // the loop has chosen already
  const bool json = format == LogFormat::kJson;
  logger->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})"
                           : "%Y-%m-%d %H:%M:%S.%e %l %v");
  loop.set_log(lowest, [logger, json](reactor::LogLevel level, std::string_view text) {
    const std::string shown = printable(text);
    const std::string line = json ? escape_for_json(shown) : shown;
    logger->log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
  });
}

}  // namespace ws::app
