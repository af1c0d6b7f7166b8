// libedit waits for a key, and while it waits the event loop turns: so the prompt is written like a program that
// blocks, and messages are printed between two keys.
#include "ws/app/connect_prompt.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "reactor/error_text.hpp"
#include "ws/app/connect_output.hpp"
#include "ws/app/escape.hpp"
#include "ws/app/hex.hpp"
#include "ws/app/quantities.hpp"
#include "ws/app/trace.hpp"

namespace ws::app {

namespace {

constexpr std::string_view kSent = "> ";
constexpr std::string_view kReceived = "< ";
constexpr std::string_view kGreen = "\x1b[1;32m";
constexpr std::string_view kCyan = "\x1b[1;36m";
constexpr std::string_view kFaint = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

constexpr std::size_t kMostPings = 100;
constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr std::size_t kLongestHex = 1024;  // bytes of a binary message that are shown

// https://no-color.org
bool wants_colour() {
  const char* without = std::getenv("NO_COLOR");
  return without == nullptr || *without == '\0';
}

std::string milliseconds(std::chrono::steady_clock::duration time) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f ms", std::chrono::duration<double, std::milli>(time).count());
  return text.data();
}

}  // namespace

void KeyDecoder::feed(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    const char letter = static_cast<char>(byte);
    wchar_t key = 0;
    const std::size_t result = std::mbrtowc(&key, &letter, 1, &state_);
    if (result == static_cast<std::size_t>(-1)) {
      state_ = {};
    } else if (result != static_cast<std::size_t>(-2)) {
      keys_.push_back(key);
    }
  }
}

std::optional<wchar_t> KeyDecoder::take() {
  if (keys_.empty()) return std::nullopt;
  const wchar_t key = keys_.front();
  keys_.pop_front();
  return key;
}

PromptTalk::PromptTalk(reactor::Loop& loop, const ConnectFlags& flags)
    : Talk(loop, flags),
      coloured_(wants_colour()),
      editor_(kSent, coloured_ ? kGreen : "", [this] { return next_key(); }),
      input_(loop, STDIN_FILENO, *this),
      signals_(loop, {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}, [this](int number) { on_signal(number); }) {
  link_.watch_frames();
}

void PromptTalk::talk() {
  while (!over()) {
    const std::optional<std::string> line = editor_.read_line();
    if (!line) break;
    obey(parse_command(*line));
  }
  leave();
  Talk::talk();
}

std::optional<wchar_t> PromptTalk::next_key() {
  while (true) {
    if (over()) return editor_.rub_out(), std::nullopt;
    const bool held_up = link_.ws() != nullptr && link_.ws()->is_open() && link_.ws()->above_high_water();
    if (!held_up) {
      if (const auto key = keys_.take()) return key;
      if (no_more_keys_) return std::nullopt;
      input_.resume();
    } else {
      input_.pause();  // somebody pastes more than the server takes
    }
    turn();
  }
}

void PromptTalk::on_signal(int number) {
  switch (number) {
    case SIGWINCH: return editor_.resize();
    case SIGTSTP: return editor_.step_aside([] { ::raise(SIGSTOP); });
    case SIGINT: return interrupt(0);  // how a person leaves
    default: return interrupt(128 + number);
  }
}

void PromptTalk::obey(const Command& command) {
  using Kind = Command::Kind;
  Connection* ws = link_.ws();
  switch (command.kind) {
    case Kind::kNothing: return;
    case Kind::kWrong: return say(command.text);
    case Kind::kHelp: return editor_.print_above(command_help(), STDERR_FILENO);
    case Kind::kQuit: return leave();
    case Kind::kClose: return leave(command.code, command.text);
    case Kind::kText:
    case Kind::kPing:
    case Kind::kBinary:
    case Kind::kFile: break;
  }
  if (ws == nullptr || !ws->is_open()) return say("not connected: nothing was sent");
  if (command.kind == Kind::kText) ws->write_text(command.text);
  if (command.kind == Kind::kPing) ping(command.text);
  if (command.kind == Kind::kBinary) ws->write_binary(command.bytes);
  if (command.kind == Kind::kFile) send_file(command.text);
}

