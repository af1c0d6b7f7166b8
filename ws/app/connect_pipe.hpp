// `ws101 connect` in a pipe: lines in, messages out, and the other way round. Backpressure goes both ways: standard
// input is not read while the server does not take what is sent, and while standard output does not take what is
// printed, nothing is read at all.
#pragma once

#include <optional>

#include "reactor/input.hpp"
#include "ws/app/connect_output.hpp"
#include "ws/app/connect_talk.hpp"
#include "ws/app/line_splitter.hpp"

namespace ws::app {

// Past it a line is an error: no message is that long, and a line must fit into memory.
inline constexpr std::size_t kLongestInputLine = std::size_t{16} << 20;

class PipeTalk final : public Talk, private reactor::InputHandler {
 public:
  PipeTalk(reactor::Loop& loop, const ConnectFlags& flags);

 private:
  // From the link.
  void on_up(Connection& ws) override;
  void on_message(const Message& message) override;
  void on_drain() override;
  void on_down(const std::string& why, reactor::Milliseconds delay, unsigned tries) override;
  std::string lacking() const override;
  // From standard input.
  void on_bytes(std::span<const std::uint8_t> bytes) override;
  void on_input_end(int error) override;

  bool send(std::string_view text);
  bool send_line(std::string_view line);
  void judge(LineSplitter::Result result);
  void send_messages();
  void on_output_broken(int error);

  std::optional<std::uint64_t> wanted_;  // messages to print
  std::uint64_t printed_ = 0;
  Output output_;
  LineSplitter lines_{kLongestInputLine};
  reactor::Input input_;
  reactor::Deadline answers_due_;
  bool input_over_ = false;
};

}  // namespace ws::app
