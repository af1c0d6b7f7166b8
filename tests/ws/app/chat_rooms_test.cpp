// Who is in which room, while connections come and go.
#include "ws/app/chat_rooms.hpp"

#include <gtest/gtest.h>

namespace ws::app {
namespace {

using Names = std::vector<std::string>;

TEST(ChatRooms, a_user_comes_with_the_first_connection_and_leaves_with_the_last) {
  ChatRooms rooms;
  EXPECT_TRUE(rooms.join("cats", "Alice"));
  EXPECT_FALSE(rooms.join("cats", "Alice"));
  EXPECT_FALSE(rooms.leave("cats", "Alice"));
  EXPECT_EQ(rooms.users("cats"), Names{"Alice"});
  EXPECT_TRUE(rooms.leave("cats", "Alice"));
  EXPECT_TRUE(rooms.join("cats", "Alice"));
}

TEST(ChatRooms, users_are_sorted_and_rooms_are_apart) {
  ChatRooms rooms;
  for (const char* user : {"Charlie", "alice", "Bob", "Bob"}) rooms.join("cats", user);
  rooms.join("dogs", "Dora");
  EXPECT_EQ(rooms.users("cats"), (Names{"Bob", "Charlie", "alice"}));
  EXPECT_EQ(rooms.users("dogs"), Names{"Dora"});
  EXPECT_EQ(rooms.users("Cats"), Names{});
}

TEST(ChatRooms, an_empty_room_is_forgotten) {
  ChatRooms rooms;
  for (int index = 0; index < 1000; ++index) {
    rooms.join("room " + std::to_string(index), "Alice");
    rooms.leave("room " + std::to_string(index), "Alice");
  }
  EXPECT_EQ(rooms.size(), 0U);
  EXPECT_EQ(rooms.users("room 7"), Names{});
}

}  // namespace
}  // namespace ws::app
