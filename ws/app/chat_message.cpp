// First what the bytes say, then the members that every message may have, then those that its type asks for.
#include "ws/app/chat_message.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "ws/app/chat_name.hpp"
#include "ws/app/escape.hpp"

namespace ws::app {

namespace {

namespace dom = simdjson::dom;

// Objects and arrays within each other; deeper is bad_json.
constexpr std::size_t kDeepest = 32;
constexpr std::size_t kSmallestCapacity = 4096;

// What each type is called, and what it must have. `message` is always a string, the others are names.
struct TypeRule {
  std::string_view name;
  ChatType type;
  bool receiver;
  bool message;
  bool room;
};
constexpr std::array kTypes = {
    TypeRule{.name = "hello", .type = ChatType::kHello, .receiver = false, .message = false, .room = false},
    TypeRule{
        .name = "private_message", .type = ChatType::kPrivateMessage, .receiver = true, .message = true, .room = false},
    TypeRule{.name = "message", .type = ChatType::kMessage, .receiver = false, .message = true, .room = false},
    TypeRule{.name = "join", .type = ChatType::kJoin, .receiver = false, .message = false, .room = true},
    TypeRule{.name = "leave", .type = ChatType::kLeave, .receiver = false, .message = false, .room = true},
    TypeRule{.name = "room_message", .type = ChatType::kRoomMessage, .receiver = false, .message = true, .room = true},
    TypeRule{.name = "who", .type = ChatType::kWho, .receiver = false, .message = false, .room = false},
};

constexpr std::size_t kLongestQuoted = 64;

// The members of an object that /chat knows; an element is there if the member is.
struct Members {
  std::optional<dom::element> type, id, sender, receiver, room, message;
  std::size_t id_index = 0;
};

Members find_members(const dom::object& object) {
  Members members;
  std::size_t index = 0;
  for (const dom::key_value_pair member : object) {
    if (member.key == "type") members.type = member.value;
    if (member.key == "id") members.id = member.value, members.id_index = index;
    if (member.key == "sender") members.sender = member.value;
    if (member.key == "receiver") members.receiver = member.value;
    if (member.key == "room") members.room = member.value;
    if (member.key == "message") members.message = member.value;
    ++index;
  }
  return members;
}

// RFC 8259 4. Sorted, because who sends ten thousand members must not make us compare each with each. Goes at most
// kDeepest levels down.
bool has_duplicate_members(const dom::element& value) {  // NOLINT(misc-no-recursion)
  if (dom::array array; value.get(array) == simdjson::SUCCESS) {
    return std::any_of(array.begin(), array.end(), has_duplicate_members);
  }
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return false;
  std::vector<std::string_view> keys;
  for (const dom::key_value_pair member : object) {
    if (has_duplicate_members(member.value)) return true;
    keys.push_back(member.key);
  }
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

// The words of a bad_json. They are ours, because those of the parser differ from version to version.
std::string_view why_bad_json(simdjson::error_code error) {
  switch (static_cast<int>(error)) {
    case simdjson::DEPTH_ERROR: return "objects and arrays may lie at most 32 deep within each other";
    case simdjson::NUMBER_ERROR:
      return "a number is malformed, or too large: an integer must fit into 64 bits, any other into a double";
    case simdjson::STRING_ERROR: return "a string has a malformed escape, or half of a surrogate pair";
    case simdjson::UNESCAPED_CHARS: return "a string has a control character in it, or does not end";
    default: return "the message is not valid JSON";
  }
}

// What stands behind `at`, where a string begins.
std::size_t behind_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

constexpr std::string_view kWhitespace = " \t\r\n";

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kWhitespace), text.size()));
  return text.substr(0, text.find_last_not_of(kWhitespace) + 1);
}

ChatRefusal refuse(ChatError code, std::string sentence) { return {.code = code, .sentence = std::move(sentence)}; }

// Reads the member `name` into `value`. Nothing if it is right; `is_name`: a user or a room, not any string.
std::optional<ChatRefusal> read_string(std::string_view name, const std::optional<dom::element>& member, bool is_name,
                                       std::string_view& value) {
  const std::string quoted = "'" + std::string(name) + "'";
  if (!member) return refuse(ChatError::kMissingField, quoted + " is missing");
  if (member->get(value) != simdjson::SUCCESS) return refuse(ChatError::kBadField, quoted + " must be a string");
  if (!is_name || is_chat_name(value)) return std::nullopt;
  return refuse(ChatError::kBadField, quoted + " must be " + std::string(kChatNameRule));
}

std::variant<const TypeRule*, ChatRefusal> read_type(const Members& members) {
  std::string_view name;
  if (auto refusal = read_string("type", members.type, false, name)) return std::move(*refusal);
  const auto* const rule =
      std::find_if(kTypes.begin(), kTypes.end(), [name](const TypeRule& each) { return each.name == name; });
  if (rule != kTypes.end()) return rule;
  std::string known;
  for (const TypeRule& each : kTypes) known += (known.empty() ? "" : ", ") + std::string(each.name);
  return refuse(ChatError::kUnknownType,
                "'" + escape_for_log(name, kLongestQuoted) + "' is no type that a client sends; there are " + known);
}

