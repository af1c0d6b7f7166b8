// A room is there while somebody is in it, so no client can fill our memory with empty ones.
#include "ws/app/chat_rooms.hpp"

#include <cassert>

namespace ws::app {

bool ChatRooms::join(std::string_view room, std::string_view user) {
  Members& members = rooms_[std::string(room)];
  return ++members[std::string(user)] == 1;
}

bool ChatRooms::leave(std::string_view room, std::string_view user) {
  const auto place = rooms_.find(room);
  assert(place != rooms_.end());
  Members& members = place->second;
  const auto member = members.find(user);
  assert(member != members.end());
  if (--member->second > 0) return false;
  members.erase(member);
  if (members.empty()) rooms_.erase(place);
  return true;
}

std::vector<std::string> ChatRooms::users(std::string_view room) const {
  std::vector<std::string> names;
  const auto place = rooms_.find(room);
  if (place == rooms_.end()) return names;
  for (const auto& [user, connections] : place->second) names.push_back(user);
  return names;
}

}  // namespace ws::app
