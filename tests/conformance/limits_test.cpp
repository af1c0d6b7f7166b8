// The bounds of a connection, set low, in both roles: what is exactly within them passes, and one more is refused, as
// soon as it is announced. And the default number of fragments, which is in the way of nobody honest.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/conformance/client_role.hpp"
#include "tests/conformance/conversation.hpp"
#include "tests/conformance/server_role.hpp"

namespace conformance {
namespace {

constexpr std::size_t kMaxMessage = 1000;
constexpr std::size_t kMaxFragments = 4;
constexpr std::size_t kDefaultMaxFragments = 131072;

Message in_fragments(std::size_t count) {
  return {.opcode = kBinary, .pattern = "x", .size = count, .fragment_size = 1};
}

Frame of_size(std::size_t size) { return binary(repeated("01234567", size)); }

// What comes before the frame that is too much is no message yet, so it is echoed in no row.
std::vector<Case> limit_table() {
  const std::string most = repeated("a", kMaxMessage - 1);
  return {
      {.name = "message",
       .holds = "the largest message",
       .script = {send({of_size(kMaxMessage)}), expect({of_size(kMaxMessage)})}},
      {.name = "message again",
       .holds = "each message counts for itself",
       .script = {send({of_size(kMaxMessage)}), expect({of_size(kMaxMessage)})},
       .rounds = 3},
      {.name = "one byte more",
       .holds = "is refused at its header",
       .script = {send({announcement(kBinary, kMaxMessage + 1)})},
       .ending = fails(1009)},
      {.name = "a short frame that is too much",
       .holds = "the sum is what counts",
       .script = {send({first_part(kText, most), announcement(kContinuation, 2)})},
       .ending = fails(1009)},
      {.name = "the last byte",
       .holds = "exactly the limit in fragments",
       .script = {send({first_part(kText, most), last_part("b")}), expect({text(most + "b")})}},
      {.name = "control frames",
       .holds = "do not count, neither as bytes nor as fragments",
       .script = {send({first_part(kText, most), ping(most.substr(0, 125)), ping(most.substr(0, 125)), ping(""),
                        ping(""), ping(""), last_part("b")}),
                  expect({pong(most.substr(0, 125)), pong(most.substr(0, 125)), pong(""), pong(""), pong(""),
                          text(most + "b")})}},
      {.name = "fragments",
       .holds = "as many as are allowed",
       .script = {send_message(in_fragments(kMaxFragments)), expect_message(in_fragments(kMaxFragments))},
       .rounds = 3},
      {.name = "one fragment more",
       .holds = "is refused at its header, also when it is the last",
       .script = {send_message(in_fragments(kMaxFragments + 1))},
       .ending = fails(1008)},
      {.name = "empty fragments",
       .holds = "count like others",
       .script = {send({first_part(kText, ""), middle_part(""), middle_part(""), middle_part(""), middle_part("")})},
       .ending = fails(1008)},
  };
}

std::vector<Case> default_table() {
  std::vector<Frame> empty(kDefaultMaxFragments, middle_part(""));
  empty.front() = first_part(kText, "");
  std::vector<Frame> sound = empty;
  sound.back() = last_part("");
  empty.push_back(middle_part(""));
  return {
      {.name = "fragments",
       .holds = "131072 empty fragments are a message",
       .script = {send(sound), expect({text("")})}},
      {.name = "one more", .holds = "and with one more they are not", .script = {send(empty)}, .ending = fails(1008)},
  };
}

TEST(Limits, hold_for_our_server_exactly) {
  ServerRole server({"--max-message", std::to_string(kMaxMessage), "--max-fragments", std::to_string(kMaxFragments)});
  for (const Case& each : limit_table()) play(each, server);
  for (const Case& each : limit_table()) play(each, server, &kOctets);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Limits, hold_for_our_client_exactly) {
  ClientRole client({.max_message = kMaxMessage, .max_fragments = kMaxFragments});
  for (const Case& each : limit_table()) play(each, client);
  for (const Case& each : limit_table()) play(each, client, &kOctets);
}

TEST(Limits, let_a_message_have_131072_fragments_by_default) {
  ServerRole server;
  ClientRole client;
  for (const Case& each : default_table()) {
    play(each, server);
    play(each, client);
  }
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace conformance
