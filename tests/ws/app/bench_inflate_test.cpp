// What a server compressed comes back: in pieces, one message behind the other, with and without what came before.
#include "ws/app/bench_inflate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ws/protocol/deflater.hpp"

namespace ws::app {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string finished(BenchInflate& inflate) {
  const auto whole = inflate.finish();
  EXPECT_TRUE(whole);
  return whole ? std::string(whole->begin(), whole->end()) : "";
}

// RFC 7692 7.2.3.2: "Hello" twice, the second time as a reference to the first.
const Bytes kHello = {0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00};
const Bytes kHelloAgain = {0xF2, 0x00, 0x11, 0x00, 0x00};

TEST(BenchInflate, a_message_may_come_in_pieces_and_nothing_of_it_stays) {
  protocol::Inflater inflater;
  BenchInflate inflate(inflater);
  inflate.agree({.context_takeover = false});
  for (int count = 0; count < 3; ++count) {
    for (const std::uint8_t byte : kHello) inflate.feed({&byte, 1});
    EXPECT_EQ(finished(inflate), "Hello");
  }
  EXPECT_EQ(inflate.error(), protocol::Error::kNone);
}

TEST(BenchInflate, with_context_takeover_a_message_refers_to_the_one_before) {
  protocol::Inflater inflater;
  BenchInflate inflate(inflater);
  BenchInflate other(inflater);
  inflate.agree({});
  other.agree({});
  for (const Bytes& message : {kHello, kHelloAgain, kHelloAgain}) {
    inflate.feed(message);
    EXPECT_EQ(finished(inflate), "Hello");
  }
  other.feed(kHelloAgain);
  EXPECT_FALSE(other.finish());
  EXPECT_EQ(other.error(), protocol::Error::kInvalidDeflate);
}

TEST(BenchInflate, an_empty_message_is_one) {
  protocol::Inflater inflater;
  BenchInflate inflate(inflater);
  inflate.feed(Bytes{0x00});
  EXPECT_EQ(finished(inflate), "");
  EXPECT_EQ(finished(inflate), "");
}

TEST(BenchInflate, behind_a_fault_there_is_nothing_any_more) {
  protocol::Inflater inflater;
  BenchInflate inflate(inflater);
  inflate.feed(bytes_of("\xFF\xFF\xFF"));
  EXPECT_FALSE(inflate.finish());
  EXPECT_EQ(inflate.error(), protocol::Error::kInvalidDeflate);
  inflate.feed(kHello);
  EXPECT_FALSE(inflate.finish());
}

}  // namespace
}  // namespace ws::app
