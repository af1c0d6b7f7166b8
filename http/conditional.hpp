// Not sending again what the client has (RFC 9110 13.1.2, 15.4.5): it names the version that it holds, and hears
// 304 Not Modified if that is still the one.
#pragma once

#include <span>
#include <string_view>

#include "http/exchange.hpp"
#include "http/header.hpp"
#include "http/response.hpp"

namespace http {

// Whether an If-None-Match field among `headers` names `etag`. The comparison is the weak one, as that field asks for;
// `*` names every version. What is no list of entity tags names none.
bool names_etag(std::span<const Header> headers, std::string_view etag);

// Answers with `response`, or with 304 and the same fields where the client already has it.
// REQUIRES: `response` has a field ETag.
Handler unless_known(Response response);

}  // namespace http
