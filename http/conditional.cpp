// An entity tag may have a comma inside its quotes, so this list is read tag by tag (RFC 9110 8.8.3):
//   entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
#include "http/conditional.hpp"

#include <cassert>
#include <string>
#include <utility>

namespace http {

namespace {

// What is between the quotes: the weak comparison looks at nothing else (RFC 9110 8.8.3.2).
std::string_view opaque_part(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

// Takes the next entity tag, quotes and all, from the front of `list`; empty where there is none.
std::string_view take_etag(std::string_view& list) {
  const std::size_t start = list.find_first_not_of(" \t,");
  if (start == std::string_view::npos) return {};
  const std::string_view rest = opaque_part(list.substr(start));
  if (!rest.starts_with('"')) return {};
  const std::size_t end = rest.find('"', 1);
  if (end == std::string_view::npos) return {};
  list = rest.substr(end + 1);
  return rest.substr(0, end + 1);
}

bool list_names(std::string_view list, std::string_view etag) {
  if (list == "*") return true;
  for (std::string_view one = take_etag(list); !one.empty(); one = take_etag(list)) {
    if (one == etag) return true;
  }
  return false;
}

}  // namespace

bool names_etag(std::span<const Header> headers, std::string_view etag) {
  const std::string_view wanted = opaque_part(etag);
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, "If-None-Match") && list_names(header.value, wanted)) return true;
  }
  return false;
}

Handler unless_known(Response response) {
  std::string etag;
  for (const auto& [name, value] : response.headers) {
    if (equals_ignoring_case(name, "ETag")) etag = value;
  }
  assert(!etag.empty() && "without a tag nobody can say what he has");
  Response not_modified = {.status = 304, .headers = response.headers};
  return [response = std::move(response), not_modified = std::move(not_modified),
          etag = std::move(etag)](Exchange& exchange) {
    exchange.respond(names_etag(exchange.request().headers(), etag) ? not_modified : response);
  };
}

}  // namespace http
