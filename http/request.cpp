// The parts of a target, and the questions that a server asks about a request as a whole.
#include "http/request.hpp"

#include <algorithm>

namespace http {

namespace {

// application/x-www-form-urlencoded, the form in which browsers write a query. Nothing if an escape is malformed.
std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '%') {
      decoded += text[index] == '+' ? ' ' : text[index];
      continue;
    }
    if (text.size() - index < 3) return std::nullopt;
    const int high = hex_digit(text[index + 1]);
    const int low = hex_digit(text[index + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    index += 2;
  }
  return decoded;
}

std::string decode_or_raw(std::string_view text) { return decode(text).value_or(std::string(text)); }

}  // namespace

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (std::string_view rest = query_; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decode_or_raw(pair.substr(0, equals)) != name) continue;
    return decode_or_raw(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

bool Request::keep_alive() const {
  return head_.minor >= 1 && !any_list_contains(head_.headers, "Connection", "close");
}

void Request::split_target() {
  std::string_view rest = head_.target;
  // RFC 9112 3.2.2: a client that takes us for a proxy writes the whole URL.
  if (!rest.starts_with('/')) {
    const std::size_t authority = rest.find("://");
    if (authority != std::string_view::npos)
      rest.remove_prefix(std::min(rest.find_first_of("/?", authority + 3), rest.size()));
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  path_ = question == 0 ? std::string_view("/") : rest.substr(0, question);
  query_ = rest.substr(std::min(question + 1, rest.size()));
}

void Request::forget() {
  head_ = {};
  path_ = query_ = {};
  // swap, because an assignment would keep the memory for the next request
  std::string().swap(text_);
  std::string().swap(body_);
}

}  // namespace http
