// Strict where leniency could send a request elsewhere than the user believes: no spaces, no fragment, nothing in a
// host that no name has.
#include "ws/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace ws {

namespace {

// The URL as it may be shown: an error goes to logs, and a password does not.
std::string without_credentials(std::string_view url) {
  const std::size_t at = url.rfind('@');
  const std::size_t scheme_end = url.find("://");
  if (at == std::string_view::npos || scheme_end == std::string_view::npos || at < scheme_end) return std::string(url);
  return std::string(url.substr(0, scheme_end + 3)) + "..." + std::string(url.substr(at));
}

[[noreturn]] void refuse(std::string_view url, const std::string& why) {
  throw std::invalid_argument("'" + without_credentials(url) + "' is no WebSocket URL: " + why +
                              "; write ws://host:port/path");
}

bool is_visible_ascii(char letter) { return letter > ' ' && letter < 0x7F; }

// The letters of a host name, and of an IPv6 address between its brackets.
constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
constexpr std::string_view kAddressLetters = "0123456789abcdefABCDEF:.";

void check_letters(std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), is_visible_ascii)) {
    refuse(text, "it has a space or a character that must be percent-encoded");
  }
  // RFC 6455 3: a fragment means nothing here and must not be there.
  if (text.find('#') != std::string_view::npos) refuse(text, "it has a fragment; write # as %23");
}

// `%40` is `@`. Nothing if a percent sign stands alone.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    std::uint8_t byte = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || digits.size() < 2 || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(byte);
    at += 2;
  }
  return out;
}

// RFC 7617 2: a colon ends the name, so a name cannot have one.
std::string credentials_of(std::string_view text, std::string_view user_part) {
  const std::size_t colon = std::min(user_part.find(':'), user_part.size());
  const auto name = percent_decoded(user_part.substr(0, colon));
  const auto password = percent_decoded(user_part.substr(std::min(colon + 1, user_part.size())));
  if (!name || !password) refuse(text, "its user or password has a % that no two hexadecimal digits follow");
  if (name->empty() || name->find(':') != std::string::npos) refuse(text, "a user is not empty and has no colon");
  return *name + ":" + *password;
}

// ws+unix:/path/of/socket:/path?query. The path of the socket ends at the first `:/`.
Url parse_unix(std::string_view text, std::string_view rest, bool secure) {
  check_letters(text);
  Url url;
  url.secure = secure;
  if (secure) url.host = "localhost";
  const std::size_t path_end = std::min(rest.find(":/"), rest.size());
  url.unix_path = rest.substr(0, path_end);
  url.host_field = "localhost";
  if (path_end < rest.size()) url.target = rest.substr(path_end + 1);
  if (!url.unix_path.starts_with('/')) refuse(text, "the path of its socket does not begin with /");
  return url;
}

// Host and port, without what may stand before them.
void take_authority(Url& url, std::string_view text, std::string_view authority) {
  const std::uint16_t own_port = url.secure ? 443 : 80;
  url.port = own_port;
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
      refuse(text, "its port is not a number from 1 to 65535");
    }
    authority = authority.substr(0, colon);
  }
  url.host_field = authority;
  if (authority.starts_with('[') && authority.ends_with(']')) {
    url.host = authority.substr(1, authority.size() - 2);
    if (url.host.find_first_not_of(kAddressLetters) != std::string::npos)
      refuse(text, "between brackets stands an IPv6 address");
  } else {
    url.host = authority;
    if (authority.find_first_of("[]:") != std::string_view::npos) refuse(text, "an IPv6 address stands in brackets");
    if (url.host.find_first_not_of(kNameLetters) != std::string::npos)
      refuse(text, "its host has a character that no name has");
  }
  if (url.host.empty()) refuse(text, "it has no host");
  if (url.port != own_port) url.host_field += ":" + std::to_string(url.port);
}

}  // namespace

Url Url::parse(std::string_view text) {
  constexpr std::string_view kUnixScheme = "ws+unix:";
  constexpr std::string_view kSecureUnixScheme = "wss+unix:";
  Url url;
  std::string_view rest = text;
  if (rest.starts_with(kUnixScheme)) return parse_unix(text, rest.substr(kUnixScheme.size()), false);
  if (rest.starts_with(kSecureUnixScheme)) return parse_unix(text, rest.substr(kSecureUnixScheme.size()), true);
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end == std::string_view::npos) refuse(text, "it has no scheme");
  std::string scheme(rest.substr(0, scheme_end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  if (scheme != "ws" && scheme != "wss") refuse(text, "its scheme is '" + scheme + "', not ws or wss");
  url.secure = scheme == "wss";
  check_letters(text);

  rest.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (!rest.empty()) url.target = (rest.front() == '?' ? "/" : "") + std::string(rest);

  // Of several @ the last one counts, as in browsers.
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.credentials = credentials_of(text, authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  take_authority(url, text, authority);
  return url;
}

}  // namespace ws
