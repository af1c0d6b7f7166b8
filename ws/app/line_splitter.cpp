// A line that lies whole in one piece is not copied.
#include "ws/app/line_splitter.hpp"

#include <utility>

namespace ws::app {

LineSplitter::Result LineSplitter::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (begun_.size() + part.size() > longest_) return ++number_, Result::kTooLong;
    if (end == std::string_view::npos) {
      begun_ += part;
      return Result::kGoOn;
    }
    ++number_;
    bytes.remove_prefix(end + 1);
    if (begun_.empty()) {
      if (!take(part)) return Result::kStopped;
    } else {
      const std::string line = std::exchange(begun_, {}) + std::string(part);
      if (!take(line)) return Result::kStopped;
    }
  }
  return Result::kGoOn;
}

LineSplitter::Result LineSplitter::finish(const Take& take) {
  if (begun_.empty()) return Result::kGoOn;
  ++number_;
  return take(std::exchange(begun_, {})) ? Result::kGoOn : Result::kStopped;
}

}  // namespace ws::app
