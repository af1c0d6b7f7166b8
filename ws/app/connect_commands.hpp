// What a person types at the prompt: a line to send, or a command behind a slash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ws::app {

struct Command {
  enum class Kind : std::uint8_t { kNothing, kText, kPing, kClose, kBinary, kFile, kHelp, kQuit, kWrong };
  Kind kind = Kind::kNothing;
  std::string text{};                 // to send, of the ping, the reason, the path, or what is wrong
  std::uint16_t code = 0;             // of kClose
  std::vector<std::uint8_t> bytes{};  // of kBinary
};

Command parse_command(std::string_view line);

std::string_view command_help();

}  // namespace ws::app
