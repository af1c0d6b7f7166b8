// What /chat takes for a message, what it makes of it, and what it refuses by which code.
#include "ws/app/chat_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ws::app {
namespace {

// `private_message by Alice to Bob, id 1`, or `bad_json`, `bad_field, id 1`.
std::string in_words(const std::variant<ChatMessage, ChatRefusal>& read) {
  const auto id_of = [](std::string_view id) { return id.empty() ? "" : ", id " + std::string(id); };
  if (const auto* refusal = std::get_if<ChatRefusal>(&read)) {
    EXPECT_NE(refusal->sentence, "");
    return std::string(code_of(refusal->code)) + id_of(refusal->id);
  }
  const auto& message = std::get<ChatMessage>(read);
  std::string words;
  switch (message.type) {
    case ChatType::kHello: words = "hello"; break;
    case ChatType::kPrivateMessage: words = "private_message"; break;
    case ChatType::kMessage: words = "message"; break;
    case ChatType::kJoin: words = "join"; break;
    case ChatType::kLeave: words = "leave"; break;
    case ChatType::kRoomMessage: words = "room_message"; break;
    case ChatType::kWho: words = "who"; break;
  }
  if (message.has_sender) words += " by " + std::string(message.sender);
  if (!message.receiver.empty()) words += " to " + std::string(message.receiver);
  if (!message.room.empty()) words += " in " + std::string(message.room);
  return words + id_of(message.id);
}

// In a copy of exactly its size, so that the sanitizers see who reads behind it.
std::string read(ChatReader& reader, std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  return in_words(reader.read({copy.data(), copy.size()}));
}

struct Row {
  std::string text;
  std::string wanted;
};

void expect_all(const std::vector<Row>& rows) {
  ChatReader reader;
  for (const auto& [text, wanted] : rows) EXPECT_EQ(read(reader, text), wanted) << text;
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t level = 0; level < depth; ++level) text += open;
  text += "1";
  for (std::size_t level = 0; level < depth; ++level) text += close;
  return text;
}

std::string with_member(const std::string& member) { return R"({"type":"who",)" + member + "}"; }

TEST(ChatMessage, is_one_of_seven_types_with_its_members) {
  expect_all({
      {R"({"type":"hello","sender":"Alice"})", "hello by Alice"},
      {R"({"type":"private_message","sender":"Alice","receiver":"Bob","message":"Hey Bob, how are you?"})",
       "private_message by Alice to Bob"},
      {R"({"message":"hi","receiver":"Bob","type":"private_message"})", "private_message to Bob"},
      {R"({"type":"message","message":""})", "message"},
      {R"({"type":"join","room":"cats"})", "join in cats"},
      {R"({"type":"leave","room":"cats"})", "leave in cats"},
      {R"({"type":"room_message","room":"cats","message":"meow"})", "room_message in cats"},
      {R"({"type":"who"})", "who"},
      {R"({"type":"who","room":"cats"})", "who in cats"},
  });
}

TEST(ChatMessage, a_member_is_known_by_what_its_name_means_not_how_it_is_written) {
  expect_all({
      {R"({"\u0074ype":"\u006aoin","r\u006fom":"\u63a8"})", "join in 推"},
      {" \t\r\n{ \"type\" : \"who\" , \"id\" :\n7 } \n", "who, id 7"},
      {R"({"type":"who","sender":"\ud83d\ude00"})", "who by \U0001f600"},
  });
}

TEST(ChatMessage, members_that_a_type_does_not_know_may_be_anything) {
  expect_all({
      {R"({"type":"who","receiver":5,"message":[],"x":{"y":null},"":true})", "who"},
      {R"({"type":"message","message":"hi","room":5,"receiver":null})", "message"},
      {with_member(R"("a":18446744073709551615,"b":-9223372036854775808,"c":1.7976931348623157e308,"d":1e-999)"),
       "who"},
  });
}

