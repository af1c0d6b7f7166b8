// What is printed: a line for each message, as it came into a pipe and harmless on a terminal.
#include "ws/app/connect_output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "reactor/file_descriptor.hpp"
#include "tests/reactor/sockets.hpp"

namespace ws::app {
namespace {

using reactor::FileDescriptor;

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Message text(std::string_view payload) { return {.type = MessageType::kText, .payload = bytes(payload)}; }
Message binary(std::string_view payload) { return {.type = MessageType::kBinary, .payload = bytes(payload)}; }

std::string read_some(int fd) {
  std::string got(1 << 16, '\0');
  const ssize_t size = ::read(fd, got.data(), got.size());
  got.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return got;
}

TEST(ShowText, keeps_lines_and_tabs_and_escapes_what_a_terminal_would_obey) {
  struct Row {
    const char* text;
    const char* shown;
  };
  const Row rows[] = {
      {"", ""},
      {"hello", "hello"},
      {"{\n\t\"a\": 1\n}", "{\n  \t\"a\": 1\n  }"},
      {"a\n< forged", "a\n  < forged"},
      {"\x1b[2J", "\\x1b[2J"},
      {"a\rb", "a\\rb"},
      {"\xC2\x9B"
       "1m",
       "\\u009b1m"},
      {"\xE2\x80\xAE", "\\u202e"},
      {"caf\xC3\xA9", "caf\xC3\xA9"},
      {"\n", "\n  "},
  };
  for (const Row& row : rows) EXPECT_EQ(show_text(row.text, "  "), row.shown);
  const std::string cut = show_text(std::string(kLongestShown + 1, 'x'), "");
  EXPECT_EQ(cut.size(), kLongestShown + std::string("... (65537 bytes)").size());
  EXPECT_EQ(show_text(std::string(kLongestShown, 'x'), ""), std::string(kLongestShown, 'x'));
}

TEST(Output, into_a_pipe_is_a_line_for_each_message_and_binary_in_hexadecimal_or_raw) {
  for (const bool raw : {false, true}) {
    reactor::tests::Pipe pipe(O_NONBLOCK);
    reactor::Loop loop;
    Output output(loop, pipe.in.get(), raw, [](int error) { ADD_FAILURE() << error; });
    output.print(text("two\nlines \x1b[2J"));
    output.print(binary(std::string_view("\0\xFF\n", 3)));
    output.print(text(""));
    EXPECT_EQ(read_some(pipe.out.get()), "") << "one write for all of a turn";
    loop.run_once(reactor::Milliseconds(0));
    const std::string shown = raw ? std::string("\0\xFF\n", 3) : "00ff0a\n";
    EXPECT_EQ(read_some(pipe.out.get()), "two\nlines \x1b[2J\n" + shown + "\n");
  }
}

TEST(Output, on_a_terminal_is_harmless) {
  int main_end = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&main_end, &terminal, nullptr, nullptr, nullptr), 0);
  const FileDescriptor screen(main_end);
  const FileDescriptor end(terminal);
  reactor::Loop loop;
  Output output(loop, end.get(), false, [](int error) { ADD_FAILURE() << error; });
  output.print(text("two\nlines \x1b[2J"));
  output.flush();
  EXPECT_EQ(read_some(screen.get()), "two\r\nlines \\x1b[2J\r\n");
}

TEST(Output, tells_once_that_nobody_reads_it_any_more) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  reactor::tests::Pipe pipe(O_NONBLOCK);
  pipe.out.close();
  reactor::Loop loop;
  std::vector<int> errors;
  Output output(loop, pipe.in.get(), false, [&](int error) { errors.push_back(error); });
  output.print(text("a"));
  output.flush();
  output.print(text("b"));
  output.flush();
  loop.run_once(reactor::Milliseconds(0));
  EXPECT_EQ(errors, std::vector<int>{EPIPE});
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace ws::app
