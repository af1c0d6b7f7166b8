// No peer starves another: who floods us gets a share of a turn, and who yields comes after everybody else. Both hold
// for plain streams and for those that are encrypted, where bytes may lie in OpenSSL and not in the socket.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reactor/tls_stream.hpp"
#include "tests/reactor/recorder.hpp"
#include "tests/reactor/sockets.hpp"
#include "tests/reactor/tls_files.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

constexpr std::size_t kShare = Loop::kReceiveBufferSize;  // of one stream, as in stream.cpp
constexpr std::size_t kFlood = std::size_t{4} << 20;
constexpr std::size_t kFlooder = 0;
constexpr std::size_t kQuiet = 1;

// Two connections on one loop. The peers are on a loop of their own, so that a test turns ours step by step.
class Crowd {
 public:
  explicit Crowd(bool tls) {
    for (std::size_t index = 0; index < 2; ++index) {
      // What is sent into one of these is there at once, which a busy machine's TCP does not promise.
      SocketPair pair = unix_pair();
      set_send_buffer(pair.theirs.get(), 1024 * 1024);
      ours[index] = tls ? std::make_unique<TlsStream>(loop, std::move(pair.ours), server_context())
                        : std::make_unique<Stream>(loop, std::move(pair.ours));
      theirs_[index] =
          tls ? std::make_unique<TlsStream>(far_loop_, std::move(pair.theirs), client_context(), "localhost")
              : std::make_unique<Stream>(far_loop_, std::move(pair.theirs));
      ours[index]->attach(handlers[index]);
      theirs_[index]->attach(far_handlers_[index]);
      say(index, "hello");
    }
    EXPECT_TRUE(turn_until(loop, [this] {
      far_loop_.run_once(Milliseconds(0));
      return handlers[kFlooder].input == "hello" && handlers[kQuiet].input == "hello";
    }));
    for (Recorder& each : handlers) each.input.clear();
  }

  // All that the socket takes is on its way at once; the rest follows in the turns.
  void say(std::size_t who, const std::string& text) { theirs_[who]->write(bytes(text)); }
  bool all_said(std::size_t who) const { return !theirs_[who]->has_waiting(); }
  void say_no_more(std::size_t who) { theirs_[who]->finish_output(); }
  // What is said arrives, and has its turn here.
  void turn() {
    far_loop_.run_once(Milliseconds(0));
    loop.run_once(Milliseconds(0));
  }
  bool turn_until_true(const std::function<bool()>& condition) {
    return turn_until(loop, [&] {
      far_loop_.run_once(Milliseconds(0));
      return condition();
    });
  }

  Loop loop;
  std::array<Recorder, 2> handlers;
  std::array<std::unique_ptr<Stream>, 2> ours;

 private:
  static TlsContext server_context() {
    return TlsContext::server({.certificate = tls_files().server().certificate, .key = tls_files().server().key});
  }
  static TlsContext client_context() { return TlsContext::client({.ca = tls_files().authority()}); }

  Loop far_loop_;
  std::array<Recorder, 2> far_handlers_;
  std::array<std::unique_ptr<Stream>, 2> theirs_;
};

class StreamShare : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(over, StreamShare, testing::Bool(), [](const testing::TestParamInfo<bool>& over) {
  return std::string(over.param ? "tls" : "plain");
});

TEST_P(StreamShare, a_peer_who_floods_does_not_delay_another_ones_words) {
  constexpr int kTurns = 50;
  const std::string flood = pattern(1 << 20);
  Crowd crowd(GetParam());
  std::size_t most = 0;
  for (int each = 0; each < kTurns; ++each) {
    if (crowd.all_said(kFlooder)) crowd.say(kFlooder, flood);
    crowd.say(kQuiet, "word");
    crowd.turn();
    ASSERT_EQ(std::exchange(crowd.handlers[kQuiet].input, {}), "word") << "in turn " << each;
    most = std::max(most, std::exchange(crowd.handlers[kFlooder].input, {}).size());
  }
  EXPECT_GE(most, kShare) << "this is no flood";
  EXPECT_LE(most, 2 * kShare) << "one share with the event, and one at the end of the turn";
}

