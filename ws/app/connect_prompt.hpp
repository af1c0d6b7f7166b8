// `ws101 connect` at a terminal: a person types, and messages come in between. `>` is sent, `<` is received.
#pragma once

#include <chrono>
#include <cwchar>
#include <deque>
#include <optional>
#include <string>

#include "reactor/input.hpp"
#include "reactor/signals.hpp"
#include "ws/app/connect_commands.hpp"
#include "ws/app/connect_talk.hpp"
#include "ws/app/line_editor.hpp"

namespace ws::app {

// The characters in the bytes that a terminal sends; what is no UTF-8 is left out.
class KeyDecoder {
 public:
  void feed(std::span<const std::uint8_t> bytes);
  std::optional<wchar_t> take();

 private:
  std::deque<wchar_t> keys_;
  std::mbstate_t state_{};
};

class PromptTalk final : public Talk, private reactor::InputHandler {
 public:
  PromptTalk(reactor::Loop& loop, const ConnectFlags& flags);

 private:
  void talk() override;
  void say(std::string_view words) override;
  std::string lacking() const override;
  // From the link.
  void on_up(Connection& ws) override;
  void on_message(const Message& message) override;
  void on_frame(const Connection& ws, bool received, const protocol::TracedFrame& frame) override;
  void on_over(const std::string& trouble) override;
  // From the terminal.
  void on_bytes(std::span<const std::uint8_t> bytes) override { keys_.feed(bytes); }
  void on_input_end(int) override { no_more_keys_ = true; }

  std::optional<wchar_t> next_key();
  void on_signal(int number);
  void obey(const Command& command);
  void send_file(const std::string& path);
  void ping(const std::string& text);
  void on_pong(std::string_view payload);
  void show(std::string_view sign, std::string_view colour, const std::string& text);

  struct Ping {
    std::string payload;
    std::chrono::steady_clock::time_point sent;
  };

  bool coloured_;
  std::uint64_t received_ = 0;
  bool no_more_keys_ = false;
  KeyDecoder keys_;
  std::deque<Ping> pings_;  // that have had no pong
  LineEditor editor_;
  reactor::Input input_;
  reactor::Signals signals_;
};

}  // namespace ws::app