TEST(ChatMessage, what_is_missing_or_of_the_wrong_kind_is_told) {
  const std::string long_name(65, 'x');
  expect_all({
      {"{}", "missing_field"},
      {R"({"type":5})", "bad_field"},
      {R"({"type":null})", "bad_field"},
      {R"({"type":""})", "unknown_type"},
      {R"({"type":"presence"})", "unknown_type"},
      {R"({"type":"Hello","sender":"Alice"})", "unknown_type"},
      {R"({"type":"who\u0000"})", "unknown_type"},
      {R"({"type":"hello"})", "missing_field"},
      {R"({"type":"hello","sender":7})", "bad_field"},
      {R"({"type":"hello","sender":""})", "bad_field"},
      {R"({"type":"hello","sender":"a\nb"})", "bad_field"},
      {R"({"type":"hello","sender":")" + long_name + "\"}", "bad_field"},
      {R"({"type":"private_message","message":"hi"})", "missing_field"},
      {R"({"type":"private_message","receiver":"Bob"})", "missing_field"},
      {R"({"type":"private_message","receiver":["Bob"],"message":"hi"})", "bad_field"},
      {R"({"type":"private_message","receiver":"","message":"hi"})", "bad_field"},
      {R"({"type":"private_message","receiver":"Bob","message":5})", "bad_field"},
      {R"({"type":"message"})", "missing_field"},
      {R"({"type":"message","message":null})", "bad_field"},
      {R"({"type":"message","message":{"a":"b"}})", "bad_field"},
      {R"({"type":"message","message":"hi","sender":true})", "bad_field"},
      {R"({"type":"join"})", "missing_field"},
      {R"({"type":"join","room":1})", "bad_field"},
      {R"({"type":"join","room":""})", "bad_field"},
      {R"({"type":"leave"})", "missing_field"},
      {R"({"type":"leave","room":")" + long_name + "\"}", "bad_field"},
      {R"({"type":"room_message","message":"hi"})", "missing_field"},
      {R"({"type":"room_message","room":"cats"})", "missing_field"},
      {R"({"type":"room_message","room":"cats","message":false})", "bad_field"},
      {R"({"type":"who","room":null})", "bad_field"},
      {R"({"type":"who","room":"\u202e"})", "bad_field"},
  });
}

TEST(ChatMessage, an_id_is_a_string_or_a_number_and_is_kept_as_it_was_written) {
  for (const char* id :
       {"1", "0", "-0", "1.50", "1e2", "18446744073709551615", R"("")", R"("a")", R"("\u0061\"}{,:\\")", R"("κ")"}) {
    expect_all({
        {with_member("\"id\": " + std::string(id)), "who, id " + std::string(id)},
        {R"({"id":)" + std::string(id) + R"( ,"type":"no"})", "unknown_type, id " + std::string(id)},
        {R"({"x":{"id":"no"},"i\u0064":)" + std::string(id) + R"(,"type":"join"})",
         "missing_field, id " + std::string(id)},
    });
  }
  for (const char* id : {"null", "true", "false", "[]", "[1]", "{}", R"({"id":1})"}) {
    expect_all({{with_member("\"id\":" + std::string(id)), "bad_field"}});
  }
}

TEST(ChatMessage, only_an_object_that_is_valid_from_first_to_last_byte_is_one) {
  std::vector<Row> rows;
  const std::string right = R"({"type":"who","id":[1,{"a":"b\n"}]})";
  for (std::size_t size = 0; size < right.size(); ++size) rows.push_back({right.substr(0, size), "bad_json"});
  for (const char* text : {"",
                           " ",
                           "null",
                           "1",
                           "\"who\"",
                           "[]",
                           "[{\"type\":\"who\"}]",
                           R"({"type":"who"}x)",
                           R"({"type":"who"}{})",
                           R"({"type":"who"},)",
                           R"({"type":"who",})",
                           R"({,"type":"who"})",
                           R"({'type':'who'})",
                           R"({type:"who"})",
                           R"({"type":who})",
                           R"({"type":"who"]})",
                           R"({"type":"who"}//)",
                           R"(/**/{"type":"who"})",
                           R"({"type" "who"})",
                           "\xef\xbb\xbf{\"type\":\"who\"}",
                           "\x0c{\"type\":\"who\"}",
                           "\u00a0{\"type\":\"who\"}"}) {
    rows.push_back({text, "bad_json"});
  }
  rows.push_back({std::string("{\"type\":\"who\"}\0", 15), "bad_json"});
  expect_all(rows);
}

TEST(ChatMessage, values_that_json_does_not_know_are_bad_json) {
  std::vector<Row> rows;
  for (const char* value :
       {"NaN",      "Infinity", "-",    "+1",        "01",        "1.",        ".5",          "1e",     "0x1",
        "tru",      "True",     "nul",  "undefined", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\\"", "\"a\nb\"",
        "\"a\tb\"", "\"\x1f\"", "[1,]", "[,1]",      "[1 2]",     "{\"a\"}",   "{\"a\":}",    "{1:2}",  "(1)"}) {
    rows.push_back({with_member("\"x\":" + std::string(value)), "bad_json"});
  }
  expect_all(rows);
}

