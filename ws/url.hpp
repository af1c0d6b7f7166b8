// The URLs that a client takes (RFC 6455 3): ws://host[:port]/path?query, and wss:// alike. Besides these, a name and a
// password before the host, as browsers have them, and ws+unix:/path/of/socket:/path?query, or wss+unix: with TLS,
// whose certificate is then for localhost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ws {

struct Url {
  // Throws std::invalid_argument with a sentence for the user.
  static Url parse(std::string_view text);

  bool secure = false;
  std::string host;  // that the certificate names; without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string host_field;    // as it goes into the Host field: without the port if it is the scheme's own
  std::string target = "/";  // path and query
  std::string credentials;   // NAME:PASSWORD, or empty
  std::string unix_path;     // of a socket on this machine, instead of host and port
};

}  // namespace ws
