// A request is answered once, by a response or by a hijack.
#include "http/exchange.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>

#include "tests/http/client.hpp"

namespace http {
namespace {

struct Fixture {
  reactor::Loop loop;
  Request request;
  tests::SocketPair pair = tests::make_pair();
  std::unique_ptr<reactor::Stream> stream = std::make_unique<reactor::Stream>(loop, std::move(pair.theirs));
  std::array<std::uint8_t, 3> early = {1, 2, 3};
  Exchange exchange{request, stream, early};
};

TEST(Exchange, a_response_waits_for_whoever_ran_the_handler) {
  Fixture fixture;
  EXPECT_FALSE(fixture.exchange.response());
  fixture.exchange.respond(text(404, "no"));
  ASSERT_TRUE(fixture.exchange.response());
  EXPECT_EQ(fixture.exchange.response()->status, 404);
  EXPECT_NE(fixture.stream, nullptr);
}

TEST(Exchange, a_hijack_gives_away_the_stream_and_the_early_bytes_themselves) {
  Fixture fixture;
  const reactor::Stream* stream = fixture.stream.get();
  const Hijacked hijacked = fixture.exchange.hijack();
  EXPECT_EQ(hijacked.stream.get(), stream);
  EXPECT_EQ(hijacked.early.data(), fixture.early.data());
  EXPECT_EQ(hijacked.early.size(), 3U);
  EXPECT_EQ(fixture.stream, nullptr);
  EXPECT_EQ(&fixture.exchange.loop(), &fixture.loop);
}

#ifndef NDEBUG
TEST(ExchangeDeathTest, a_second_answer_is_a_bug) {
  Fixture responded;
  responded.exchange.respond({});
  EXPECT_DEATH(responded.exchange.respond({}), "answered once");
  EXPECT_DEATH(responded.exchange.hijack(), "answered once");
  Fixture hijacked;
  const Hijacked taken = hijacked.exchange.hijack();
  EXPECT_DEATH(hijacked.exchange.respond({}), "answered once");
  EXPECT_DEATH(hijacked.exchange.hijack(), "answered once");
}
#endif

TEST(Exchange, html_answers_with_its_page) {
  Fixture fixture;
  html("<p>")(fixture.exchange);
  EXPECT_EQ(fixture.exchange.response()->status, 200);
  EXPECT_EQ(fixture.exchange.response()->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(fixture.exchange.response()->body, "<p>");
}

}  // namespace
}  // namespace http
