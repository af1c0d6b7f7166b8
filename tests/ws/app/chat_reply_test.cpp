// What the server says in /chat, letter by letter.
#include "ws/app/chat_reply.hpp"

#include <gtest/gtest.h>

namespace ws::app {
namespace {

TEST(ChatReply, each_message_of_the_server_has_its_members) {
  EXPECT_EQ(write_welcome("Alice", {"Alice", "Bob"}), R"({"type":"welcome","user":"Alice","online":["Alice","Bob"]})");
  EXPECT_EQ(write_presence("Bob", true), R"({"type":"presence","user":"Bob","status":"online"})");
  EXPECT_EQ(write_presence("Bob", false), R"({"type":"presence","user":"Bob","status":"offline"})");
  EXPECT_EQ(write_room_presence("Bob", "cats", true),
            R"({"type":"presence","user":"Bob","status":"joined","room":"cats"})");
  EXPECT_EQ(write_room_presence("Bob", "cats", false),
            R"({"type":"presence","user":"Bob","status":"left","room":"cats"})");
  EXPECT_EQ(write_who("", {"Alice", "Bob"}), R"({"type":"who","online":["Alice","Bob"]})");
  EXPECT_EQ(write_who("cats", {}), R"({"type":"who","room":"cats","online":[]})");
  EXPECT_EQ(write_ack("7"), R"({"type":"ack","id":7})");
  EXPECT_EQ(write_ack(R"("\u0061")"), R"({"type":"ack","id":"\u0061"})");
  EXPECT_EQ(write_missed(12), R"({"type":"missed","count":12})");
  EXPECT_EQ(write_error({.code = ChatError::kTooFast, .sentence = "Slow down.", .id = {}}),
            R"({"type":"error","code":"too_fast","message":"Slow down."})");
  EXPECT_EQ(write_error({.code = ChatError::kBadField, .sentence = "No.", .id = "1.50"}),
            R"({"type":"error","code":"bad_field","message":"No.","id":1.50})");
}

TEST(ChatReply, no_name_and_no_sentence_breaks_out_of_its_string) {
  const std::string name = R"(a"},{"b\)";
  const std::string quoted = R"("a\"},{\"b\\")";
  EXPECT_EQ(write_welcome(name, {name}), R"({"type":"welcome","user":)" + quoted + R"(,"online":[)" + quoted + "]}");
  EXPECT_EQ(write_presence(name, true), R"({"type":"presence","user":)" + quoted + R"(,"status":"online"})");
  EXPECT_EQ(write_room_presence(name, name, true),
            R"({"type":"presence","user":)" + quoted + R"(,"status":"joined","room":)" + quoted + "}");
  EXPECT_EQ(write_who(name, {name}), R"({"type":"who","room":)" + quoted + R"(,"online":[)" + quoted + "]}");
  EXPECT_EQ(write_error({.code = ChatError::kBadJson, .sentence = name + "\n", .id = {}}),
            R"({"type":"error","code":"bad_json","message":"a\"},{\"b\\\u000a"})");
}

TEST(ChatReply, a_missing_sender_is_filled_in_and_nothing_else_is_touched) {
  EXPECT_EQ(with_sender(R"({"type":"message","message":"hi"})", "Alice"),
            R"({"sender":"Alice","type":"message","message":"hi"})");
  EXPECT_EQ(with_sender(" \n{ \"n\" : 1.00, \"type\":\"message\" } ", "A\"B"),
            " \n{\"sender\":\"A\\\"B\", \"n\" : 1.00, \"type\":\"message\" } ");
}

}  // namespace
}  // namespace ws::app