// What the type asks for, and `sender` and `room` where they may be there.
std::optional<ChatRefusal> read_fields(const Members& members, const TypeRule& rule, ChatMessage& message) {
  std::optional<ChatRefusal> refusal;
  const bool hello = rule.type == ChatType::kHello;
  message.has_sender = members.sender.has_value();
  if (hello || message.has_sender) refusal = read_string("sender", members.sender, hello, message.sender);
  if (!refusal && rule.receiver) refusal = read_string("receiver", members.receiver, true, message.receiver);
  const bool may_have_room = rule.type == ChatType::kWho && members.room;
  if (!refusal && (rule.room || may_have_room)) refusal = read_string("room", members.room, true, message.room);
  std::string_view said;
  if (!refusal && rule.message) refusal = read_string("message", members.message, false, said);
  return refusal;
}

std::variant<ChatMessage, ChatRefusal> check(const Members& members, std::string_view text) {
  ChatMessage message = {.text = text};
  if (members.id) {
    if (!members.id->is_string() && !members.id->is_number()) {
      return refuse(ChatError::kBadField, "'id' must be a string or a number");
    }
    message.id = value_as_written(text, members.id_index);
  }
  const auto with_id = [&message](ChatRefusal refusal) {
    refusal.id = message.id;
    return refusal;
  };
  auto type = read_type(members);
  if (auto* refusal = std::get_if<ChatRefusal>(&type)) return with_id(std::move(*refusal));
  const TypeRule& rule = *std::get<const TypeRule*>(type);
  message.type = rule.type;
  if (auto refusal = read_fields(members, rule, message)) return with_id(std::move(*refusal));
  return message;
}

}  // namespace

std::string_view code_of(ChatError error) {
  switch (error) {
    case ChatError::kBadJson: return "bad_json";
    case ChatError::kNotText: return "not_text";
    case ChatError::kMissingField: return "missing_field";
    case ChatError::kBadField: return "bad_field";
    case ChatError::kUnknownType: return "unknown_type";
    case ChatError::kHelloFirst: return "hello_first";
    case ChatError::kAlreadyNamed: return "already_named";
    case ChatError::kNotYourName: return "not_your_name";
    case ChatError::kUnknownReceiver: return "unknown_receiver";
    case ChatError::kNotInRoom: return "not_in_room";
    case ChatError::kTooLarge: return "too_large";
    case ChatError::kTooFast: return "too_fast";
  }
  return "";
}

struct ChatReader::Parser {
  dom::parser json;
  std::vector<std::uint8_t> padded;  // simdjson reads some bytes behind the text
};

ChatReader::ChatReader() : parser_(std::make_unique<Parser>()) {
  // The depth that simdjson is given is one more than what it takes.
  if (parser_->json.allocate(kSmallestCapacity, kDeepest + 1) != simdjson::SUCCESS) throw std::bad_alloc();
}

ChatReader::~ChatReader() = default;

std::variant<ChatMessage, ChatRefusal> ChatReader::read(std::string_view text) {
  // Some versions of simdjson pass over a byte order mark, which the receivers of the message might not.
  if (!trim(text).starts_with('{')) {
    return refuse(ChatError::kBadJson, "a message is one JSON object, {\"type\": ...}");
  }
  std::vector<std::uint8_t>& padded = parser_->padded;
  if (padded.size() < text.size() + simdjson::SIMDJSON_PADDING) padded.resize(text.size() + simdjson::SIMDJSON_PADDING);
  std::memcpy(padded.data(), text.data(), text.size());

  dom::element root;
  if (const auto error = parser_->json.parse(padded.data(), text.size(), false).get(root)) {
    return refuse(ChatError::kBadJson, std::string(why_bad_json(error)));
  }
  if (has_duplicate_members(root)) return refuse(ChatError::kBadJson, "an object has two members of the same name");
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return refuse(ChatError::kBadJson, "a message is one JSON object");
  return check(find_members(object), text);
}

std::string_view value_as_written(std::string_view object, std::size_t index) {
  std::size_t depth = 0;
  std::size_t commas = 0;
  std::size_t begin = 0;  // 0: its colon has not come yet
  for (std::size_t at = 0; at < object.size(); ++at) {
    switch (object[at]) {
      case '"': at = behind_string(object, at) - 1; break;
      case '{':
      case '[': ++depth; break;
      case ':':
        if (depth == 1 && commas == index) begin = at + 1;
        break;
      case '}':
      case ']':
      case ',':
        if (depth == 1 && begin != 0) return trim(object.substr(begin, at - begin));
        if (object[at] != ',') {
          --depth;
        } else if (depth == 1) {
          ++commas;
        }
        break;
      default: break;
    }
  }
  return {};
}

}  // namespace ws::app
