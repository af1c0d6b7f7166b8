// RFC 9112 7.1 at every cut: sizes, extensions, trailers, and the bounds on each.
#include "http/chunked_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/http/cuts.hpp"

namespace http {
namespace {

using tests::Piece;

constexpr std::size_t kMaxBody = 100;
constexpr HeadLimits kTrailerLimits = {.max_size = 200, .max_fields = 3};

// "hello, 3 left", "413", or "more".
std::string take(const std::vector<Piece>& pieces) {
  ChunkedBody chunked;
  std::string body;
  std::size_t left = 0;
  for (const Piece& piece : pieces) {
    left += piece.size() - chunked.take(tests::as_text(piece), body, kMaxBody, kTrailerLimits);
    EXPECT_LE(body.size(), kMaxBody);
  }
  switch (chunked.state()) {
    case ChunkedBody::State::kReceiving: return "more";
    case ChunkedBody::State::kRefused: return std::to_string(chunked.refusal().status);
    case ChunkedBody::State::kComplete: break;
  }
  return body + ", " + std::to_string(left) + " left";
}

TEST(ChunkedBody, content_is_what_the_chunks_hold) {
  struct Row {
    const char* bytes;
    const char* wanted;
  };
  for (const Row& row : {
           Row{"0\r\n\r\n", ", 0 left"},
           Row{"5\r\nhello\r\n0\r\n\r\nGET", "hello, 3 left"},
           Row{"5;name=\"value\"\r\nhello\r\n6;\r\n, body\r\n000;last\r\n\r\n", "hello, body, 0 left"},
           Row{"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789, 0 left"},
           Row{"3\r\n\r\n\r\r\n0\r\n\r\n", "\r\n\r, 0 left"},
           Row{"1\r\nx\r\n0\r\nTrailer: yes\r\nAnother: one\r\n\r\nrest", "x, 4 left"},
           Row{"0000000000000001\r\nx\r\n0\r\n\r\n", "x, 0 left"},
           Row{"5\r\nhel", "more"},
           Row{"0\r\n", "more"},
       }) {
    tests::expect_at_every_cut(row.bytes, row.wanted, take);
  }
}

TEST(ChunkedBody, what_is_malformed_is_refused) {
  for (const std::string_view bytes : {
           "\r\n",
           "x\r\n",
           "-1\r\n",
           "+1\r\n",
           "0x5\r\n",
           " 5\r\n",
           "5 \r\n",
           ";x\r\n",
           "5\n",
           "5\rx",
           "5;a\n",
           "5;a\x01\r\n",
           "5;a\rb\r\n",
           "5\r\nhelloX",
           "5\r\nhello\n",
           "5\r\nhello\rX",
           "5\r\nhello!\r\n",
           "00000000000000001\r\n",
           "0\r\nX\r\n\r\n",
           "0\r\n folded\r\n\r\n",
           "0\r\nA : b\r\n\r\n",
           "0\r\nA: b\n",
           "0\r\nGET / HTTP/1.1\r\n\r\n",
       }) {
    tests::expect_at_every_cut(bytes, "400", take);
  }
}

TEST(ChunkedBody, a_chunk_too_many_is_refused_by_its_size_line) {
  const std::string ninety = "5a\r\n" + std::string(90, 'x') + "\r\n";
  tests::expect_at_every_cut("64\r\n" + std::string(100, 'x') + "\r\n0\r\n\r\n", std::string(100, 'x') + ", 0 left",
                             take);
  tests::expect_at_every_cut("65", "413", take);
  tests::expect_at_every_cut(ninety + "b", "413", take);
  tests::expect_at_every_cut("ffffffffffffffff\r\n", "413", take);
}

TEST(ChunkedBody, extensions_are_bounded_over_all_chunks) {
  const std::string chunk = "1;" + std::string(500, 'e') + "\r\nx\r\n";
  tests::expect_at_every_cut(chunk + chunk + "0\r\n\r\n", "xx, 0 left", take);
  tests::expect_at_every_cut(chunk + chunk + chunk, "400", take);
}

TEST(ChunkedBody, trailers_are_bounded) {
  tests::expect_at_every_cut("0\r\nA:\r\nB:\r\nC:\r\n\r\n", ", 0 left", take);
  tests::expect_at_every_cut("0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n", "400", take);
  tests::expect_at_every_cut("0\r\nA:" + std::string(300, 'x'), "400", take);
}

}  // namespace
}  // namespace http
