// Who is told what. What the bytes mean was checked before (chat_message), and the words are written elsewhere
// (chat_reply). A message is acknowledged, if its client asked by an id, once it waits in the queues of its readers.
#include "ws/app/chat.hpp"

#include <utility>

#include "http/response.hpp"
#include "ws/app/chat_name.hpp"
#include "ws/app/chat_reply.hpp"
#include "ws/app/escape.hpp"
#include "ws/app/quantities.hpp"

namespace ws::app {

namespace {

constexpr std::string_view kEverybody = "everybody";

// No room is called as kEverybody is, whatever its name.
std::string topic_of(std::string_view room) {
  return room.empty() ? std::string(kEverybody) : "room " + std::string(room);
}

ChatRefusal refuse(ChatError code, std::string sentence) { return {.code = code, .sentence = std::move(sentence)}; }

std::string_view id_of(const std::variant<ChatMessage, ChatRefusal>& read) {
  return std::visit([](const auto& either) { return either.id; }, read);
}

}  // namespace

// ---- What they share

Chat::Chat(reactor::Loop& loop, const ChatOptions& options, std::size_t max_queue)
    : loop_(loop), options_(options), hub_({.slow_reader = SlowReader::kDropNewest, .max_queue = max_queue}) {
  // The user's own connections do not hear of it: the first one is not among everybody yet, the last one not any more.
  hub_.on_presence = [this](std::string_view user, bool online) {
    tell({}, Publication(write_presence(user, online)));
  };
}

void Chat::tell(std::string_view room, const Publication& publication, const Connection* except) {
  // When the server stops everybody goes: nobody needs to hear it of everybody else.
  if (!loop_.shutting_down()) hub_.publish(topic_of(room), publication, except);
}

void Chat::enter(Connection& ws, const std::string& user) {
  hub_.sign_in(ws, user);
  ws.write_text(write_welcome(user, hub_.users()));
  hub_.subscribe(ws, kEverybody);
}

void Chat::join(Connection& ws, const std::string& room, std::string_view user) {
  if (rooms_.join(room, user)) tell(room, Publication(write_room_presence(user, room, true)));
  hub_.subscribe(ws, topic_of(room));
}

void Chat::leave(Connection& ws, const std::string& room, std::string_view user) {
  hub_.unsubscribe(ws, topic_of(room));
  if (rooms_.leave(room, user)) tell(room, Publication(write_room_presence(user, room, false)));
}

// ---- The life of one connection

SessionOrResponse make_chat_session(const http::Request& request, Chat& chat) {
  QueryUser named = read_query_user(request.query());
  if (!named.refusal.empty()) return http::text(400, named.refusal + ", as in /chat?user=Alice\n");
  return std::make_unique<ChatSession>(chat, std::move(named.user), request.remote().to_string());
}

void ChatSession::on_open(Connection& ws) {
  if (!user_.empty()) enter(ws);
}

void ChatSession::enter(Connection& ws) {
  chat_.enter(ws, user_);
  ws.loop().log(reactor::LogLevel::kInfo, remote_ + " entered /chat as " + escape_for_log(user_));
}

void ChatSession::on_message(Connection& ws, const Message& message) {
  const bool too_fast = !rate_.take(ws.loop().now());
  auto what = read(message);
  if (too_fast) {
    auto refusal = refuse(ChatError::kTooFast, "at most " + std::to_string(chat_.options_.max_messages_per_second) +
                                                   " messages a second are taken; this one was not");
    refusal.id = id_of(what);
    what = std::move(refusal);
  } else if (const auto* checked = std::get_if<ChatMessage>(&what)) {
    const ChatMessage taken = *checked;
    if (auto refusal = obey(ws, taken)) {
      refusal->id = taken.id;
      what = std::move(*refusal);
    }
  }
  if (const auto* refusal = std::get_if<ChatRefusal>(&what)) {
    ws.write_text(write_error(*refusal));
  } else if (const std::string_view id = id_of(what); !id.empty()) {
    ws.write_text(write_ack(id));
  }
  if (rate_.refused() >= kFlood) ws.close(protocol::kPolicyViolation, "too many messages, too fast");
}

std::variant<ChatMessage, ChatRefusal> ChatSession::read(const Message& message) {
  if (!message.is_text()) return refuse(ChatError::kNotText, "a message is text, not binary");
  if (message.payload.size() > chat_.options_.max_message) {
    return refuse(ChatError::kTooLarge, "a message has at most " + format_size(chat_.options_.max_message));
  }
  return chat_.reader_.read(message.text());
}

void ChatSession::on_drain(Connection& ws) {
  if (const std::uint64_t count = Hub::take_missed(ws); count > 0) ws.write_text(write_missed(count));
}

// The hub has taken the connection out of its topics already.
void ChatSession::on_close(Connection& ws, const Closed& how) {
  for (const std::string& room : std::exchange(rooms_, {})) chat_.leave(ws, room, user_);
  if (!ws.loop().logs(reactor::LogLevel::kInfo)) return;
  const std::string who = user_.empty() ? "without a name" : "as " + escape_for_log(user_);
  const std::string reason = how.reason.empty() ? "" : ": " + escape_for_log(how.reason);
  ws.loop().log(reactor::LogLevel::kInfo, remote_ + " left /chat " + who + ", " + std::to_string(how.code) + " " +
                                              std::string(protocol::describe_close_code(how.code)) + reason);
}

// ---- What each type does

ChatSession::Refused ChatSession::obey(Connection& ws, const ChatMessage& message) {
  if (message.type == ChatType::kHello) return on_hello(ws, message);
  if (user_.empty()) return refuse(ChatError::kHelloFirst, R"(say {"type":"hello","sender":NAME} first)");
  if (message.has_sender && message.sender != user_) {
    return refuse(ChatError::kNotYourName, "you are " + user_ + " and can speak for nobody else");
  }
  const std::string filled_in = message.has_sender ? "" : with_sender(message.text, user_);
  const Publication publication(message.has_sender ? message.text : filled_in);
  switch (message.type) {
    case ChatType::kHello: break;
    case ChatType::kPrivateMessage: return on_private_message(ws, message, publication);
    case ChatType::kMessage: chat_.tell({}, publication, &ws); break;
    case ChatType::kJoin: return on_join(ws, message);
    case ChatType::kLeave: return on_leave(ws, message);
    case ChatType::kRoomMessage: return on_room_message(ws, message, publication);
    case ChatType::kWho: on_who(ws, message); break;
  }
  return std::nullopt;
}

ChatSession::Refused ChatSession::on_hello(Connection& ws, const ChatMessage& message) {
  if (!user_.empty()) return refuse(ChatError::kAlreadyNamed, "you are " + user_ + " already");
  user_ = message.sender;
  enter(ws);
  return std::nullopt;
}

// Who writes to himself hears it on every connection, this one too: it is how he sees that it came.
ChatSession::Refused ChatSession::on_private_message(Connection& ws, const ChatMessage& message,
                                                     const Publication& publication) {
  const std::uint64_t dropped_before = chat_.hub_.counters().dropped_newest;
  if (chat_.hub_.send_to(message.receiver, publication) == 0) {
    const std::string name(message.receiver);
    if (chat_.hub_.counters().dropped_newest == dropped_before) {
      return refuse(ChatError::kUnknownReceiver, name + " is not online");
    }
    return refuse(ChatError::kTooFast, name + " does not keep up with the messages that come; try again later");
  }
  if (message.receiver != user_) chat_.hub_.send_to(user_, publication, &ws);
  return std::nullopt;
}

ChatSession::Refused ChatSession::on_room_message(Connection& ws, const ChatMessage& message,
                                                  const Publication& publication) {
  if (!rooms_.contains(message.room)) {
    return refuse(ChatError::kNotInRoom, "join " + std::string(message.room) + " before you speak there");
  }
  chat_.tell(message.room, publication, &ws);
  return std::nullopt;
}

ChatSession::Refused ChatSession::on_join(Connection& ws, const ChatMessage& message) {
  if (rooms_.contains(message.room)) return std::nullopt;
  if (rooms_.size() >= chat_.options_.max_rooms) {
    return refuse(ChatError::kTooLarge, "one connection is in at most " + std::to_string(chat_.options_.max_rooms) +
                                            " rooms; leave one first");
  }
  chat_.join(ws, *rooms_.emplace(message.room).first, user_);
  return std::nullopt;
}

ChatSession::Refused ChatSession::on_leave(Connection& ws, const ChatMessage& message) {
  const auto room = rooms_.find(message.room);
  if (room == rooms_.end()) {
    return refuse(ChatError::kNotInRoom, "you are not in " + std::string(message.room));
  }
  chat_.leave(ws, *room, user_);
  rooms_.erase(room);
  return std::nullopt;
}

void ChatSession::on_who(Connection& ws, const ChatMessage& message) {
  ws.write_text(write_who(message.room, message.room.empty() ? chat_.hub_.users() : chat_.rooms_.users(message.room)));
}

}  // namespace ws::app