TEST_P(StreamShare, who_yields_comes_again_when_the_others_had_their_turn) {
  Crowd crowd(GetParam());
  std::vector<std::string> said;
  Stream& flooder = *crowd.ours[kFlooder];
  crowd.handlers[kFlooder].at_input = [&](std::string_view) {
    said.emplace_back("input");
    flooder.yield();
  };
  crowd.handlers[kFlooder].at_share = [&] {
    EXPECT_TRUE(flooder.reading_paused());
    said.emplace_back("share");
    flooder.resume_reading();
  };
  crowd.handlers[kQuiet].at_input = [&](std::string_view) { said.emplace_back("word"); };
  crowd.say(kFlooder, pattern(kFlood));
  crowd.say(kQuiet, "word");
  crowd.turn();
  // The share comes in the same turn, and with it the next input, which yields again.
  EXPECT_EQ(said, (std::vector<std::string>{"input", "word", "share", "input"}));
  for (int each = 0; each < 5; ++each) {
    said.clear();
    crowd.say(kQuiet, "word");
    crowd.turn();
    EXPECT_EQ(said, (std::vector<std::string>{"word", "share", "input"})) << "in turn " << each;
  }
  crowd.handlers[kFlooder].at_input = nullptr;
  EXPECT_TRUE(crowd.turn_until_true([&] { return crowd.handlers[kFlooder].input.size() == kFlood; }));
  EXPECT_TRUE(crowd.handlers[kFlooder].input == pattern(kFlood));
}

TEST_P(StreamShare, who_yields_and_does_not_resume_reads_nothing_and_loses_nothing) {
  Crowd crowd(GetParam());
  Recorder& handler = crowd.handlers[kFlooder];
  handler.at_input = [&](std::string_view) { crowd.ours[kFlooder]->yield(); };
  crowd.say(kFlooder, pattern(kFlood));
  EXPECT_TRUE(crowd.turn_until_true([&] { return handler.shares == 1; }));
  const std::size_t before = handler.input.size();
  for (int each = 0; each < 20; ++each) crowd.turn();
  EXPECT_EQ(handler.input.size(), before);
  EXPECT_EQ(handler.shares, 1);
  handler.at_input = nullptr;
  crowd.ours[kFlooder]->resume_reading();
  EXPECT_TRUE(crowd.turn_until_true([&] { return handler.input.size() == kFlood; }));
  EXPECT_TRUE(handler.input == pattern(kFlood));
  EXPECT_EQ(handler.shares, 1);
}

TEST_P(StreamShare, the_end_comes_behind_what_was_yielded) {
  Crowd crowd(GetParam());
  Recorder& handler = crowd.handlers[kFlooder];
  Stream& stream = *crowd.ours[kFlooder];
  handler.at_input = [&](std::string_view) { stream.yield(); };
  handler.at_share = [&] {
    EXPECT_TRUE(handler.ends.empty());
    stream.resume_reading();
  };
  crowd.say(kFlooder, pattern(300'000));
  crowd.say_no_more(kFlooder);
  EXPECT_TRUE(crowd.turn_until_true([&] { return !handler.ends.empty(); }));
  EXPECT_TRUE(handler.finished());
  EXPECT_TRUE(handler.input == pattern(300'000));
  EXPECT_GT(handler.shares, 1);
}

TEST_P(StreamShare, who_has_closed_or_was_lost_has_no_share_any_more) {
  for (const bool lost : {false, true}) {
    Crowd crowd(GetParam());
    Recorder& handler = crowd.handlers[kFlooder];
    handler.at_input = [&](std::string_view) {
      crowd.ours[kFlooder]->yield();
      lost ? crowd.ours[kFlooder]->abort() : crowd.ours[kFlooder]->close();
    };
    crowd.say(kFlooder, pattern(kFlood));
    EXPECT_TRUE(crowd.turn_until_true([&] { return crowd.ours[kFlooder]->closed() || handler.lost(); }));
    for (int each = 0; each < 5; ++each) crowd.turn();
    EXPECT_EQ(handler.shares, 0);
    EXPECT_EQ(handler.lost(), lost);
  }
}

}  // namespace
}  // namespace reactor::tests
