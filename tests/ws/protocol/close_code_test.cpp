// Which close codes may be sent (RFC 6455 7.4), and the payload of a Close frame read and written (5.5.1).
#include "ws/protocol/close_code.hpp"

#include <gtest/gtest.h>

#include "tests/ws/protocol/bytes.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp

TEST(CloseCode, may_be_sent_where_the_rfc_and_iana_say_so) {
  const auto allowed = [](unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
  };
  for (unsigned code = 0; code < 65536; ++code) {
    ASSERT_EQ(may_be_sent(static_cast<std::uint16_t>(code)), allowed(code)) << code;
  }
}

TEST(CloseCode, every_code_has_words) {
  for (unsigned code = 0; code < 65536; ++code) {
    const auto words = describe_close_code(static_cast<std::uint16_t>(code));
    ASSERT_FALSE(words.empty()) << code;
    ASSERT_EQ(words == "invalid close code", !may_be_sent(static_cast<std::uint16_t>(code)) && code != kNoStatus &&
                                                 code != kAbnormalClosure && code != kTlsHandshake)
        << code;
  }
}

TEST(ParseClosePayload, takes_code_and_reason_or_finds_the_broken_rule) {
  const struct {
    const char* name;
    Bytes payload;
    Error error;
    std::uint16_t code = kNoStatus;
    std::string_view reason = {};
  } rows[] = {
      {"7.1.5: no payload is no code", {}, Error::kNone, 1005},
      {"5.5.1: one byte is no code", hex("03"), Error::kCloseTruncated},
      {"normal", hex("03 E8"), Error::kNone, 1000},
      {"going away, with a reason", hex("03 E9") + text("bye"), Error::kNone, 1001, "bye"},
      {"7.4.1: 1004 is reserved", hex("03 EC"), Error::kCloseCode},
      {"7.4.1: 1005 is never sent", hex("03 ED"), Error::kCloseCode},
      {"7.4.1: 1006 is never sent", hex("03 EE"), Error::kCloseCode},
      {"7.4.1: 1015 is never sent", hex("03 F7"), Error::kCloseCode},
      {"registered later: 1012", hex("03 F4"), Error::kNone, 1012},
      {"registered later: 1013", hex("03 F5"), Error::kNone, 1013},
      {"registered later: 1014", hex("03 F6"), Error::kNone, 1014},
      {"7.4.2: 0", hex("00 00"), Error::kCloseCode},
      {"7.4.2: 999", hex("03 E7"), Error::kCloseCode},
      {"7.4.2: 1016", hex("03 F8"), Error::kCloseCode},
      {"7.4.2: 2999", hex("0B B7"), Error::kCloseCode},
      {"7.4.2: 3000", hex("0B B8"), Error::kNone, 3000},
      {"7.4.2: 4999", hex("13 87"), Error::kNone, 4999},
      {"7.4.2: 5000", hex("13 88"), Error::kCloseCode},
      {"7.4.2: 65535", hex("FF FF"), Error::kCloseCode},
      {"5.5.1: a reason in UTF-8", hex("03 E8 E2 82 AC"), Error::kNone, 1000, "\xE2\x82\xAC"},
      {"5.5.1: a reason that is not UTF-8", hex("03 E8 FF"), Error::kCloseReason},
      {"5.5.1: a reason that ends within a character", hex("03 E8 61 E2 82"), Error::kCloseReason},
      {"the code is asked about first", hex("03 EC FF"), Error::kCloseCode},
  };
  for (const auto& row : rows) {
    const GuardedMemory memory(row.payload.size() + 1);
    const ClosePayload close = parse_close_payload(memory.put(row.payload));
    EXPECT_EQ(close.error, row.error) << row.name;
    if (row.error != Error::kNone) continue;
    EXPECT_EQ(close.code, row.code) << row.name;
    EXPECT_EQ(close.reason, row.reason) << row.name;
  }
}

TEST(WriteClosePayload, writes_what_is_parsed_again) {
  const struct {
    std::uint16_t code;
    std::string reason;
    std::size_t wanted_size;
  } rows[] = {
      {kNoStatus, "", 0},
      {kNormal, "", 2},
      {kGoingAway, "bye", 5},
      {4999, std::string(123, 'a'), 125},
      {1000, std::string(124, 'a'), 125},
      {1000, std::string(122, 'a') + "\xC3\xA9", 124},  // the character does not fit: none of it is sent
      {1000, std::string(121, 'a') + "\xC3\xA9", 125},  // it fits
      {1000, std::string(120, 'a') + "\xF0\x9F\x98\x80 and more", 122},  // four bytes where three fit
      {1000, "good \xFF bad", 7},                                        // what is not UTF-8 ends the reason
  };
  for (const auto& row : rows) {
    const GuardedMemory memory(kMaxControlPayload);
    const auto out = memory.last(kMaxControlPayload).first<kMaxControlPayload>();
    const std::size_t size = write_close_payload(out, row.code, row.reason);
    EXPECT_EQ(size, row.wanted_size) << row.reason;
    const ClosePayload close = parse_close_payload(out.first(size));
    EXPECT_EQ(close.error, Error::kNone) << row.reason;
    EXPECT_EQ(close.code, row.code) << row.reason;
    EXPECT_EQ(close.reason, row.reason.substr(0, close.reason.size()));
  }
}

}  // namespace
}  // namespace ws::protocol
