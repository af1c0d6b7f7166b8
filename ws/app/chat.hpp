// /chat: one JSON object per text message; presence, private messages, rooms. A connection is bound to one name when it
// opens, by ?user=, or by its first hello, and speaks in no other. Nothing that a client does here closes somebody
// else's connection: a reader who does not keep up misses messages, and is told how many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "http/request.hpp"
#include "reactor/loop.hpp"
#include "ws/app/chat_message.hpp"
#include "ws/app/chat_rate.hpp"
#include "ws/app/chat_rooms.hpp"
#include "ws/connection.hpp"
#include "ws/hub.hpp"
#include "ws/session.hpp"
#include "ws/upgrade.hpp"

namespace ws::app {

// Of each connection.
struct ChatOptions {
  std::uint32_t max_messages_per_second = 50;  // more are refused; 0: no limit
  std::uint64_t max_message = 64U << 10;       // bytes; larger ones are refused
  std::size_t max_rooms = 100;                 // joined at one time
};

// So many messages refused as too fast, without a second of rest between them, close their connection with 1008.
inline constexpr std::uint32_t kFlood = 1000;

// What the connections of /chat share. REQUIRES: it outlives the last turn of the loop.
class Chat {
 public:
  // `max_queue`: bytes that may wait for a reader.
  Chat(reactor::Loop& loop, const ChatOptions& options, std::size_t max_queue);

 private:
  friend class ChatSession;

  // As `user`, who is there with this connection from now on.
  void enter(Connection& ws, const std::string& user);
  void join(Connection& ws, const std::string& room, std::string_view user);
  void leave(Connection& ws, const std::string& room, std::string_view user);
  // To everybody, or to the members of a room.
  void tell(std::string_view room, const Publication& publication, const Connection* except = nullptr);

  reactor::Loop& loop_;
  ChatOptions options_;
  Hub hub_;
  ChatRooms rooms_;
  ChatReader reader_;
};

class ChatSession final : public Session {
 public:
  // `user` may be empty: a hello will tell.
  ChatSession(Chat& chat, std::string user, std::string remote)
      : chat_(chat), rate_(chat.options_.max_messages_per_second), user_(std::move(user)), remote_(std::move(remote)) {}

  void on_open(Connection& ws) override;
  void on_message(Connection& ws, const Message& message) override;
  void on_drain(Connection& ws) override;
  void on_close(Connection& ws, const Closed& how) override;

 private:
  using Refused = std::optional<ChatRefusal>;  // nothing: it was done

  void enter(Connection& ws);
  std::variant<ChatMessage, ChatRefusal> read(const Message& message);
  Refused obey(Connection& ws, const ChatMessage& message);
  Refused on_hello(Connection& ws, const ChatMessage& message);
  Refused on_private_message(Connection& ws, const ChatMessage& message, const Publication& publication);
  Refused on_room_message(Connection& ws, const ChatMessage& message, const Publication& publication);
  Refused on_join(Connection& ws, const ChatMessage& message);
  Refused on_leave(Connection& ws, const ChatMessage& message);
  void on_who(Connection& ws, const ChatMessage& message);

  Chat& chat_;
  ChatRate rate_;
  std::string user_;
  std::string remote_;
  std::set<std::string, std::less<>> rooms_;  // joined by this connection
};

// The session of a request for /chat, or a 400 where its query names no proper user.
SessionOrResponse make_chat_session(const http::Request& request, Chat& chat);

}  // namespace ws::app
