// The page at `/`: a client in one self-contained document. It is written as files of their own kinds in ws/app/page/,
// which the Makefile compiles in; here they become one response. Its Content-Security-Policy lets the browser run and
// style exactly those bytes and connect to this server alone, so even a message that became markup could do nothing.
#pragma once

#include <string_view>
#include <vector>

#include "http/response.hpp"

namespace ws::app {

// A file that the document names in a line of its own, `line`, and that is put in its place as an element `element`.
struct PagePart {
  std::string_view line = {};
  std::string_view element = {};  // script or style
  std::string_view text = {};
};

// `html` with its parts in place, and the fields that belong to it: the policy, and a strong ETag of the content.
// Throws std::logic_error where `html` does not name a part once, and where a part would end its own element.
http::Response assemble_page(std::string_view html, const std::vector<PagePart>& parts);

// The page as it is served.
http::Response page();

}  // namespace ws::app