void PromptTalk::send_file(const std::string& path) {
  const char* home = std::getenv("HOME");
  const std::string name = path.starts_with("~/") && home != nullptr ? home + path.substr(1) : path;
  struct stat status{};
  // Only a regular file has an end that is sure to come.
  if (::stat(name.c_str(), &status) != 0) return say("cannot read " + path + ": " + reactor::error_text(errno));
  if (!S_ISREG(status.st_mode)) return say("cannot send " + path + ": it is no regular file");
  if (static_cast<std::size_t>(status.st_size) > kLargestFile)
    return say("cannot send " + path + ": it is larger than " + format_size(kLargestFile));
  std::ifstream file(name, std::ios::binary);
  if (!file) return say("cannot read " + path + ": " + reactor::error_text(errno));
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  link_.ws()->write_binary({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  say("sent " + std::to_string(content.size()) + " bytes");
}

void PromptTalk::ping(const std::string& text) {
  pings_.push_back({.payload = text, .sent = std::chrono::steady_clock::now()});
  if (pings_.size() > kMostPings) pings_.pop_front();
  link_.ws()->ping(text);
}

// RFC 6455 5.5.3: a pong answers its ping and may answer those before it too.
void PromptTalk::on_pong(std::string_view payload) {
  for (std::size_t each = 0; each < pings_.size(); ++each) {
    if (std::string_view(pings_[each].payload).substr(0, protocol::FrameTrace::kPayloadShown) != payload) continue;
    const auto time = std::chrono::steady_clock::now() - pings_[each].sent;
    const std::string text = payload.empty() ? "" : " " + printable(payload);
    pings_.erase(pings_.begin(), pings_.begin() + static_cast<std::ptrdiff_t>(each) + 1);
    return show(kReceived, kFaint, "pong" + text + " (" + milliseconds(time) + ")");
  }
}

void PromptTalk::on_frame(const Connection& ws, bool received, const protocol::TracedFrame& frame) {
  if (flags_.trace) editor_.print_above(trace_line(ws, received, frame) + "\n", STDERR_FILENO);
  if (!received || frame.header.opcode != protocol::Opcode::kPong) return;
  on_pong({reinterpret_cast<const char*>(frame.payload_start.data()), frame.payload_start.size()});
}

void PromptTalk::on_up(Connection& ws) {
  const std::string subprotocol = ws.subprotocol().empty() ? "" : ", subprotocol " + std::string(ws.subprotocol());
  pings_.clear();
  say("connected to " + ws.remote().to_string() + subprotocol + "; /help for help, ^D to leave");
}

void PromptTalk::on_message(const Message& message) {
  if (flags_.count && received_ == *flags_.count) return;
  ++received_;
  if (message.is_text()) {
    show(kReceived, kCyan, show_text(message.text(), "  "));
  } else if (flags_.raw) {
    // A row that is not ended would be the one of the line being typed, and be rubbed out with it.
    const bool ended = message.text().empty() || message.text().ends_with('\n');
    editor_.print_above(std::string(message.text()) + (ended ? "" : "\n"), STDOUT_FILENO);
  } else {
    const auto shown = message.payload.first(std::min(message.payload.size(), kLongestHex));
    show(kReceived, kCyan,
         "(" + std::to_string(message.payload.size()) + " bytes) " + to_hex(shown) +
             (shown.size() < message.payload.size() ? "..." : ""));
  }
  if (received_ == flags_.count) done();
}

void PromptTalk::show(std::string_view sign, std::string_view colour, const std::string& text) {
  std::string line = std::string(sign);
  if (coloured_) line = std::string(colour) + line + std::string(kPlain);
  editor_.print_above(line + text + "\n", STDOUT_FILENO);
}

void PromptTalk::say(std::string_view words) {
  const bool faint = coloured_ && ::isatty(STDERR_FILENO) == 1;
  const std::string line = printable(words);
  editor_.print_above((faint ? std::string(kFaint) + line + std::string(kPlain) : line) + "\n", STDERR_FILENO);
}

std::string PromptTalk::lacking() const {
  if (!flags_.count || received_ >= *flags_.count) return "";
  return "the connection ended after " + std::to_string(received_) + " of " + std::to_string(*flags_.count) +
         " messages";
}

void PromptTalk::on_over(const std::string& trouble) {
  Talk::on_over(trouble);
  if (trouble.empty()) say(link_.farewell().empty() ? "closed" : "closed with " + link_.farewell());
}

}  // namespace ws::app
