// What a complete head says, read by llhttp: the parts of the first line and the header fields. The head is parsed
// once, in one piece, after HeadScanner has found its end; so llhttp's state lives on the stack of one call, and every
// part is one view of the text.
#pragma once

#include <string_view>
#include <vector>

#include "http/head_scanner.hpp"
#include "http/header.hpp"

namespace http {

// Views of the text that was parsed.
struct Head {
  std::string_view method = {};  // of a request
  std::string_view target = {};
  int status = 0;  // of a response
  int major = 0;
  int minor = 0;
  std::vector<Header> headers = {};
};

// REQUIRES: a HeadScanner found `text` complete, with `field_count` fields.
HeadFault parse_request_head(std::string_view text, std::size_t field_count, Head& head);
HeadFault parse_response_head(std::string_view text, std::size_t field_count, Head& head);

}  // namespace http
