// The page at `/`: a small client in one self-contained document.
#pragma once

#include <string_view>

namespace ws::app {

std::string_view page();

}  // namespace ws::app
