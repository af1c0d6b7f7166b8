// Lines out of bytes that come in pieces of any size. A line ends at a line feed, which is no part of it; all else is,
// a carriage return too. The last line may lack its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ws::app {

class LineSplitter {
 public:
  enum class Result : std::uint8_t { kGoOn, kStopped, kTooLong };
  // Gets a line, which ends with the call; false: no more of them.
  using Take = std::function<bool(std::string_view line)>;

  explicit LineSplitter(std::size_t longest) : longest_(longest) {}

  // After anything but kGoOn it is done for.
  Result feed(std::string_view bytes, const Take& take);
  // The end of the input: the line that has no end.
  Result finish(const Take& take);

  // Of the line that was taken last, or is too long; the first is 1.
  std::uint64_t number() const { return number_; }

 private:
  std::size_t longest_;
  std::uint64_t number_ = 0;
  std::string begun_;  // a line that has not ended
};

}  // namespace ws::app
