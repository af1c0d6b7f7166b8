// What `ws101 serve` can be told, by flags or by a file of the same names.
#pragma once

#include <string>
#include <vector>

#include "http/server.hpp"
#include "reactor/log.hpp"
#include "reactor/loop.hpp"
#include "reactor/tls_context.hpp"
#include "ws/app/chat.hpp"
#include "ws/app/logging.hpp"
#include "ws/hub.hpp"
#include "ws/settings.hpp"

namespace ws::app {

struct ServeOptions {
  std::vector<std::string> listen;  // with tls_listen empty: localhost:8080
  std::vector<std::string> tls_listen;
  reactor::TlsServerOptions tls;
  reactor::Milliseconds period{5000};
  std::string period_message = "Hello from ws101";
  std::vector<std::string> allow_origins;
  reactor::LogLevel log_level = reactor::LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  bool trace = false;
  reactor::Milliseconds drain_timeout{10000};
  http::ServerOptions http;
  Limits limits;
  protocol::Compression compression;
  TopicOptions hub;
  ChatOptions chat;
};

// The shortest and the longest period of the periodic sender, and of ?close_after.
inline constexpr reactor::Milliseconds kShortestPeriod{10};
inline constexpr reactor::Milliseconds kLongestPeriod{3'600'000};

// What parsing came to: options to run with, or an exit status because all has been said.
struct ParsedServe {
  ServeOptions options;
  int exit_status = -1;  // 0 after --help, 2 for wrong use; -1: go on
};
ParsedServe parse_serve_options(int count, const char* const* arguments);

}  // namespace ws::app
