// What is asked of the client alone: its request, what it accepts as an answer and what it refuses (RFC 6455 4.1),
// frames that come glued to the answer, its masking keys, and how it closes.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/client_role.hpp"
#include "tests/conformance/conversation.hpp"

namespace conformance {
namespace {

// The right answer with `from` replaced by `to`.
std::string changed(std::string response, const std::string& from, const std::string& to) {
  const std::size_t at = response.find(from);
  if (at == std::string::npos) throw Broken("the answer has no " + from);
  return response.replace(at, from.size(), to);
}

struct AnswerRow {
  const char* name;
  const char* from;  // in the right answer
  std::string to;
  const char* told = "";  // words of the failure
  int status = 0;
};

std::string test_name(const testing::TestParamInfo<AnswerRow>& info) { return info.param.name; }
std::ostream& operator<<(std::ostream& out, const AnswerRow& row) { return out << row.name; }

const std::string kLine = "Sec-WebSocket-Accept: ";
const std::string kStatus = "HTTP/1.1 101 Switching Protocols\r\n";

class OurClientRefuses : public testing::TestWithParam<AnswerRow> {};

TEST_P(OurClientRefuses, an_answer_that_is_not_as_it_must_be) {
  const AnswerRow& row = GetParam();
  ClientRole client;
  Wire wire = client.connect({.subprotocols = {"chat", "news"}});
  wire.send(changed(answer_to(wire), row.from, row.to));
  wire.finish();
  EXPECT_NE(wire.receive_end(), Wire::End::kNone);  // and throws if the client sends anything
  client.await_gone();
  EXPECT_EQ(client.told().opened, 0);
  EXPECT_TRUE(client.told().closes.empty());
  ASSERT_EQ(client.told().failures.size(), 1U);
  EXPECT_NE(client.told().failures[0].text.find(row.told), std::string::npos) << client.told().failures[0].text;
  EXPECT_EQ(client.told().failures[0].status, row.status);
}

const AnswerRow kRefused[] = {
    {"wrong_accept", "Sec-WebSocket-Accept: ", kLine + "A", "Sec-WebSocket-Accept"},
    {"accept_of_another_key",
     "Sec-WebSocket-Accept: ", kLine + "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX: ", "Sec-WebSocket-Accept"},
    {"no_accept", "Sec-WebSocket-Accept: ", "X: ", "Sec-WebSocket-Accept"},
    {"two_accepts", "Sec-WebSocket-Accept: ", kLine + "x\r\n" + kLine, "Sec-WebSocket-Accept"},
    {"no_upgrade", "Upgrade: websocket\r\n", "", "Upgrade"},
    {"another_upgrade", "Upgrade: websocket\r\n", "Upgrade: h2c\r\n", "Upgrade"},
    {"upgrade_that_only_begins_so", "Upgrade: websocket\r\n", "Upgrade: websockets\r\n", "Upgrade"},
    {"no_connection", "Connection: Upgrade\r\n", "", "Connection"},
    {"connection_close", "Connection: Upgrade\r\n", "Connection: close\r\n", "Connection"},
    {"http_1_0", "HTTP/1.1", "HTTP/1.0", "HTTP/1.1"},
    {"subprotocol_not_offered", "\r\n\r\n", "\r\nSec-WebSocket-Protocol: telnet\r\n\r\n", "subprotocol"},
    {"subprotocol_in_other_case", "\r\n\r\n", "\r\nSec-WebSocket-Protocol: Chat\r\n\r\n", "subprotocol"},
    {"two_subprotocols", "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat, news\r\n\r\n", "subprotocol"},
    {"subprotocol_twice", "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
     "subprotocol"},
    {"extension_not_offered", "\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension"},
    {"unknown_extension", "\r\n\r\n", "\r\nSec-WebSocket-Extensions: x-mux; q=1\r\n\r\n", "extension"},
    {"malformed_extension", "\r\n\r\n", "\r\nSec-WebSocket-Extensions: ;;\r\n\r\n", "extension"},
    {"status_200", "101 Switching Protocols", "200 OK", "200", 200},
    {"status_403_with_words", "HTTP/1.1 101 Switching Protocols\r\n",
     "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nnot you", "403: not you", 403},
    {"redirect", "101 Switching Protocols\r\n", "302 Found\r\nLocation: ws://localhost/\r\n", "302", 302},
    {"no_http", "HTTP/1.1 101", "SSH-2.0-x 1", "HTTP"},
    {"end_before_the_head_ends", "\r\n\r\n", "\r\n", "closed the connection"},
    {"nothing_at_all", "HTTP/1.1 101 Switching Protocols", "\r\n", ""},
    {"endless_field", "\r\n\r\n", "\r\nX: " + repeated("x", 100'000) + "\r\n\r\n", "HTTP"},
    {"endless_fields", "\r\n\r\n", "\r\n" + repeated("X: y\r\n", 6000) + "\r\n", "HTTP"},
    {"endless_interim_responses", "HTTP/1.1 101", repeated("HTTP/1.1 100 Continue\r\n\r\n", 100'000) + "HTTP/1.1 101",
     "HTTP"},
};
INSTANTIATE_TEST_SUITE_P(answers, OurClientRefuses, testing::ValuesIn(kRefused), test_name);

class OurClientAccepts : public testing::TestWithParam<AnswerRow> {};

TEST_P(OurClientAccepts, an_answer_that_says_the_same_in_other_words) {
  const AnswerRow& row = GetParam();
  ClientRole client;
  Wire wire = client.connect({.subprotocols = {"chat", "news"}});
  wire.send(changed(answer_to(wire), row.from, row.to) + wire.encoded(text("Hello")));
  EXPECT_EQ(describe(wire.receive()), describe(text("Hello")));
  EXPECT_EQ(client.told().opened, 1);
  EXPECT_TRUE(client.told().failures.empty());
}

const AnswerRow kAccepted[] = {
    {"as_it_is", "HTTP", "HTTP"},
    {"upgrade_in_other_case", "Upgrade: websocket", "uPGRADE: WebSocket"},
    {"connection_among_others", "Connection: Upgrade", "connection: keep-alive, upgrade"},
    {"spaces_round_the_value", "Upgrade: websocket", "Upgrade: \t websocket \t"},
    {"no_space_before_the_value", "Upgrade: websocket", "Upgrade:websocket"},
    {"another_reason_phrase", "Switching Protocols", "Web Socket Protocol Handshake"},
    {"no_reason_phrase", "Switching Protocols", ""},
    {"unknown_fields", "\r\n\r\n", "\r\nServer: x\r\nX-Y:\r\n\r\n"},
    {"first_subprotocol", "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"},
    {"second_subprotocol", "\r\n\r\n", "\r\nSec-WebSocket-Protocol: news\r\n\r\n"},
    {"interim_responses", "HTTP/1.1 101",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 101"},
};
INSTANTIATE_TEST_SUITE_P(answers, OurClientAccepts, testing::ValuesIn(kAccepted), test_name);

TEST(OurClient, sends_a_request_as_RFC_6455_4_1_says_with_a_new_key_each_time) {
  ClientRole client;
  std::set<std::string> keys;
  for (int each = 0; each < 20; ++each) {
    Wire wire = client.connect({.subprotocols = {"chat", "news"}, .origin = "http://localhost"});
    const std::string head = wire.receive_head();
    EXPECT_TRUE(head.starts_with("GET /echo HTTP/1.1\r\n")) << head;
    EXPECT_TRUE(field_of(head, "Host").value_or("").starts_with("127.0.0.1:")) << head;
    EXPECT_EQ(field_of(head, "Upgrade"), "websocket");
    EXPECT_EQ(field_of(head, "Connection"), "Upgrade");
    EXPECT_EQ(field_of(head, "Sec-WebSocket-Version"), "13");
    EXPECT_EQ(field_of(head, "Sec-WebSocket-Protocol"), "chat, news");
    EXPECT_EQ(field_of(head, "Origin"), "http://localhost");
    EXPECT_EQ(field_of(head, "Sec-WebSocket-Extensions").has_value(), chosen_wire().compressed());
    const std::string key = field_of(head, "Sec-WebSocket-Key").value_or("");
    EXPECT_EQ(key.size(), 24U);
    EXPECT_TRUE(key.ends_with("==")) << key;
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 20U);
}

TEST(OurClient, compresses_what_it_says_if_the_wire_was_chosen_so) {
  ClientRole client;
  Wire wire = client.open();
  const Frame message = text(repeated("again and again ", 1000));
  wire.send(message);
  EXPECT_EQ(describe(wire.receive()), describe(message));
  EXPECT_EQ(wire.compressed_count(), chosen_wire().compressed() ? 1U : 0U);
}

std::string answer_and_frames(Wire& wire) {
  return answer_to(wire) + wire.encoded(text("Hello")) + wire.encoded(ping("?"));
}

void expect_answers(Wire& wire, ClientRole& client) {
  EXPECT_EQ(describe(wire.receive()), describe(text("Hello")));
  EXPECT_EQ(describe(wire.receive()), describe(pong("?")));
  EXPECT_EQ(client.told().opened, 1);
}

TEST(OurClient, reads_frames_wherever_answer_and_frames_are_cut) {
  ClientRole client;
  std::size_t size = 2;
  for (std::size_t cut = 1; cut < size; ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    Wire wire = client.connect();
    const std::string bytes = answer_and_frames(wire);
    size = bytes.size();
    wire.send(bytes.substr(0, cut));
    client.settle();
    wire.send(bytes.substr(cut));
    expect_answers(wire, client);
  }
  EXPECT_GT(size, 100U);
}

TEST(OurClient, reads_answer_and_frames_that_come_octet_by_octet) {
  ClientRole client;
  Wire wire = client.connect();
  for (const char octet : answer_and_frames(wire)) {
    wire.send(std::string_view(&octet, 1));
    client.settle();
  }
  expect_answers(wire, client);
}

TEST(OurClient, reads_all_from_a_server_that_answers_speaks_closes_and_goes_at_once) {
  ClientRole client;
  Wire wire = client.connect();
  wire.send(answer_and_frames(wire) + wire.encoded(close_frame(1001, "restart")));
  wire.finish();
  expect_answers(wire, client);
  EXPECT_EQ(describe(wire.receive()), describe(close_frame(1001)));
  EXPECT_EQ(wire.receive_end(), Wire::End::kFinished);
  client.await_gone();
  ASSERT_EQ(client.told().closes.size(), 1U);
  EXPECT_EQ(client.told().closes[0].code, 1001);
  EXPECT_EQ(client.told().closes[0].reason, "restart");
  EXPECT_TRUE(client.told().closes[0].clean);
}

// RFC 6455 5.3: a fresh key for each frame, that nobody can foretell.
TEST(OurClient, masks_each_frame_with_a_key_of_its_own) {
  constexpr std::size_t kCount = 1000;
  ClientRole client;
  Wire wire = client.open();
  std::set<Key> keys;
  for (std::size_t each = 0; each < kCount; ++each) {
    wire.send(text("x"));
    keys.insert(wire.receive().key.value_or(Key{}));
  }
  EXPECT_GE(keys.size(), kCount - 2) << "two of a thousand keys of 32 bits are seldom the same";
}

TEST(OurClient, that_closes_drops_what_still_comes_and_lets_the_server_close_tcp) {
  ClientRole client;
  Wire wire = client.open();
  wire.send(text(std::string(kPleaseClose)));
  EXPECT_EQ(describe(wire.receive()), describe(close_frame(4001, "bye")));
  const std::string late = wire.encoded(text("too late")) + wire.encoded(ping("too late"));
  wire.send(late);
  client.settle();
  EXPECT_FALSE(wire.has_received()) << "nothing is sent behind a Close frame";
  wire.send(close_frame(4001, "bye"));
  client.settle();
  EXPECT_FALSE(wire.has_received()) << "RFC 6455 7.1.1: the server closes first";
  EXPECT_EQ(client.told().messages.size(), 1U);
  wire.finish();
  EXPECT_EQ(wire.receive_end(), Wire::End::kFinished);
  client.await_gone();
  ASSERT_EQ(client.told().closes.size(), 1U);
  EXPECT_EQ(client.told().closes[0].code, 4001);
  EXPECT_EQ(client.told().closes[0].by, ws::Closed::By::kUs);
  EXPECT_TRUE(client.told().closes[0].clean);
}

TEST(OurClient, goes_when_its_close_frame_is_never_answered) {
  ClientRole client({.close_timeout = reactor::Milliseconds(20)});
  Wire wire = client.open();
  wire.send(text(std::string(kPleaseClose)));
  EXPECT_EQ(describe(wire.receive()), describe(close_frame(4001, "bye")));
  EXPECT_NE(wire.receive_end(), Wire::End::kNone);
  client.await_gone();
  ASSERT_EQ(client.told().closes.size(), 1U);
  EXPECT_FALSE(client.told().closes[0].clean);
}

TEST(OurClient, is_told_1006_when_the_server_goes_without_a_word) {
  ClientRole client;
  {
    Wire wire = client.open();
    client.settle();
    wire.finish();
    EXPECT_EQ(wire.receive_end(), Wire::End::kFinished);
  }
  client.await_gone();
  ASSERT_EQ(client.told().closes.size(), 1U);
  EXPECT_EQ(client.told().closes[0].code, 1006);
  EXPECT_EQ(client.told().closes[0].by, ws::Closed::By::kNetwork);
  EXPECT_FALSE(client.told().closes[0].clean);
}

TEST(OurClient, does_not_wait_for_ever_for_an_answer) {
  ClientRole client;
  Wire wire = client.connect({.connect_timeout = reactor::Milliseconds(50)});
  EXPECT_NE(wire.receive_head(), "");
  EXPECT_NE(wire.receive_end(), Wire::End::kNone);
  client.await_gone();
  ASSERT_EQ(client.told().failures.size(), 1U);
  EXPECT_NE(client.told().failures[0].text.find("in time"), std::string::npos);
}

}  // namespace
}  // namespace conformance
