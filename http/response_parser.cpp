// Heads of responses until one is final. Everything that was read over counts against the limit too, so a server
// cannot keep a client busy with interim responses.
#include "http/response_parser.hpp"

#include <algorithm>

namespace http {

namespace {

// RFC 9110 15.2: interim responses come before the final one. 101 is final: it ends HTTP.
bool is_interim(int status) { return status < 200 && status != 101; }

}  // namespace

std::size_t ResponseParser::feed(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t taken = 0;
  while (state_ == State::kReceiving && taken < text.size()) {
    const HeadLimits left = {.max_size = limits_.max_size - interim_size_, .max_fields = limits_.max_fields};
    const std::size_t size = scanner_.scan(text.substr(taken), left);
    text_.append(text.substr(taken, size));
    taken += size;
    if (scanner_.fault() != HeadFault::kNone) {
      fail(scanner_.fault());
    } else if (scanner_.complete()) {
      complete_head();
    }
  }
  return taken;
}

void ResponseParser::complete_head() {
  const HeadFault fault = parse_response_head(text_, scanner_.field_count(), head_);
  if (fault != HeadFault::kNone) return fail(fault);
  if (!is_interim(head_.status)) {
    state_ = State::kComplete;
    return;
  }
  interim_size_ += text_.size();
  text_.clear();
  head_ = {};
  scanner_ = HeadScanner(HeadScanner::Start::kFirstLine);
}

void ResponseParser::fail(HeadFault fault) {
  state_ = State::kFailed;
  failure_ = "the server does not answer with sound HTTP: " + describe(fault, limits_);
}

}  // namespace http
