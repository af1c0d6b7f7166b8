// What the server says in /chat: the JSON of each of its messages. A message of a client goes on as it came, byte by
// byte, so that numbers, order and members that we do not know survive; only a missing sender is filled in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ws/app/chat_message.hpp"

namespace ws::app {

// Strings are UTF-8 and are escaped here; an `id` is JSON already.
std::string write_welcome(std::string_view user, const std::vector<std::string>& online);
std::string write_presence(std::string_view user, bool online);
std::string write_room_presence(std::string_view user, std::string_view room, bool joined);
// `room` may be empty: in the whole chat.
std::string write_who(std::string_view room, const std::vector<std::string>& online);
std::string write_ack(std::string_view id);
std::string write_error(const ChatRefusal& refusal);
// `count` messages were dropped because the reader did not keep up.
std::string write_missed(std::uint64_t count);

// The object `text`, which has members, with `"sender"` as its first one.
std::string with_sender(std::string_view text, std::string_view sender);

}  // namespace ws::app
