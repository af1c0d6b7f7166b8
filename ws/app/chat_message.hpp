// What a client says in /chat: the bytes of one message, checked, or the reason why they are refused. No socket, no
// user and no room is known here. JSON is read strictly (RFC 8259): the whole of it is validated, by simdjson, and
// where two readers could understand it in two ways (4: names that are not unique; 8.2: lone surrogates) it is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace ws::app {

// The codes are stable: clients decide by them.
enum class ChatError : std::uint8_t {
  kBadJson,
  kNotText,
  kMissingField,
  kBadField,
  kUnknownType,
  kHelloFirst,
  kAlreadyNamed,
  kNotYourName,
  kUnknownReceiver,
  kNotInRoom,
  kTooLarge,
  kTooFast,
};
std::string_view code_of(ChatError error);

enum class ChatType : std::uint8_t { kHello, kPrivateMessage, kMessage, kJoin, kLeave, kRoomMessage, kWho };

// The members that the type asks for are there and are right; what the type does not know is empty. All views end with
// the next read, or with the text that was read.
struct ChatMessage {
  ChatType type = ChatType::kMessage;
  std::string_view text = {};    // the object as it came
  std::string_view id = {};      // as JSON, as it came; empty: none
  std::string_view sender = {};  // any string, if has_sender
  bool has_sender = false;
  std::string_view receiver = {};
  std::string_view room = {};
};

struct ChatRefusal {
  ChatError code = ChatError::kBadJson;
  std::string sentence = {};
  std::string_view id = {};  // as JSON, if the client set one and it could be read
};

class ChatReader {
 public:
  ChatReader();
  ~ChatReader();

  // REQUIRES: `text` is UTF-8, as every text message is.
  std::variant<ChatMessage, ChatRefusal> read(std::string_view text);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;  // one for all: its memory is as large as the largest message needs
};

// The value of member number `index` of a JSON object as it stands in its text. REQUIRES: `object` is valid JSON and
// has so many members.
std::string_view value_as_written(std::string_view object, std::size_t index);

}  // namespace ws::app
