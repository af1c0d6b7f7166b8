// From an HTTP route to a WebSocket: check the handshake, ask who may come in, hijack the socket, answer 101, and
// let a Connection drive a Session of the user's.
//
//   server.get("/ws", ws::upgrade<Echo>({.allow_origins = {"https://example.org"}}));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "http/exchange.hpp"
#include "ws/connection.hpp"
#include "ws/session.hpp"
#include "ws/settings.hpp"

namespace ws {

struct UpgradeOptions {
  std::vector<std::string> allow_origins = {};  // besides the page's own server; "*" is any
  std::vector<std::string> subprotocols = {};   // that we speak, favourite first
  Limits limits = {};
  Trace trace = {};
  protocol::Compression compression = {};
  std::shared_ptr<Codec> codec = {};  // for several routes of a loop to share; else each has its own
};

// Makes the session for a request, or answers it (400, 401, 403 ...) before anything is upgraded. The request's
// views end with the call. `subprotocol` is the one agreed on, or empty.
using SessionOrResponse = std::variant<std::unique_ptr<Session>, http::Response>;
using SessionFactory = std::function<SessionOrResponse(const http::Request& request, std::string_view subprotocol)>;

// Throws std::runtime_error if OpenSSL was set up without SHA-1.
http::Handler upgrade(SessionFactory factory, UpgradeOptions options = {});

// The same for a session type: it is constructed from (request, subprotocol), from (request), or from nothing,
// whichever it has.
template <class SessionType>
  requires std::is_base_of_v<Session, SessionType>
http::Handler upgrade(UpgradeOptions options = {}) {
  const auto make = [](const http::Request& request, std::string_view subprotocol) -> SessionOrResponse {
    if constexpr (std::is_constructible_v<SessionType, const http::Request&, std::string_view>) {
      return std::make_unique<SessionType>(request, subprotocol);
    } else if constexpr (std::is_constructible_v<SessionType, const http::Request&>) {
      return std::make_unique<SessionType>(request);
    } else {
      return std::make_unique<SessionType>();
    }
  };
  return upgrade(make, std::move(options));
}

}  // namespace ws
