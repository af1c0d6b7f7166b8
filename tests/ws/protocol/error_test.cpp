// Every rule of error.hpp has a close code that may be sent and words that fit a Close frame.
#include "ws/protocol/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ws/protocol/close_code.hpp"

namespace ws::protocol {
namespace {

constexpr int kLast = static_cast<int>(Error::kOutOfMemory);

TEST(Error, every_rule_can_be_told_in_a_close_frame) {
  std::set<std::string_view> sentences;
  for (int number = 0; number <= kLast; ++number) {
    const auto error = static_cast<Error>(number);
    EXPECT_TRUE(may_be_sent(close_code(error))) << describe(error);
    EXPECT_LE(describe(error).size(), kMaxCloseReason) << describe(error);
    EXPECT_TRUE(sentences.insert(describe(error)).second) << describe(error) << " is said of two rules";
  }
  EXPECT_EQ(sentences.count("unknown error"), 0U);
}

TEST(Error, the_close_code_is_the_one_that_the_rfc_asks_for) {
  const struct {
    Error error;
    std::uint16_t code;
  } rows[] = {
      {Error::kNone, 1000},
      {Error::kReservedBits, 1002},              // 5.2: "MUST _Fail the WebSocket Connection_"
      {Error::kReservedOpcode, 1002},            // 5.2
      {Error::kFragmentedControl, 1002},         // 5.5
      {Error::kControlTooLong, 1002},            // 5.5
      {Error::kContinuationWithoutStart, 1002},  // 5.4
      {Error::kMessageInsideMessage, 1002},      // 5.4
      {Error::kNotMasked, 1002},                 // 5.1: "MAY send a Close frame with a status code of 1002"
      {Error::kMasked, 1002},                    // 5.1
      {Error::kLengthTopBit, 1002},              // 5.2
      {Error::kLengthNotMinimal, 1002},          // 5.2
      {Error::kCloseTruncated, 1002},            // 5.5.1
      {Error::kCloseCode, 1002},                 // 7.4
      {Error::kInvalidUtf8, 1007},               // 8.1, 7.4.1
      {Error::kInvalidDeflate, 1007},            // 7.4.1: data that is not what the type of the message says
      {Error::kCloseReason, 1007},               // 5.5.1, 8.1
      {Error::kTooManyFragments, 1008},          // 7.4.1: a policy
      {Error::kMessageTooBig, 1009},             // 7.4.1
      {Error::kOutOfMemory, 1011},               // 7.4.1
  };
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(kLast) + 1);
  for (const auto& row : rows) EXPECT_EQ(close_code(row.error), row.code) << describe(row.error);
}

}  // namespace
}  // namespace ws::protocol
