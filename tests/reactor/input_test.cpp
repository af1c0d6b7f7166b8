// Whatever standard input is, it is read to its end, once for each readiness, in shares, and not while it is paused;
// and it keeps the flags that it shares with others.
#include "reactor/input.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include "tests/reactor/sockets.hpp"
#include "tests/reactor/temporary_folder.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

// Notes what an input tells.
struct Reader final : InputHandler {
  void on_bytes(std::span<const std::uint8_t> bytes) override {
    got += text(bytes);
    largest = std::max(largest, bytes.size());
    ++reads;
    if (at_bytes) at_bytes();
  }
  void on_input_end(int error) override {
    EXPECT_FALSE(end.has_value());
    end = error;
  }
  std::string got;
  std::size_t largest = 0;
  int reads = 0;
  std::optional<int> end;
  std::function<void()> at_bytes;
};

FileDescriptor file_with(const TemporaryFolder& folder, const std::string& content) {
  const std::string path = folder.path() + "/file";
  std::ofstream(path) << content;
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

TEST(Input, reads_a_pipe_as_it_comes_and_to_its_end) {
  Loop loop;
  Pipe pipe;
  Reader reader;
  Input input(loop, pipe.out.get(), reader);
  input.resume();
  pipe.write("one");
  EXPECT_TRUE(turn_until(loop, [&] { return reader.got == "one"; }));
  pipe.write("two");
  EXPECT_TRUE(turn_until(loop, [&] { return reader.got == "onetwo"; }));
  turn(loop);
  EXPECT_EQ(reader.reads, 2) << "a read without readiness would wait";
  pipe.write("last");
  pipe.in.close();
  EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
  EXPECT_EQ(reader.got, "onetwolast");
  EXPECT_EQ(reader.end, 0);
  input.resume();
  turn(loop);
}

TEST(Input, changes_no_flag_of_what_it_shares) {
  Loop loop;
  Pipe pipe;
  Reader reader;
  Input input(loop, pipe.out.get(), reader);
  const int before = ::fcntl(pipe.out.get(), F_GETFL);
  input.resume();
  pipe.write("one");
  EXPECT_TRUE(turn_until(loop, [&] { return reader.got == "one"; }));
  EXPECT_EQ(::fcntl(pipe.out.get(), F_GETFL), before);
}

// epoll refuses these.
TEST(Input, reads_a_file_in_shares_of_which_each_turn_gets_one) {
  const TemporaryFolder folder;
  const std::string content = pattern(5 * Input::kShare + 100);
  const FileDescriptor file = file_with(folder, content);
  Loop loop;
  Reader reader;
  Input input(loop, file.get(), reader);
  input.resume();
  for (int turns = 1; turns <= 6; ++turns) {
    loop.run_once(Milliseconds(0));
    EXPECT_LE(reader.reads, turns);
  }
  EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
  EXPECT_EQ(reader.end, 0);
  EXPECT_EQ(reader.largest, Input::kShare);
  EXPECT_TRUE(reader.got == content);
}

TEST(Input, ends_at_once_where_nothing_can_come) {
  struct Row {
    const char* path;
    int error;
  };
  for (const Row& row : {Row{"/dev/null", 0}, Row{"/", EISDIR}}) {
    const FileDescriptor file(::open(row.path, O_RDONLY | O_CLOEXEC));
    Loop loop;
    Reader reader;
    Input input(loop, file.get(), reader);
    input.resume();
    EXPECT_FALSE(reader.end.has_value()) << "not from inside resume()";
    EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
    EXPECT_EQ(reader.end, row.error) << row.path;
  }
  Loop loop;
  Reader reader;
  Input input(loop, -1, reader);
  input.resume();
  EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
  EXPECT_EQ(reader.end, EBADF);
}

TEST(Input, tells_nothing_while_it_is_paused_not_even_the_end) {
  const TemporaryFolder folder;
  Pipe pipe;
  pipe.write("from the pipe");
  pipe.in.close();
  FileDescriptor file = file_with(folder, "from the file");
  for (FileDescriptor* source : {&pipe.out, &file}) {
    Loop loop;
    Reader reader;
    Input input(loop, source->get(), reader);
    turn(loop);
    EXPECT_EQ(reader.reads, 0);
    reader.at_bytes = [&] { input.pause(); };
    input.resume();
    EXPECT_TRUE(turn_until(loop, [&] { return reader.reads == 1; }));
    turn(loop, 20);
    EXPECT_EQ(reader.reads, 1);
    EXPECT_FALSE(reader.end.has_value());
    input.resume();
    input.pause();
    input.resume();
    EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
    EXPECT_EQ(reader.end, 0);
  }
}

// A hang-up is reported by epoll whatever it was asked for: a paused input must not make the loop turn for ever.
TEST(Input, lets_the_loop_sleep_while_it_is_paused) {
  Loop loop;
  Pipe pipe;
  pipe.write("x");
  pipe.in.close();
  Reader reader;
  Input input(loop, pipe.out.get(), reader);
  input.resume();
  input.pause();
  turn(loop);
  const auto start = std::chrono::steady_clock::now();
  loop.run_once(Milliseconds(50));
  EXPECT_GE(std::chrono::steady_clock::now() - start, Milliseconds(45));
}

TEST(Input, of_a_descriptor_that_does_not_block_is_read_too) {
  Loop loop;
  SocketPair pair = unix_pair();
  Reader reader;
  Input input(loop, pair.ours.get(), reader);
  input.resume();
  Peer peer(std::move(pair.theirs));
  peer.send("hello");
  EXPECT_TRUE(turn_until(loop, [&] { return reader.got == "hello"; }));
  turn(loop);
  EXPECT_FALSE(reader.end.has_value());
  peer.close();
  EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
}

TEST(Input, of_a_terminal_ends_with_what_a_person_types_for_it) {
  int main_end = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&main_end, &terminal, nullptr, nullptr, nullptr), 0);
  const FileDescriptor keys(main_end);
  const FileDescriptor screen(terminal);
  Loop loop;
  Reader reader;
  Input input(loop, screen.get(), reader);
  input.resume();
  ASSERT_EQ(::write(keys.get(), "hello\n", 6), 6);
  EXPECT_TRUE(turn_until(loop, [&] { return reader.got == "hello\n"; }));
  ASSERT_EQ(::write(keys.get(), "\4", 1), 1);
  EXPECT_TRUE(turn_until(loop, [&] { return reader.end.has_value(); }));
  EXPECT_EQ(reader.end, 0);
}

TEST(Input, leaves_no_trace_in_the_loop_when_it_is_destroyed) {
  const TemporaryFolder folder;
  Loop loop;
  Pipe pipe;
  pipe.write("x");
  const FileDescriptor file = file_with(folder, "y");
  Reader reader;
  for (const int fd : {pipe.out.get(), file.get()}) {
    Input input(loop, fd, reader);
    input.resume();
  }
  turn(loop);
  EXPECT_EQ(reader.reads, 0);
}

}  // namespace
}  // namespace reactor::tests
