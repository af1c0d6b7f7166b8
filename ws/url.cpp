// Strict where leniency could send a request elsewhere than the user believes: no user part, no spaces, no fragment.
#include "ws/url.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace ws {

namespace {

[[noreturn]] void refuse(std::string_view url, const std::string& why) {
  throw std::invalid_argument("'" + std::string(url) + "' is no WebSocket URL: " + why + "; write ws://host:port/path");
}

bool is_visible_ascii(char letter) { return letter > ' ' && letter < 0x7F; }

// The letters of a host name, and of an IPv6 address between its brackets.
constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
constexpr std::string_view kAddressLetters = "0123456789abcdefABCDEF:.";

}  // namespace

Url Url::parse(std::string_view text) {
  Url url;
  std::string_view rest = text;
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end == std::string_view::npos) refuse(text, "it has no scheme");
  std::string scheme(rest.substr(0, scheme_end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  if (scheme != "ws" && scheme != "wss") refuse(text, "its scheme is '" + scheme + "', not ws or wss");
  url.secure = scheme == "wss";
  if (!std::all_of(text.begin(), text.end(), is_visible_ascii)) {
    refuse(text, "it has a space or a character that must be percent-encoded");
  }
  // RFC 6455 3: a fragment means nothing here and must not be there.
  if (text.find('#') != std::string_view::npos) refuse(text, "it has a fragment; write # as %23");

  rest.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (!rest.empty()) url.target = (rest.front() == '?' ? "/" : "") + std::string(rest);

  if (authority.find('@') != std::string_view::npos) refuse(text, "a user or password does not belong into it");
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
  return url;
}

}  // namespace ws
