// Who is in which room. It is connections that join, each for itself, but users who are there: one comes with the first
// connection and is gone with the last.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ws::app {

class ChatRooms {
 public:
  // One more connection of `user` is in `room`. True: the user was not there before.
  bool join(std::string_view room, std::string_view user);
  // One fewer. True: it was the last one. REQUIRES: one had joined.
  bool leave(std::string_view room, std::string_view user);

  // Sorted; of a room where nobody is: nobody.
  std::vector<std::string> users(std::string_view room) const;
  // Rooms with somebody in them: the others are forgotten.
  std::size_t size() const { return rooms_.size(); }

 private:
  using Members = std::map<std::string, std::size_t, std::less<>>;  // user -> connections
  std::map<std::string, Members, std::less<>> rooms_;
};

}  // namespace ws::app