TEST(ChatMessage, half_a_surrogate_pair_is_bad_json_in_names_too) {
  for (const char* half : {"\\ud800", "\\udc00", "\\uDBFF", "\\uDFFF", "\\ud800\\u0041", "\\ud800\\ud800",
                           "\\udc00\\ud800", "\\ud800x", "\\ud83d\\\\ude00", "a\\ud800"}) {
    const std::string quoted = "\"" + std::string(half) + "\"";
    expect_all({
        {with_member("\"x\":" + quoted), "bad_json"},
        {with_member(quoted + ":1"), "bad_json"},
        {R"({"type":)" + quoted + "}", "bad_json"},
        {R"({"type":"message","message":)" + quoted + "}", "bad_json"},
    });
  }
}

TEST(ChatMessage, two_members_of_one_name_are_bad_json_at_any_level) {
  expect_all({
      {R"({"type":"who","type":"who"})", "bad_json"},
      {R"({"type":"who","typ\u0065":"who"})", "bad_json"},
      {R"({"type":"who","x":1,"y":2,"x":3})", "bad_json"},
      {R"({"type":"who","":1,"":2})", "bad_json"},
      {R"({"type":"who","x":{"a":1,"a":1}})", "bad_json"},
      {R"({"type":"who","x":[[{"a":{"b":1,"b":2}}]]})", "bad_json"},
      {R"({"type":"who","x":{"a":1},"y":{"a":1},"a":[{"a":1},{"a":1}]})", "who"},
      {R"({"type":"who","x":1,"X":2})", "who"},
  });
}

TEST(ChatMessage, ten_thousand_members_are_looked_at_without_comparing_each_with_each) {
  std::string members;
  for (int index = 0; index < 10'000; ++index) members += ",\"k" + std::to_string(index) + "\":0";
  ChatReader reader;
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(read(reader, R"({"type":"who")" + members + "}"), "who");
    EXPECT_EQ(read(reader, R"({"type":"who")" + members + R"(,"k0":0})"), "bad_json");
  }
}

TEST(ChatMessage, depth_is_bounded_by_32) {
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    expect_all({
        {with_member("\"x\":" + nested(31, open, close)), "who"},
        {with_member("\"x\":" + nested(32, open, close)), "bad_json"},
        {with_member("\"x\":" + nested(20'000, open, close)), "bad_json"},
        {nested(20'000, open, ""), "bad_json"},
    });
  }
}

TEST(ChatMessage, numbers_that_nobody_could_hold_are_bad_json) {
  for (const char* number : {"18446744073709551616", "-9223372036854775809", "1e400", "-1e400"}) {
    expect_all({{with_member("\"x\":" + std::string(number)), "bad_json"},
                {with_member("\"id\":" + std::string(number)), "bad_json"}});
  }
}

TEST(ChatMessage, a_refused_text_leaves_nothing_behind_for_the_next_one) {
  ChatReader reader;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(read(reader, R"({"type":"who","id":1)"), "bad_json");
    EXPECT_EQ(read(reader, R"({"type":"message","message":")" + std::string(100'000, 'x') + "\"}"), "message");
    EXPECT_EQ(read(reader, "{}"), "missing_field");
    EXPECT_EQ(read(reader, nested(33, "{\"a\":", "}")), "bad_json");
    EXPECT_EQ(read(reader, R"({"type":"who"})"), "who");
  }
}

TEST(ChatMessage, a_refusal_shows_the_words_of_a_client_harmless_and_short) {
  ChatReader reader;
  const auto refused = reader.read(R"({"type":"\u001b[31m\n\u202e)" + std::string(500, 'x') + "\"}");
  const std::string sentence = std::get<ChatRefusal>(refused).sentence;
  EXPECT_EQ(sentence.find("'\\x1b[31m\\n\\u202exxx"), 0U) << sentence;
  EXPECT_LT(sentence.size(), 300U);
}

TEST(ChatMessage, every_code_has_its_word) {
  const std::vector<std::string> words = {"bad_json",         "not_text",    "missing_field", "bad_field",
                                          "unknown_type",     "hello_first", "already_named", "not_your_name",
                                          "unknown_receiver", "not_in_room", "too_large",     "too_fast"};
  for (std::size_t index = 0; index < words.size(); ++index) {
    EXPECT_EQ(code_of(static_cast<ChatError>(index)), words[index]);
  }
}

TEST(ChatMessage, a_value_is_found_as_it_was_written) {
  const std::string object = R"( { "a" : "x,}\"]" , "b":[1, {"c": 2} ,"]"],"d" : { "e" : [] } ,"f":-1.5e3 ,"g":null})";
  const std::vector<std::string> values = {R"("x,}\"]")", R"([1, {"c": 2} ,"]"])", R"({ "e" : [] })", "-1.5e3", "null"};
  for (std::size_t index = 0; index < values.size(); ++index) {
    EXPECT_EQ(value_as_written(object, index), values[index]);
  }
}

}  // namespace
}  // namespace ws::app
