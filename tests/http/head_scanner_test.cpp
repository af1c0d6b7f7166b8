// The end of a head, and what must not be in one (RFC 9112 2.2, 3, 5), at every cut.
#include "http/head_scanner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/http/cuts.hpp"

namespace http {
namespace {

using tests::as_text;
using tests::expect_at_every_cut;
using tests::Piece;

std::string name(HeadFault fault) { return fault == HeadFault::kNone ? "" : describe(fault, {}); }

// "ok 23": complete with 23 bytes. "FAULT at 23": the byte behind 23 sound ones is at fault. "more".
std::string scan(const std::vector<Piece>& pieces, const HeadLimits& limits, HeadScanner::Start start) {
  HeadScanner scanner(start);
  std::size_t taken = 0;
  for (const Piece& piece : pieces) taken += scanner.scan(as_text(piece), limits);
  if (scanner.complete()) return "ok " + std::to_string(taken);
  return scanner.fault() == HeadFault::kNone ? "more" : name(scanner.fault()) + " at " + std::to_string(taken);
}

void expect(std::string_view bytes, const std::string& wanted, const HeadLimits& limits = {},
            HeadScanner::Start start = HeadScanner::Start::kFirstLine) {
  expect_at_every_cut(bytes, wanted, [&](const std::vector<Piece>& pieces) { return scan(pieces, limits, start); });
}

TEST(HeadScanner, a_head_ends_with_its_empty_line_and_not_a_byte_later) {
  expect("GET / HTTP/1.1\r\n\r\n", "ok 18");
  expect("GET / HTTP/1.1\r\nHost: x\r\n\r\n\x81\x85 frames", "ok 27");
  expect("HTTP/1.1 101 \xe4ndern\tes\r\nA:\r\nB: \t \r\nC:x\r\n\r\n", "ok 42");
  expect("GET / HTTP/1.1\r\nHost: x\r\n", "more");
}

TEST(HeadScanner, two_empty_lines_before_are_skipped_and_nothing_else_is) {
  const std::string fault = name(HeadFault::kStartByte);
  expect("\r\n\r\nGET / HTTP/1.1\r\n\r\n", "ok 22");
  expect("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", fault + " at 4");
  expect("\nGET / HTTP/1.1\r\n\r\n", fault + " at 0");
  expect("\rGET / HTTP/1.1\r\n\r\n", fault + " at 1");
  expect(" GET / HTTP/1.1\r\n\r\n", fault + " at 0");
  expect(std::string_view("\0GET / HTTP/1.1\r\n\r\n", 19), fault + " at 0");
  expect("\x16\x03\x01\x02 a TLS hello", fault + " at 0");
  expect("\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n", fault + " at 0");
}

TEST(HeadScanner, every_other_fault_is_named_at_its_first_byte) {
  struct Row {
    std::string_view bytes;  // behind "G / HTTP/1.1\r\n"
    HeadFault fault;
    std::size_t at;
  };
  const std::vector<Row> rows = {
      {"A: b\n", HeadFault::kBareLf, 4},
      {"\n", HeadFault::kBareLf, 0},
      {"A: b\r\n\n", HeadFault::kBareLf, 6},
      {"A: b\rc\r\n", HeadFault::kBareCr, 5},
      {"A: b\r\r\n", HeadFault::kBareCr, 5},
      {"\rA: b\r\n", HeadFault::kBareCr, 1},
      {"A: b\r\n c\r\n", HeadFault::kFolded, 6},
      {"A: b\r\n\tc\r\n", HeadFault::kFolded, 6},
      {" A: b\r\n", HeadFault::kFolded, 0},
      {": b\r\n", HeadFault::kFieldName, 0},
      {"A b: c\r\n", HeadFault::kSpaceBeforeColon, 1},
      {"A : c\r\n", HeadFault::kSpaceBeforeColon, 1},
      {"A\t: c\r\n", HeadFault::kSpaceBeforeColon, 1},
      {"A\r\n", HeadFault::kFieldName, 1},
      {"A\n", HeadFault::kFieldName, 1},
      {"A\xc3\xa4: b\r\n", HeadFault::kFieldName, 1},
      {"A(: b\r\n", HeadFault::kFieldName, 1},
      {std::string_view("A\0: b\r\n", 7), HeadFault::kFieldName, 1},
      {std::string_view("A: b\0c\r\n", 8), HeadFault::kControlByte, 4},
      {"A: \x01\r\n", HeadFault::kControlByte, 3},
      {"A: \x7f\r\n", HeadFault::kControlByte, 3},
      {"A: \x0b\r\n", HeadFault::kControlByte, 3},
  };
  const std::string line = "G / HTTP/1.1\r\n";
  for (const Row& row : rows) {
    expect(line + std::string(row.bytes) + "\r\n\r\n", name(row.fault) + " at " + std::to_string(line.size() + row.at));
  }
  expect("G\n", name(HeadFault::kBareLf) + " at 1");
  expect("G\rx", name(HeadFault::kBareCr) + " at 2");
  expect("G \x01", name(HeadFault::kControlByte) + " at 2");
}

TEST(HeadScanner, the_size_limit_is_met_by_the_last_byte_that_fits) {
  const std::string head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  expect(head, "ok 24", {.max_size = 24});
  expect(head, name(HeadFault::kTooLarge) + " at 23", {.max_size = 23});
}

TEST(HeadScanner, an_overlong_first_line_is_a_fault_of_its_own) {
  const std::string fault = name(HeadFault::kFirstLineTooLong);
  expect("GET / HTTP/1.1\r\n\r\n", fault + " at 10", {.max_size = 10});
  expect("GET / HTTP/1.1\r\n\r\n", fault + " at 15", {.max_size = 15});
  expect("GET / HTTP/1.1\r\n\r\n", name(HeadFault::kTooLarge) + " at 16", {.max_size = 16});
}

TEST(HeadScanner, the_field_limit_is_met_by_the_first_byte_of_the_field_too_many) {
  expect("G / HTTP/1.1\r\nA:\r\nB:\r\n\r\n", "ok 24", {.max_fields = 2});
  expect("G / HTTP/1.1\r\nA:\r\nB:\r\n\r\n", name(HeadFault::kTooManyFields) + " at 18", {.max_fields = 1});
  expect("G / HTTP/1.1\r\nA:\r\n", name(HeadFault::kTooManyFields) + " at 14", {.max_fields = 0});
}

TEST(HeadScanner, trailers_are_fields_without_a_first_line) {
  expect("\r\n", "ok 2", {}, HeadScanner::Start::kFields);
  expect("A: b\r\nC: d\r\n\r\nnext", "ok 14", {}, HeadScanner::Start::kFields);
  expect("GET / HTTP/1.1\r\n", name(HeadFault::kSpaceBeforeColon) + " at 3", {}, HeadScanner::Start::kFields);
}

TEST(HeadScanner, nothing_is_scanned_behind_a_fault_or_the_end) {
  for (const std::string_view head : {"\x01", "G / HTTP/1.1\r\n\r\n"}) {
    HeadScanner scanner(HeadScanner::Start::kFirstLine);
    scanner.scan(head, {});
    EXPECT_EQ(scanner.scan("more", {}), 0U);
  }
}

TEST(HeadScanner, counts_its_fields_and_knows_whether_it_has_begun) {
  HeadScanner scanner(HeadScanner::Start::kFirstLine);
  EXPECT_EQ(scanner.scan("\r\n", {}), 2U);
  EXPECT_FALSE(scanner.started());
  scanner.scan("G", {});
  EXPECT_TRUE(scanner.started());
  scanner.scan(" / HTTP/1.1\r\nA: b\r\nA: b\r\n\r\n", {});
  EXPECT_TRUE(scanner.complete());
  EXPECT_EQ(scanner.field_count(), 2U);
}

TEST(HeadScanner, every_fault_is_described_in_words_of_its_own) {
  std::vector<std::string> seen;
  for (int fault = 0; fault <= static_cast<int>(HeadFault::kMalformed); ++fault) {
    const std::string words = describe(static_cast<HeadFault>(fault), {.max_size = 77, .max_fields = 88});
    EXPECT_FALSE(words.empty());
    for (const std::string& other : seen) EXPECT_NE(words, other);
    seen.push_back(words);
  }
  EXPECT_NE(describe(HeadFault::kTooLarge, {.max_size = 77}).find("77"), std::string::npos);
  EXPECT_NE(describe(HeadFault::kTooManyFields, {.max_fields = 88}).find("88"), std::string::npos);
}

}  // namespace
}  // namespace http
