// Whole requests from bytes, at every cut: one after another, refused, and within their bounds.
#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/http/cuts.hpp"

namespace http {
namespace {

using tests::Piece;
using State = RequestParser::State;

constexpr RequestLimits kLimits = {.head = {.max_size = 200, .max_fields = 5}, .max_body = 50};

// Each request as "METHOD path fields [body]; ", a refusal as its status, and how it ends.
std::string parse(const std::vector<Piece>& pieces) {
  RequestParser parser(kLimits);
  std::string shown;
  for (const Piece& piece : pieces) {
    std::span<const std::uint8_t> bytes(piece);
    while (!bytes.empty() && parser.state() != State::kRefused) {
      bytes = bytes.subspan(parser.feed(bytes));
      if (parser.state() != State::kComplete) continue;
      const Request& request = parser.request();
      shown.append(request.method()).append(" ").append(request.path()).append(" ");
      shown.append(std::to_string(request.headers().size()));
      if (!request.body().empty()) shown.append(" [").append(request.body()).append("]");
      shown += "; ";
      parser.next();
    }
  }
  switch (parser.state()) {
    case State::kIdle: return shown + "idle";
    case State::kHead: return shown + "in head";
    case State::kBody: return shown + "in body";
    case State::kComplete: return shown + "complete";
    case State::kRefused: return shown + std::to_string(parser.refusal().status);
  }
  return shown;
}

void expect(std::string_view bytes, const std::string& wanted) { tests::expect_at_every_cut(bytes, wanted, parse); }

TEST(RequestParser, requests_follow_each_other) {
  expect("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a 1; idle");
  expect(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /c "
      "HTTP/1.0\r\n\r\n",
      "GET /a 1; POST /b 2 [hello]; GET /c 0; idle");
  expect(
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: t\r\n\r\nGET "
      "/b HTTP/1.0\r\n\r\nG",
      "POST /a 2 [abcde]; GET /b 0; in head");
  const std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
  expect(chunked + chunked, "POST / 2 [a]; POST / 2 [a]; idle");
  expect("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello", "in body");
  expect("\r\n\r\n", "idle");
}

TEST(RequestParser, an_upgrade_is_a_request_like_any_other_until_its_handler_says_otherwise) {
  expect("GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
         "GET /a 3; GET /b 0; idle");
  expect("GET /a HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
         "GET /a 2; GET /b 0; idle");
}

TEST(RequestParser, a_refusal_has_the_status_that_tells_what_was_wrong) {
  struct Row {
    std::string bytes;
    std::string wanted;
  };
  const std::string host = "Host: x\r\n";
  const std::vector<Row> rows = {
      {std::string("\0GET / HTTP/1.1\r\n", 17), "400"},
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET / HTTP/1.1\n" + host, "400"},
      {"GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + ": b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", "400"},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", "505"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"BREW / HTTP/1.1\r\n" + host + "\r\n", "501"},
      {"CONNECT x:1 HTTP/1.1\r\n" + host + "\r\n", "501"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\nhello", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5 5\r\n\r\nhello", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\nhello", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n33\r\n", "413"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 51\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 51\r\nExpect: 100-continue\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nExpect: something\r\n\r\n", "417"},
      {"GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\nContent-Length: 5\r\n\r\nhello", "400"},
      {"GET /" + std::string(300, 'a') + " HTTP/1.1\r\n", "414"},
      {"GET / HTTP/1.1\r\nA: " + std::string(300, 'a') + "\r\n", "431"},
      {"GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n\r\n", "431"},
      {"GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n\r\n\r\n\r\n", "GET /a 0; GET /b 0; 400"},
  };
  for (const Row& row : rows) expect(row.bytes, row.wanted);
}

TEST(RequestParser, a_refusal_names_the_flag_of_the_limit_that_was_met) {
  struct Row {
    std::string bytes;
    const char* words;
  };
  for (const Row& row :
       std::vector<Row>{{"GET /" + std::string(300, 'a'), "200 bytes (--max-head)"},
                        {"GET / HTTP/1.1\r\nA: " + std::string(300, 'a'), "200 bytes (--max-head)"},
                        {"GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:", "5 header fields (--max-headers)"},
                        {"POST / HTTP/1.0\r\nContent-Length: 51\r\n\r\n", "50 bytes (--max-body)"}}) {
    RequestParser parser(kLimits);
    parser.feed(tests::piece(row.bytes));
    EXPECT_NE(parser.refusal().reason.find(row.words), std::string::npos) << parser.refusal().reason;
  }
}

TEST(RequestParser, takes_nothing_more_once_it_is_complete_or_refused) {
  for (const std::string_view bytes : {"GET / HTTP/1.0\r\n\r\n", "\x01"}) {
    RequestParser parser(kLimits);
    parser.feed(tests::piece(bytes));
    const State state = parser.state();
    EXPECT_EQ(parser.feed(tests::piece("GET / HTTP/1.0\r\n\r\n")), 0U);
    EXPECT_EQ(parser.state(), state);
  }
}

TEST(RequestParser, waits_for_a_100_exactly_when_the_client_waits_for_it) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  RequestParser parser(kLimits);
  parser.feed(tests::piece(head.substr(0, head.size() - 1)));
  EXPECT_FALSE(parser.take_continue());
  parser.feed(tests::piece("\n"));
  EXPECT_TRUE(parser.take_continue());
  EXPECT_FALSE(parser.take_continue());  // once

  RequestParser impatient(kLimits);
  impatient.feed(tests::piece(head + "h"));
  EXPECT_FALSE(impatient.take_continue());  // RFC 9110 10.1.1: may be left out when the body is coming already
}

TEST(RequestParser, a_long_head_byte_by_byte_costs_each_byte_once) {
  // Two megabytes. Looked at again from its start with each byte, that would be two thousand billion steps.
  const RequestLimits limits = {.head = {.max_size = std::size_t{4} << 20, .max_fields = 100}, .max_body = 0};
  RequestParser parser(limits);
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(std::size_t{2} << 20, 'a') + "\r\n\r\n";
  const auto start = std::chrono::steady_clock::now();
  for (const char& byte : head) parser.feed({reinterpret_cast<const std::uint8_t*>(&byte), 1});
  EXPECT_EQ(parser.state(), State::kComplete);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(RequestParser, a_body_of_any_size_within_the_limit_arrives_whole) {
  const RequestLimits limits = {.head = {}, .max_body = 1 << 20};
  RequestParser parser(limits);
  const std::string body(1 << 20, 'b');
  parser.feed(tests::piece("POST / HTTP/1.0\r\nContent-Length: 1048576\r\n\r\n"));
  for (std::size_t at = 0; at < body.size(); at += 1000) parser.feed(tests::piece(body.substr(at, 1000)));
  ASSERT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().body(), body);
}

}  // namespace
}  // namespace http
