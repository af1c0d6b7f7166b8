// llhttp at work. It calls back with pieces of the text; each piece becomes a view. It is stopped at the end of the
// head: what the head means for the bytes behind it is for check_request to say, and not for llhttp, which would let a
// request with any `Upgrade` field leave HTTP at once.
#include "http/head_parser.hpp"

#include <llhttp.h>

namespace http {

namespace {

// What the callbacks fill, reached through llhttp's `data`.
struct Pieces {
  Head& head;
  std::string_view version = {};
  std::string_view name = {};
  std::string_view value = {};
};

Pieces& pieces_of(llhttp_t* parser) { return *static_cast<Pieces*>(parser->data); }

// A part may come in several pieces; they lie behind each other in the one text.
int extend(std::string_view& part, const char* at, std::size_t size) {
  const char* begin = part.empty() ? at : part.data();
  part = {begin, static_cast<std::size_t>(at + size - begin)};
  return HPE_OK;
}

int on_field_complete(llhttp_t* parser) {
  Pieces& pieces = pieces_of(parser);
  pieces.head.headers.push_back({.name = pieces.name, .value = trim(pieces.value)});
  pieces.name = pieces.value = {};
  return HPE_OK;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_method = [](llhttp_t* p, const char* at, std::size_t n) {
    return extend(pieces_of(p).head.method, at, n);
  };
  settings.on_url = [](llhttp_t* p, const char* at, std::size_t n) { return extend(pieces_of(p).head.target, at, n); };
  settings.on_version = [](llhttp_t* p, const char* at, std::size_t n) { return extend(pieces_of(p).version, at, n); };
  settings.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
    return extend(pieces_of(p).name, at, n);
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
    return extend(pieces_of(p).value, at, n);
  };
  settings.on_header_value_complete = on_field_complete;
  settings.on_headers_complete = [](llhttp_t*) { return int{HPE_PAUSED}; };
  return settings;
}

const llhttp_settings_t kSettings = make_settings();

HeadFault fault_of(const llhttp_t& parser) {
  switch (static_cast<int>(llhttp_get_errno(&parser))) {
    case HPE_PAUSED: return HeadFault::kNone;
    case HPE_OK: return HeadFault::kVersion;  // only the preface of HTTP/2, `PRI * HTTP/2.0`, is left waiting for more
    case HPE_PAUSED_H2_UPGRADE:
    case HPE_INVALID_VERSION: return HeadFault::kVersion;
    case HPE_INVALID_METHOD: return HeadFault::kMethod;
    case HPE_INVALID_URL: return HeadFault::kTarget;
    case HPE_INVALID_CONSTANT: return HeadFault::kFirstLine;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING: return HeadFault::kBodySize;
    default: return HeadFault::kMalformed;
  }
}

HeadFault parse(llhttp_type_t type, std::string_view text, std::size_t field_count, Head& head) {
  head.headers.reserve(field_count);
  Pieces pieces{.head = head};
  llhttp_t parser;
  llhttp_init(&parser, type, &kSettings);
  parser.data = &pieces;
  llhttp_execute(&parser, text.data(), text.size());
  const HeadFault fault = fault_of(parser);
  if (fault != HeadFault::kNone) return fault;
  head.status = llhttp_get_status_code(&parser);
  head.major = llhttp_get_http_major(&parser);
  head.minor = llhttp_get_http_minor(&parser);
  // Two readers of one text must have seen the same fields.
  return head.headers.size() == field_count ? HeadFault::kNone : HeadFault::kMalformed;
}

// RFC 9112 2.3: a higher minor version of major 1 would be served as 1.1, but there is none, and llhttp knows none.
bool is_our_version(std::string_view text) { return text.starts_with("HTTP/1.1") || text.starts_with("HTTP/1.0"); }

}  // namespace

HeadFault parse_request_head(std::string_view text, std::size_t field_count, Head& head) {
  const HeadFault fault = parse(HTTP_REQUEST, text, field_count, head);
  if (fault != HeadFault::kNone) return fault;
  // RFC 9112 3: method SP request-target SP HTTP-version CRLF, and nothing more.
  if (head.method.data() + head.method.size() + 1 != head.target.data()) return HeadFault::kFirstLine;
  const std::string_view rest =
      text.substr(static_cast<std::size_t>(head.target.data() + head.target.size() - text.data()));
  if (!rest.starts_with(' ') || rest.starts_with("  ")) return HeadFault::kFirstLine;
  if (!is_our_version(rest.substr(1))) return HeadFault::kVersion;
  return rest.substr(9).starts_with("\r\n") ? HeadFault::kNone : HeadFault::kFirstLine;
}

HeadFault parse_response_head(std::string_view text, std::size_t field_count, Head& head) {
  const HeadFault fault = parse(HTTP_RESPONSE, text, field_count, head);
  if (fault != HeadFault::kNone) return fault;
  // RFC 9112 4: HTTP-version SP three digits, then SP and any reason, which some servers leave out with its space.
  if (!is_our_version(text)) return HeadFault::kVersion;
  const bool three_digits = text.size() > 12 && head.status >= 100 && (text[12] == ' ' || text[12] == '\r');
  return text[8] == ' ' && three_digits ? HeadFault::kNone : HeadFault::kFirstLine;
}

}  // namespace http
