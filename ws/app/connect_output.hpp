// Standard output of `ws101 connect`: messages and nothing else, one line each. What is written in one turn of the loop
// leaves at its end in one piece. Into a pipe a text goes as it came; on a terminal it is made harmless.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "reactor/loop.hpp"
#include "ws/message.hpp"

namespace ws::app {

// Of one text on a terminal, at most so many bytes.
inline constexpr std::size_t kLongestShown = 64 * 1024;

// `text` with its line ends and tabs, each line behind the first one after `indent`, and everything else that could
// move the cursor or the direction of writing escaped.
std::string show_text(std::string_view text, std::string_view indent);

class Output final : private reactor::EventSource {
 public:
  // `on_broken` is told once why (errno) nothing more can be written.
  Output(reactor::Loop& loop, int fd, bool raw, std::function<void(int error)> on_broken);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void print(const Message& message);
  void flush();

 private:
  void on_events(std::uint32_t) override {}
  void on_turn_end() override;

  reactor::Loop& loop_;
  int fd_;
  bool raw_;
  bool terminal_;
  std::function<void(int error)> on_broken_;
  std::string waiting_;
  bool turn_end_asked_ = false;
  bool broken_ = false;
};

}  // namespace ws::app
