// The other side of the handshake: connect to a URL, and drive the same Session by the same Connection.
//
//   ws::connect(loop, "ws://localhost:8080/ws", std::make_unique<Printer>());
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/loop.hpp"
#include "reactor/tls_context.hpp"
#include "ws/connection.hpp"
#include "ws/session.hpp"
#include "ws/settings.hpp"

namespace ws {

// Why there is no connection.
struct ConnectFailure {
  std::string text;  // one sentence for a person
  int status = 0;    // of the server's HTTP response, if that was the reason
};

struct ConnectOptions {
  std::vector<std::string> subprotocols = {};  // offered, favourite first
  std::string origin = {};                     // as a browser would send it
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string credentials = {};  // NAME:PASSWORD, sent as Basic authorisation (RFC 7617), before those in the URL
  reactor::Milliseconds connect_timeout{10000};  // for name, TCP and handshake together
  Limits limits = {};
  Trace trace = {};
  bool keep_reading = false;  // see Settings
  protocol::Compression compression = {};
  std::shared_ptr<Codec> codec =
      {};  // for several connections of a loop to share; else each that compresses has its own
  std::optional<reactor::TlsContext> tls = {};  // for wss://; else whom the system trusts
  // Called once, instead of on_open, if the connection does not come about. Without it the loop's log is told.
  std::function<void(const ConnectFailure&)> on_failure = {};
};

// Begins to connect; what comes of it comes in a later turn. While the loop shuts down, that is a failure. It follows
// no redirect and no proxy, and accepts nothing that it did not ask for. Throws std::invalid_argument for a URL or an
// option that cannot work.
void connect(reactor::Loop& loop, std::string_view url, std::unique_ptr<Session> session, ConnectOptions options = {});

}  // namespace ws
