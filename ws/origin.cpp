// Comparing two origins is comparing two normalized texts.
#include "ws/origin.hpp"

#include <algorithm>
#include <cctype>

namespace ws {

namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return result;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

// RFC 3986 3.1.
bool is_scheme(std::string_view scheme) {
  return scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string_view::npos &&
         !scheme.empty() && scheme.front() >= 'a';
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.size() > 2 && host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '-' || letter == '.' || letter == '_';
  });
}

// `host` and perhaps `:port`, where the colon behind an IPv6 address's bracket counts.
struct HostAndPort {
  std::string_view host;
  std::string_view port;
};
HostAndPort split(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return {authority, {}};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

// DNS rebinding: a foreign page's name can be made to point at this machine. Its Host field then still has that name.
bool is_loopback_host(std::string_view host_field) {
  const std::string host = lower_case(split(host_field).host);
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace

std::optional<std::string> normalize_origin(std::string_view origin) {
  const std::size_t end_of_scheme = origin.find("://");
  if (end_of_scheme == std::string_view::npos) return std::nullopt;
  const std::string scheme = lower_case(origin.substr(0, end_of_scheme));
  const std::string authority = lower_case(origin.substr(end_of_scheme + 3));
  const auto [host, port] = split(authority);
  const bool has_port = host.size() < authority.size();
  if (!is_scheme(scheme) || !is_host(host) || (has_port && !is_number(port))) return std::nullopt;
  const bool port_of_scheme = !has_port || (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
  return scheme + "://" + std::string(host) + (port_of_scheme ? "" : ":" + std::string(port));
}

std::optional<std::string> refuse_origin(const OriginCheck& check) {
  if (!check.origin) return std::nullopt;
  for (const std::string& allowed : check.allowed) {
    if (allowed == "*") return std::nullopt;
  }
  const auto origin = normalize_origin(*check.origin);
  if (origin) {
    for (const std::string& allowed : check.allowed) {
      if (normalize_origin(allowed) == origin) return std::nullopt;
    }
    const std::string own = std::string(check.secure ? "https" : "http") + "://" + std::string(check.host);
    if (normalize_origin(own) == origin) {
      if (!check.from_loopback || is_loopback_host(check.host)) return std::nullopt;
      return "the Host '" + std::string(check.host) +
             "' is not this machine's own name, as a page that rebinds DNS would send; " +
             "to allow it start with --allow-origin " + *origin;
    }
  }
  // Only what has the form of an origin is repeated: this text goes into logs.
  const std::string name = origin ? "'" + *origin + "'" : "that is none";
  return "pages of an origin " + name + " may not connect; to allow them start with --allow-origin " +
         origin.value_or("'*'");
}

}  // namespace ws
