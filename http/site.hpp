// What all connections of one server share: its routes and limits, the clock of the Date field, the counts, and the
// list of connections that are still HTTP's.
#pragma once

#include <cstdint>
#include <list>
#include <map>

#include "http/request_parser.hpp"
#include "http/response.hpp"
#include "http/routes.hpp"
#include "reactor/loop.hpp"

namespace http {

class Connection;

struct Site {
  reactor::Loop& loop;
  RequestLimits limits = {};
  reactor::Milliseconds handshake_timeout{0};
  reactor::Milliseconds keep_alive{0};
  Routes routes = {};
  DateClock date = {};
  std::map<int, std::uint64_t> responses = {};  // by status; a hijacked connection counts as 101
  std::list<Connection*> connections = {};
};

}  // namespace http
