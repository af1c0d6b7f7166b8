// May this request be served, and does a body follow its head? The rules that no parser asks, because a parser only
// reads: each is one line of RFC 9110 or 9112, and most of them exist because servers that forgot one let requests be
// smuggled past the proxy in front of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "http/head_parser.hpp"
#include "http/refusal.hpp"

namespace http {

// What follows the head.
struct BodyPlan {
  enum class Kind : std::uint8_t { kNone, kCounted, kChunked };
  Kind kind = Kind::kNone;
  std::size_t size = 0;           // of a counted body
  bool expects_continue = false;  // the client waits for a 100 before it sends the body
};

// Returns why the request must be refused, or nothing, and `plan` then says what follows.
std::optional<Refusal> check_request(const Head& head, std::size_t max_body, BodyPlan& plan);

}  // namespace http
