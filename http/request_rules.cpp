// One rule, one small function; check_request asks them in order. All refusals end the connection, because behind a
// request that we do not understand nobody knows where the next one begins.
#include "http/request_rules.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace http {

namespace {

using Verdict = std::optional<Refusal>;

// How many fields are called `name`; `value` becomes that of the last.
std::size_t count_fields(const Head& head, std::string_view name, std::string_view& value) {
  std::size_t count = 0;
  for (const Header& header : head.headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    value = header.value;
    ++count;
  }
  return count;
}

Verdict check_method(const Head& head) {
  // Behind a CONNECT the client would speak to somebody else through us.
  if (head.method == "CONNECT") return Refusal{501, "this server is no proxy: it does not serve CONNECT"};
  return {};
}

// RFC 3986 3.2: what a host and a port are made of. A user name in front of an `@` has no place in HTTP (RFC
// 9110 4.2.4).
bool is_authority(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char character) {
    return (is_token_character(character) && character != '^' && character != '`' && character != '|' &&
            character != '#') ||
           std::string_view(":[](),;=").find(character) != std::string_view::npos;
  });
}

// RFC 9112 3.2.2: the authority of a target in absolute form; empty for every other form.
std::string_view authority_of(std::string_view target) {
  const std::size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme == std::string_view::npos) return {};
  target.remove_prefix(scheme + 3);
  return target.substr(0, target.find_first_of("/?"));
}

Verdict check_target(const Head& head) {
  const bool absolute = !authority_of(head.target).empty();
  const bool whole_server = head.target == "*" && head.method == "OPTIONS";  // RFC 9112 3.2.4
  const bool visible = std::all_of(head.target.begin(), head.target.end(), [](char c) { return c > ' ' && c < 0x7F; });
  // RFC 9110 4.2.5: a fragment (#part) is never sent.
  if (visible && head.target.find('#') == std::string_view::npos &&
      (head.target.starts_with('/') || absolute || whole_server)) {
    return {};
  }
  return Refusal{400, describe(HeadFault::kTarget, {})};
}

// RFC 9112 3.2: one Host in HTTP/1.1, and nothing but a host in it. It may be empty.
Verdict check_host(const Head& head) {
  std::string_view host;
  const std::size_t count = count_fields(head, "Host", host);
  if (count > 1) return Refusal{400, "more than one Host field"};
  if (count == 0 && head.minor >= 1) return Refusal{400, "no Host field, which HTTP/1.1 requires"};
  if (!is_authority(host)) return Refusal{400, "the Host field is not host or host:port"};
  const std::string_view authority = authority_of(head.target);
  if (count == 1 && !authority.empty() && !equals_ignoring_case(authority, host)) {
    return Refusal{400, "the Host field and the host in the request line differ"};
  }
  return {};
}

// RFC 9112 6.1. Chunked alone can be read here; and what an HTTP/1.0 client or proxy means by it is unknown.
Verdict check_transfer_encoding(const Head& head, BodyPlan& plan) {
  std::string_view coding;
  const std::size_t count = count_fields(head, "Transfer-Encoding", coding);
  if (count == 0) return {};
  std::string_view length;
  if (count_fields(head, "Content-Length", length) > 0)
    return Refusal{400, "both Content-Length and Transfer-Encoding"};
  if (count > 1) return Refusal{400, "more than one Transfer-Encoding field"};
  if (head.minor == 0) return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
  if (!equals_ignoring_case(coding, "chunked")) return Refusal{501, "a Transfer-Encoding other than chunked"};
  plan.kind = BodyPlan::Kind::kChunked;
  return {};
}

// RFC 9112 6.2. The same length twice is refused as well: who repeats it has two minds about the message.
Verdict check_content_length(const Head& head, std::size_t max_body, BodyPlan& plan) {
  std::string_view length;
  const std::size_t count = count_fields(head, "Content-Length", length);
  if (count == 0) return {};
  const bool digits = std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (count > 1 || length.empty() || !digits) return Refusal{400, "Content-Length is not one number"};
  const auto result = std::from_chars(length.data(), length.data() + length.size(), plan.size);
  if (result.ec != std::errc() || plan.size > max_body) {
    return Refusal{413, "the body is larger than " + std::to_string(max_body) + " bytes (--max-body)"};
  }
  if (plan.size > 0) plan.kind = BodyPlan::Kind::kCounted;
  return {};
}

// A handshake has no body (RFC 6455 4.1 asks for a GET), and someone on the way may take its bytes for frames.
Verdict check_upgrade(const Head& head, const BodyPlan& plan) {
  if (plan.kind == BodyPlan::Kind::kNone || !any_list_contains(head.headers, "Upgrade", "websocket")) return {};
  return Refusal{400, "a request to upgrade to WebSocket has a body"};
}

// RFC 9110 10.1.1: 100-continue is the one expectation there is, and HTTP/1.0 has none.
Verdict check_expectation(const Head& head, BodyPlan& plan) {
  std::string_view expectation;
  if (head.minor == 0 || count_fields(head, "Expect", expectation) == 0) return {};
  if (!equals_ignoring_case(expectation, "100-continue"))
    return Refusal{417, "an Expect field other than 100-continue"};
  plan.expects_continue = plan.kind != BodyPlan::Kind::kNone;
  return {};
}

}  // namespace

std::optional<Refusal> check_request(const Head& head, std::size_t max_body, BodyPlan& plan) {
  plan = {};
  if (auto refusal = check_method(head)) return refusal;
  if (auto refusal = check_target(head)) return refusal;
  if (auto refusal = check_host(head)) return refusal;
  if (auto refusal = check_transfer_encoding(head, plan)) return refusal;
  if (auto refusal = check_content_length(head, max_body, plan)) return refusal;
  if (auto refusal = check_upgrade(head, plan)) return refusal;
  return check_expectation(head, plan);
}

}  // namespace http
