// What `ws101 connect` can be told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reactor/loop.hpp"
#include "ws/client.hpp"

namespace ws::app {

struct ConnectFlags {
  std::string url;
  std::vector<std::string> messages;  // of -x; empty: standard input is read
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> subprotocols;
  std::string origin;
  std::string user;                    // NAME:PASSWORD
  std::optional<std::uint64_t> count;  // end after so many messages
  reactor::Milliseconds wait{5000};    // 0: without end
  reactor::Milliseconds timeout{0};    // 0: none
  reactor::Milliseconds ping_interval{25000};
  bool reconnect = false;
  bool binary_lines = false;
  bool raw = false;
  bool trace = false;
  protocol::Compression compression;
  reactor::TlsClientOptions tls;
};

// As the library takes them. Throws std::runtime_error for files that cannot be used.
ConnectOptions library_options(const ConnectFlags& flags);

// What parsing came to: flags to run with, or an exit status because all has been said.
struct ParsedConnect {
  ConnectFlags flags;
  int exit_status = -1;  // 0 after --help, 2 for wrong use; -1: go on
};
ParsedConnect parse_connect_flags(int count, const char* const* arguments);

}  // namespace ws::app
