// What is asked of the server alone: frames that come with the request or at any cut of it, and floods of control
// frames by peers that do not read.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/conversation.hpp"
#include "tests/conformance/server_role.hpp"

namespace conformance {
namespace {

// AddressSanitizer keeps what was freed for a while, so that a late use is noticed, up to 256 MB. A server whose memory
// is measured keeps little.
std::unique_ptr<ServerRole> measurable_server() {
  constexpr const char* kName = "ASAN_OPTIONS";
  const char* value = std::getenv(kName);
  const std::string before = value == nullptr ? "" : value;
  ::setenv(kName, (before + ":quarantine_size_mb=1").c_str(), 1);
  auto server = std::make_unique<ServerRole>();
  ::setenv(kName, before.c_str(), 1);
  return server;
}

class OurServerAlone : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = measurable_server(); }
  static void TearDownTestSuite() {
    if (server_ == nullptr) return;  // it did not start, which is a failure already
    server_->check_descriptors();
    EXPECT_EQ(server_->stop(), 0);
    server_.reset();
  }

  static std::string request_and_frames(Wire& wire) {
    return upgrade_request() + wire.encoded(text("Hello")) + wire.encoded(ping("?")) + wire.encoded(close_frame(4000));
  }

  static void expect_answers(Wire& wire) {
    take_answer(wire);
    EXPECT_EQ(describe(wire.receive()), describe(text("Hello")));
    EXPECT_EQ(describe(wire.receive()), describe(pong("?")));
    EXPECT_EQ(describe(wire.receive()), describe(close_frame(4000)));
    EXPECT_EQ(wire.receive_end(), Wire::End::kFinished);
  }

  static inline std::unique_ptr<ServerRole> server_;
};

TEST_F(OurServerAlone, compresses_what_it_says_if_the_wire_was_chosen_so) {
  Wire wire = server_->open();
  const Frame message = text(repeated("again and again ", 1000));
  wire.send(message);
  EXPECT_EQ(describe(wire.receive()), describe(message));
  EXPECT_EQ(wire.compressed_count(), chosen_wire().compressed() ? 1U : 0U);
}

TEST_F(OurServerAlone, reads_frames_that_come_in_one_packet_with_the_request) {
  Wire wire = server_->connect();
  wire.send(request_and_frames(wire));
  expect_answers(wire);
}

TEST_F(OurServerAlone, answers_all_even_if_the_peer_has_said_at_once_that_it_will_send_no_more) {
  Wire wire = server_->connect();
  wire.send(request_and_frames(wire));
  wire.finish();
  expect_answers(wire);
}

TEST_F(OurServerAlone, answers_the_same_wherever_request_and_frames_are_cut) {
  const std::size_t size = upgrade_request().size() + 6 + 5 + 6 + 1 + 6 + 2;
  for (std::size_t cut = 1; cut < size; ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    Wire wire = server_->connect();
    const std::string bytes = request_and_frames(wire);
    ASSERT_EQ(bytes.size(), size);
    wire.send(bytes.substr(0, cut));
    server_->settle();
    wire.send(bytes.substr(cut));
    expect_answers(wire);
  }
}

TEST_F(OurServerAlone, reads_a_request_and_frames_that_come_octet_by_octet) {
  Wire wire = server_->connect();
  for (const char octet : request_and_frames(wire)) {
    wire.send(std::string_view(&octet, 1));
    server_->settle();
  }
  expect_answers(wire);
}

TEST_F(OurServerAlone, echoes_what_came_before_a_peer_that_just_goes) {
  Wire wire = server_->open();
  wire.send(text("last words"));
  wire.finish();
  EXPECT_EQ(describe(wire.receive()), describe(text("last words")));
  EXPECT_EQ(wire.receive_end(), Wire::End::kFinished);
}

// Memory that the process may gain in a flood: its own noise, and nothing for each frame.
constexpr std::size_t kNoise = std::size_t{4} << 20;

// Numbers of a fixed width, so that all frames of a flood have the same size.
std::string numbered(std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(125 - digits.size(), '0') + digits;
}

TEST_F(OurServerAlone, keeps_nothing_of_pongs_that_nobody_asked_for) {
  constexpr int kCount = 1000;
  Wire wire = server_->open();
  std::string thousand;
  for (std::size_t each = 0; each < 1000; ++each)
    wire.append_encoded(pong(each % 2 == 0 ? "" : numbered(each)), thousand);
  wire.send(thousand);
  server_->settle();
  const std::size_t before = server_->resident_bytes();
  for (int each = 0; each < kCount; ++each) wire.send(thousand);
  wire.send(text("still there?"));
  EXPECT_EQ(describe(wire.receive()), describe(text("still there?")));
  EXPECT_LT(server_->resident_bytes(), before + kNoise);
}

// RFC 6455 5.5.3 lets a peer answer only the newest of several pings. So a peer that pings and does not read is owed
// one pong at most, however often it pings.
TEST_F(OurServerAlone, owes_one_pong_to_a_peer_that_pings_and_does_not_read) {
  constexpr std::size_t kPings = 200'000;
  constexpr int kPatience = 1000;
  Wire wire = server_->open();
  server_->settle();
  const std::size_t before = server_->resident_bytes();
  std::size_t sent = 0;
  std::string rest;
  // The server may also stop reading: then the flood ends when it has taken nothing for a while.
  for (int refused = 0; sent < kPings && refused < kPatience; ++sent) {
    wire.append_encoded(ping(numbered(sent)), rest);
    for (refused = 0; !rest.empty() && refused < kPatience; ++refused) {
      if (refused > 0) server_->settle();
      rest.erase(0, wire.send_unread(rest));
    }
  }
  server_->settle();
  EXPECT_LT(server_->resident_bytes(), before + kNoise) << "after " << sent << " pings";

  wire.send(rest);
  wire.send(text("that was all"));
  // The pong that is still owed waits until the socket has room, and may be overtaken by the echo.
  std::string newest;
  bool echoed = false;
  while (!echoed || newest != numbered(sent - 1)) {
    const Frame frame = wire.receive();
    if (frame.opcode == kPong) {
      ASSERT_LT(newest, frame.payload) << "pongs come in the order of the pings";
      newest = frame.payload;
    } else {
      EXPECT_EQ(describe(frame), describe(text("that was all")));
      EXPECT_FALSE(std::exchange(echoed, true));
    }
  }
}

}  // namespace
}  // namespace conformance
