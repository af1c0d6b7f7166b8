// Written by hand: each message is a line or two, and its shape can be read here.
#include "ws/app/chat_reply.hpp"

#include "ws/app/escape.hpp"

namespace ws::app {

namespace {

std::string quote(std::string_view text) { return '"' + escape_for_json(text) + '"'; }

std::string list(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const std::string& name : names) {
    if (text.size() > 1) text += ',';
    text += quote(name);
  }
  return text + ']';
}

}  // namespace

std::string write_welcome(std::string_view user, const std::vector<std::string>& online) {
  return R"({"type":"welcome","user":)" + quote(user) + R"(,"online":)" + list(online) + '}';
}

std::string write_presence(std::string_view user, bool online) {
  return R"({"type":"presence","user":)" + quote(user) + R"(,"status":)" + quote(online ? "online" : "offline") + '}';
}

std::string write_room_presence(std::string_view user, std::string_view room, bool joined) {
  return R"({"type":"presence","user":)" + quote(user) + R"(,"status":)" + quote(joined ? "joined" : "left") +
         R"(,"room":)" + quote(room) + '}';
}

std::string write_who(std::string_view room, const std::vector<std::string>& online) {
  const std::string where = room.empty() ? "" : R"("room":)" + quote(room) + ',';
  return R"({"type":"who",)" + where + R"("online":)" + list(online) + '}';
}

std::string write_ack(std::string_view id) { return R"({"type":"ack","id":)" + std::string(id) + '}'; }

std::string write_error(const ChatRefusal& refusal) {
  const std::string id = refusal.id.empty() ? "" : R"(,"id":)" + std::string(refusal.id);
  return R"({"type":"error","code":)" + quote(code_of(refusal.code)) + R"(,"message":)" + quote(refusal.sentence) + id +
         '}';
}

std::string write_missed(std::uint64_t count) { return R"({"type":"missed","count":)" + std::to_string(count) + '}'; }

std::string with_sender(std::string_view text, std::string_view sender) {
  const std::size_t first_member = text.find('{') + 1;
  return std::string(text.substr(0, first_member)) + R"("sender":)" + quote(sender) + ',' +
         std::string(text.substr(first_member));
}

}  // namespace ws::app
