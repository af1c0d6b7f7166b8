// Each command says itself what is wrong with its arguments; nothing wrong is sent.
#include "ws/app/connect_commands.hpp"

#include <algorithm>
#include <charconv>

#include "ws/app/hex.hpp"
#include "ws/protocol/close_code.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::app {

namespace {

using Kind = Command::Kind;

Command wrong(std::string why) { return {.kind = Kind::kWrong, .text = std::move(why)}; }

std::string_view trimmed(std::string_view text) {
  const std::size_t from = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(from);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Splits off the first word.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

Command parse_close(std::string_view arguments) {
  std::string_view reason = arguments;
  const std::string_view word = take_word(reason);
  std::uint16_t code = protocol::kNormal;
  if (!word.empty()) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), code);
    if (error != std::errc() || end != word.data() + word.size() || !protocol::may_be_sent(code)) {
      return wrong("'" + std::string(word) +
                   "' is no close code that may be sent; write 1000, or one from 3000 to 4999 (RFC 6455 7.4.2)");
    }
  }
  if (reason.size() > protocol::kMaxCloseReason)
    return wrong("the reason has more than " + std::to_string(protocol::kMaxCloseReason) + " bytes");
  return {.kind = Kind::kClose, .text = std::string(reason), .code = code};
}

Command parse_ping(std::string_view text) {
  if (text.size() > protocol::kMaxControlPayload)
    return wrong("a ping has at most " + std::to_string(protocol::kMaxControlPayload) + " bytes");
  return {.kind = Kind::kPing, .text = std::string(text)};
}

Command parse_binary(std::string_view digits) {
  auto bytes = parse_hex(digits);
  if (!bytes || bytes->empty()) return wrong("/binary wants hexadecimal, such as /binary 68 65 6c 6c 6f");
  return {.kind = Kind::kBinary, .bytes = std::move(*bytes)};
}

}  // namespace

Command parse_command(std::string_view line) {
  if (line.empty()) return {};
  if (!protocol::is_valid_utf8({reinterpret_cast<const std::uint8_t*>(line.data()), line.size()}))
    return wrong("the line is not UTF-8; send bytes with /binary");
  if (!line.starts_with('/')) return {.kind = Kind::kText, .text = std::string(line)};
  if (line.starts_with("//")) return {.kind = Kind::kText, .text = std::string(line.substr(1))};
  std::string_view arguments = trimmed(line);
  const std::string_view name = take_word(arguments);
  if (name == "/ping") return parse_ping(arguments);
  if (name == "/close") return parse_close(arguments);
  if (name == "/binary") return parse_binary(arguments);
  if (name == "/file") {
    if (arguments.empty()) return wrong("/file wants the path of a file");
    return {.kind = Kind::kFile, .text = std::string(arguments)};
  }
  if (name == "/help") return {.kind = Kind::kHelp};
  if (name == "/quit") return {.kind = Kind::kQuit};
  return wrong("there is no command " + std::string(name) + "; /help lists them, and //x sends /x");
}

std::string_view command_help() {
  return "a line is sent as a text message, and one that begins with // without its first slash\n"
         "/ping [text]            ping the server, and see how long its pong takes\n"
         "/binary HEX             send bytes, as in /binary 68 65 6c 6c 6f\n"
         "/file PATH              send a file as one binary message\n"
         "/close [code] [reason]  close the connection, with 1000 if no code is given\n"
         "/quit                   the same as /close, ^D or ^C\n";
}

}  // namespace ws::app
