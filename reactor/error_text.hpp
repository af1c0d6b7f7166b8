// What the system says of an errno, without its number.
#pragma once

#include <string>
#include <system_error>

namespace reactor {

inline std::string error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

}  // namespace reactor
