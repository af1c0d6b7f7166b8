// The client's side: the head of a response at every cut, and not a byte of what follows it.
#include "http/response_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/http/cuts.hpp"

namespace http {
namespace {

using tests::Piece;

// "101 Upgrade=websocket then FRAMES", "failed" or "more".
std::string parse(const std::vector<Piece>& pieces, const HeadLimits& limits) {
  ResponseParser parser(limits);
  std::string behind;
  for (const Piece& piece : pieces) {
    const std::size_t taken = parser.feed(piece);
    behind += tests::as_text(piece).substr(taken);
  }
  switch (parser.state()) {
    case ResponseParser::State::kReceiving: return "more";
    case ResponseParser::State::kFailed: return parser.failure().empty() ? "failed without a word" : "failed";
    case ResponseParser::State::kComplete: break;
  }
  std::string shown = std::to_string(parser.status());
  for (const Header& header : parser.headers()) shown.append(" ").append(header.name).append("=").append(header.value);
  return shown + " then " + behind;
}

void expect(std::string_view bytes, const std::string& wanted, const HeadLimits& limits = {}) {
  tests::expect_at_every_cut(bytes, wanted, [&](const std::vector<Piece>& pieces) { return parse(pieces, limits); });
}

TEST(ResponseParser, a_frame_glued_to_the_101_is_left_for_the_next_reader) {
  expect("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
         "101 Upgrade=websocket then \x81\x05hello");
  expect("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "101 Upgrade=websocket then ");
}

TEST(ResponseParser, the_text_of_a_refusal_is_left_too) {
  expect("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "403 Content-Length=2 then no");
}

TEST(ResponseParser, interim_responses_are_read_over) {
  expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 101 OK\r\nA: b\r\n\r\nrest",
         "101 A=b then rest");
  expect("HTTP/1.1 100 Continue\r\n\r\n", "more");
}

TEST(ResponseParser, everything_counts_against_the_limits) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";  // 25 bytes
  expect(interim + "HTTP/1.1 200 OK\r\n\r\n", "200 then ", {.max_size = 44});
  expect(interim + "HTTP/1.1 200 OK\r\n\r\n", "failed", {.max_size = 43});
  expect(interim + interim + interim, "failed", {.max_size = 60});
  expect("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", "failed", {.max_fields = 1});
}

TEST(ResponseParser, what_is_not_http_fails_at_once) {
  for (const std::string_view bytes :
       {std::string_view("\x15\x03\x01"), std::string_view("\0\0\0\x12\x04", 5),
        std::string_view("HTTP/1.1 200 OK\n\n"), std::string_view("HTTP/1.1 200 OK\r\nA : b\r\n"),
        std::string_view("HTTP/1.1 200 OK\r\n folded\r\n")}) {
    expect(bytes, "failed");
  }
  for (const char* line : {"HTTP/2 101", "SSH-2.0-OpenSSH_9.2", "HTTP/1.1 abc OK", "GET / HTTP/1.1"}) {
    expect(std::string(line) + "\r\n\r\n", "failed");
  }
}

TEST(ResponseParser, fields_are_found_by_name_and_the_version_is_told) {
  ResponseParser parser;
  parser.feed(tests::piece("HTTP/1.0 200 OK\r\nSec-WebSocket-Accept: x\r\n\r\n"));
  ASSERT_EQ(parser.state(), ResponseParser::State::kComplete);
  EXPECT_EQ(parser.header("sec-websocket-accept"), "x");
  EXPECT_EQ(parser.header("Upgrade"), std::nullopt);
  EXPECT_EQ(parser.minor(), 0);
}

}  // namespace
}  // namespace http
