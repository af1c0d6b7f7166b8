// Every way in which a talk in a pipe can end has its words here; what the server did wrong is judged by the link.
#include "ws/app/connect_pipe.hpp"

#include <unistd.h>

#include <cerrno>

#include "reactor/error_text.hpp"
#include "ws/app/hex.hpp"
#include "ws/app/quantities.hpp"
#include "ws/protocol/bytes.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::app {

PipeTalk::PipeTalk(reactor::Loop& loop, const ConnectFlags& flags)
    : Talk(loop, flags),
      wanted_(flags.count),
      output_(loop, STDOUT_FILENO, flags.raw, [this](int error) { on_output_broken(error); }),
      input_(loop, STDIN_FILENO, *this) {
  if (!wanted_ && !flags.messages.empty()) wanted_ = flags.messages.size();
}

void PipeTalk::on_up(Connection&) {
  if (!flags_.messages.empty()) return send_messages();
  if (!input_over_) input_.resume();
}

// After a reconnection those that have had no answer are sent again.
void PipeTalk::send_messages() {
  for (std::size_t each = static_cast<std::size_t>(printed_); each < flags_.messages.size(); ++each)
    send(flags_.messages[each]);
  if (flags_.wait.count() == 0) return;
  answers_due_.start(loop_, flags_.wait, [this] {
    fail(std::to_string(printed_) + " of " + std::to_string(*wanted_) + " messages came within " +
         format_duration(flags_.wait) + " (--wait)");
  });
}

bool PipeTalk::send(std::string_view text) {
  Connection& ws = *link_.ws();
  if (flags_.binary_lines) {
    const auto bytes = parse_hex(text);
    if (bytes) ws.write_binary(*bytes);
    return bytes.has_value();
  }
  if (!protocol::is_valid_utf8(protocol::as_bytes(text))) return false;
  ws.write_text(text);
  return true;
}

bool PipeTalk::send_line(std::string_view line) {
  if (send(line)) return true;
  fail("line " + std::to_string(lines_.number()) + " of the input is not " +
       (flags_.binary_lines ? "hexadecimal, as --binary-lines wants it" : "UTF-8; send bytes with --binary-lines"));
  return false;
}

void PipeTalk::on_bytes(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  judge(lines_.feed(text, [this](std::string_view line) { return send_line(line); }));
  const Connection* ws = link_.ws();
  if (ws == nullptr || !ws->is_open() || ws->above_high_water()) input_.pause();  // until on_drain or on_up
}

void PipeTalk::judge(LineSplitter::Result result) {
  if (result == LineSplitter::Result::kGoOn) return;
  input_over_ = true;
  input_.pause();
  if (result == LineSplitter::Result::kTooLong) {
    fail("line " + std::to_string(lines_.number()) + " of the input is longer than " + format_size(kLongestInputLine));
  }
}

void PipeTalk::on_input_end(int error) {
  if (error != 0) {
    fail("cannot read standard input: " + reactor::error_text(error));
  } else {
    judge(lines_.finish([this](std::string_view line) { return send_line(line); }));
  }
  input_over_ = true;
  if (!flags_.count) leave();
}

void PipeTalk::on_drain() {
  if (flags_.messages.empty() && !input_over_) input_.resume();
}

void PipeTalk::on_down(const std::string& why, reactor::Milliseconds delay, unsigned tries) {
  input_.pause();
  answers_due_.stop();
  Talk::on_down(why, delay, tries);
}

void PipeTalk::on_message(const Message& message) {
  if (wanted_ && printed_ == *wanted_) return;
  ++printed_;
  output_.print(message);
  if (printed_ != wanted_) return;
  answers_due_.stop();
  input_over_ = true;
  input_.pause();
  output_.flush();  // that it cannot be written is a failure still
  done();
}

// Nobody is left to send to, though the loop turns on for the last words.
void PipeTalk::on_over(const std::string& trouble) {
  input_over_ = true;
  input_.pause();
  Talk::on_over(trouble);
}

std::string PipeTalk::lacking() const {
  if (!wanted_ || printed_ >= *wanted_) return "";
  return "the connection ended after " + std::to_string(printed_) + " of " + std::to_string(*wanted_) + " messages";
}

void PipeTalk::on_output_broken(int error) {
  input_over_ = true;
  input_.pause();
  // Whoever read our output has seen enough.
  if (error == EPIPE) return done();
  fail("cannot write standard output: " + reactor::error_text(error));
}

}  // namespace ws::app
