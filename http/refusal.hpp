// Why a request is not served: the status of the answer, and one sentence that says what was wrong and how to mend it.
// It never contains a byte that the client chose.
#pragma once

#include <string>

namespace http {

struct Refusal {
  int status = 0;
  std::string reason = {};
};

}  // namespace http
