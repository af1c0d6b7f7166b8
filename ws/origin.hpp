// Who may open a WebSocket from a web page. Browsers send cookies along and apply neither the same-origin policy nor
// CORS to WebSockets, so this check is all that stands between a foreign page and the user's session
// (RFC 6455 10.2). Exact comparison of scheme, host and port; no patterns.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ws {

struct OriginCheck {
  std::optional<std::string_view> origin;  // none: not a browser
  std::string_view host;                   // the request's Host field
  bool secure = false;                     // the request came over TLS
  bool from_loopback = false;              // the listener's address is of this machine only
  std::span<const std::string> allowed;    // besides the same origin; "*" is any
};

// Nothing if the upgrade may go on, else the sentence that says why not and which flag would allow it.
std::optional<std::string> refuse_origin(const OriginCheck& check);

// `http://Example.org:80` as `http://example.org`: scheme and host in lower case, the scheme's own port left out.
// Nothing if it is no origin (RFC 6454 7): a scheme, a host, perhaps a port.
std::optional<std::string> normalize_origin(std::string_view origin);

}  // namespace ws
