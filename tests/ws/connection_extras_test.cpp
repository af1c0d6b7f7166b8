// What few connections have: it comes when it is asked for, and nobody finds the connection by it after the end.
#include "ws/connection_extras.hpp"

#include <gtest/gtest.h>

#include "tests/ws/line.hpp"
#include "ws/hub.hpp"

namespace ws {
namespace {

using namespace tests;

TEST(Extras, a_subscriber_comes_with_the_first_use_and_stays_the_same) {
  reactor::Loop loop;
  Line line(loop);
  EXPECT_EQ(line.ws().subscriber_if_any(), nullptr);
  Subscriber& first = line.ws().subscriber();
  EXPECT_EQ(line.ws().subscriber_if_any(), &first);
  EXPECT_EQ(&line.ws().subscriber(), &first);
  line.peer.text("hello");  // a message does not throw it away
  EXPECT_TRUE(line.wait_for("text hello"));
  EXPECT_EQ(line.ws().subscriber_if_any(), &first);
}

TEST(Extras, handles_and_hubs_know_a_connection_to_its_end_and_no_longer) {
  reactor::Loop loop;
  Hub hub;
  Line line(loop);
  hub.subscribe(line.ws(), "news");
  const Handle handle = line.ws().handle();
  EXPECT_EQ(handle.get(), &line.ws());
  line->at_close = [&](Connection& ws, const Closed&) {
    EXPECT_EQ(handle.get(), &ws) << "in on_close it still has its name";
    EXPECT_EQ(hub.subscribers("news"), 0U);
    EXPECT_EQ(ws.handle().get(), nullptr) << "and gets no new one";
  };
  line.peer.close_frame(1000);
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(handle.get(), nullptr);
}

}  // namespace
}  // namespace ws
