// The opening handshake (RFC 6455 4) from both sides: the RFC's own example, every rule as a row, and what others let
// through.
#include "ws/protocol/handshake.hpp"

#include <gtest/gtest.h>
#include <openssl/provider.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ws::protocol {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 1.3
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

using Fields = std::vector<Field>;

Fields good_request() {
  return {{"Host", "server.example.com"},
          {"Upgrade", "websocket"},
          {"Connection", "Upgrade"},
          {"Sec-WebSocket-Key", kKey},
          {"Sec-WebSocket-Version", "13"}};
}

Fields without(Fields fields, std::string_view name) {
  std::erase_if(fields, [&](const Field& field) { return field.name == name; });
  return fields;
}

Fields with(Fields fields, std::string_view name, std::string_view value) {
  fields = without(std::move(fields), name);
  fields.push_back({name, value});
  return fields;
}

Fields plus(Fields fields, std::string_view name, std::string_view value) {
  fields.push_back({name, value});
  return fields;
}

TEST(AcceptKey, is_the_one_of_the_rfc) {
  prefetch_digest();
  EXPECT_EQ(accept_key(kKey), kAccept);
}

// In a process of its own, in which OpenSSL has not yet loaded what it has by default.
[[noreturn]] void try_without_digests() {
  OSSL_PROVIDER_load(nullptr, "null");
  bool told = false;
  try {
    prefetch_digest();
  } catch (const std::runtime_error&) {
    told = true;
  }
  ::_exit(told && accept_key(kKey) != kAccept ? 0 : 1);
}

TEST(AcceptKeyDeathTest, without_sha_1_it_is_said_and_no_bytes_of_ours_are_sent) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(try_without_digests(), testing::ExitedWithCode(0), "");
}

TEST(MakeKey, is_base64_of_sixteen_bytes) {
  std::array<std::uint8_t, kKeySize> nonce;
  const std::string_view text = "the sample nonce";  // RFC 6455 1.3
  std::copy(text.begin(), text.end(), nonce.begin());
  EXPECT_EQ(make_key(nonce), kKey);
}

TEST(CheckUpgradeRequest, takes_the_example_of_the_rfc) {
  Fields fields = good_request();
  fields.push_back({"Origin", "http://example.com"});
  fields.push_back({"Sec-WebSocket-Protocol", "chat, superchat"});
  const UpgradeCheck check = check_upgrade_request("GET", 1, 1, fields);
  EXPECT_TRUE(check.accepted());
  EXPECT_EQ(check.key, kKey);
  EXPECT_EQ(check.subprotocols, (std::vector<std::string_view>{"chat", "superchat"}));
  EXPECT_TRUE(check.extensions.empty());
}

TEST(CheckUpgradeRequest, holds_a_request_against_every_rule) {
  const Fields good = good_request();
  const struct {
    const char* name;
    Fields fields;
    int wanted;
    std::string_view method = "GET";
    int minor = 1;
  } rows[] = {
      {"as it should be", good, 101},
      {"4.2.1: HTTP/1.2", good, 101, "GET", 2},
      {"4.2.1: HTTP/1.0", good, 400, "GET", 0},
      {"4.2.1: POST", good, 405, "POST"},
      {"methods have a case", good, 405, "get"},
      {"4.2.1: no Host", without(good, "Host"), 400},
      {"9112 3.2: two Hosts", plus(good, "Host", "b"), 400},
      {"4.2.1: no Upgrade", without(good, "Upgrade"), 426},
      {"another Upgrade", with(good, "Upgrade", "h2c"), 426},
      {"Upgrade: notwebsocket", with(good, "Upgrade", "notwebsocket"), 426},
      {"Upgrade in any case", with(good, "Upgrade", "WebSocket"), 101},
      {"Upgrade is a list", with(good, "Upgrade", "websocket, foo"), 101},
      {"Upgrade is a list over two fields", plus(with(good, "Upgrade", "foo"), "upgrade", "websocket"), 101},
      {"an empty Upgrade", with(good, "Upgrade", ""), 426},
      {"4.2.1: no Connection", without(good, "Connection"), 400},
      {"Connection: keep-alive", with(good, "Connection", "keep-alive"), 400},
      {"Connection: notupgrade", with(good, "Connection", "notupgrade"), 400},
      {"Connection: keep-alive, Upgrade", with(good, "Connection", "keep-alive, Upgrade"), 101},
      {"Connection over two fields", plus(with(good, "Connection", "x"), "connection", "UPGRADE"), 101},
      {"4.2.1: no version", without(good, "Sec-WebSocket-Version"), 426},
      {"4.4: version 8", with(good, "Sec-WebSocket-Version", "8"), 426},
      {"version 1337", with(good, "Sec-WebSocket-Version", "1337"), 426},
      {"version 013", with(good, "Sec-WebSocket-Version", "013"), 426},
      {"version 13, 8", with(good, "Sec-WebSocket-Version", "13, 8"), 426},
      {"two versions", plus(good, "Sec-WebSocket-Version", "13"), 426},
      {"a version with spaces around it", with(good, "Sec-WebSocket-Version", " 13\t"), 101},
      {"an old draft has no key: the version is told",
       without(without(good, "Sec-WebSocket-Version"), "Sec-WebSocket-Key"), 426},
      {"4.2.1: no key", without(good, "Sec-WebSocket-Key"), 400},
      {"two keys", plus(good, "Sec-WebSocket-Key", kKey), 400},
      {"an empty key", with(good, "Sec-WebSocket-Key", ""), 400},
      {"a key with spaces around it", with(good, "Sec-WebSocket-Key", " dGhlIHNhbXBsZSBub25jZQ== "), 101},
      {"a key of 15 bytes", with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), 400},
      {"a key of 17 bytes", with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWU="), 400},
      {"a key of 16 bytes without its pads", with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), 400},
      {"a key that is no base64", with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ-=="), 400},
      {"a key with a space", with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBs SBub25jZQ=="), 400},
      {"a key whose last bits are not 0", with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="), 400},
      {"a key of pads", with(good, "Sec-WebSocket-Key", "========================"), 400},
      {"a key of zeros", with(good, "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), 101},
      {"a key with a NUL", with(good, "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAA\0=="sv), 400},
      {"subprotocols", plus(good, "Sec-WebSocket-Protocol", "a, b"), 101},
      {"no subprotocol in the list", plus(good, "Sec-WebSocket-Protocol", ""), 400},
      {"only commas", plus(good, "Sec-WebSocket-Protocol", ",,,"), 400},
      {"a subprotocol that is no token", plus(good, "Sec-WebSocket-Protocol", "a b"), 400},
      {"a subprotocol beyond ASCII", plus(good, "Sec-WebSocket-Protocol", "caf\xC3\xA9"), 400},
      {"4.1: a subprotocol twice", plus(good, "Sec-WebSocket-Protocol", "a, b, a"), 400},
      {"a subprotocol twice over two fields",
       plus(plus(good, "Sec-WebSocket-Protocol", "a"), "sec-websocket-protocol", "a"), 400},
      {"subprotocols have a case", plus(good, "Sec-WebSocket-Protocol", "a, A"), 101},
      {"extensions", plus(good, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"), 101},
      {"9.1: an unclosed quote", plus(good, "Sec-WebSocket-Extensions", "a; b=\"c"), 400},
      {"9.1: a separator without an extension", plus(good, "Sec-WebSocket-Extensions", ",;constructor"), 400},
      {"an empty extension list", plus(good, "Sec-WebSocket-Extensions", ""), 400},
  };
  for (const auto& row : rows) {
    const UpgradeCheck check = check_upgrade_request(row.method, 1, row.minor, row.fields);
    EXPECT_EQ(check.status, row.wanted) << row.name;
    EXPECT_EQ(check.accepted(), row.wanted == 101) << row.name;
    EXPECT_EQ(check.reason.empty(), check.accepted()) << row.name;
  }
  EXPECT_EQ(check_upgrade_request("GET", 2, 0, good).status, 400);
}

TEST(CheckUpgradeRequest, a_refusal_carries_the_fields_that_it_needs) {
  const auto has = [](const UpgradeCheck& check, std::string_view name, std::string_view value) {
    return std::any_of(check.extra_fields.begin(), check.extra_fields.end(),
                       [&](const Field& field) { return field.name == name && field.value == value; });
  };
  // RFC 6455 4.4 and RFC 9110 15.5.22.
  const auto version = check_upgrade_request("GET", 1, 1, with(good_request(), "Sec-WebSocket-Version", "8"));
  EXPECT_TRUE(has(version, "Sec-WebSocket-Version", "13"));
  EXPECT_TRUE(has(version, "Upgrade", "websocket"));
  // RFC 9110 15.5.6.
  EXPECT_TRUE(has(check_upgrade_request("POST", 1, 1, good_request()), "Allow", "GET"));
  EXPECT_TRUE(check_upgrade_request("GET", 1, 1, with(good_request(), "Sec-WebSocket-Key", "x")).extra_fields.empty());
}

TEST(IsUpgradeRequest, tells_an_upgrade_from_an_ordinary_request) {
  EXPECT_TRUE(is_upgrade_request(good_request()));
  EXPECT_TRUE(is_upgrade_request(without(good_request(), "Sec-WebSocket-Key"))) << "well or badly";
  EXPECT_FALSE(is_upgrade_request(without(good_request(), "Upgrade")));
  EXPECT_FALSE(is_upgrade_request(with(good_request(), "Upgrade", "h2c")));
}

TEST(ChooseSubprotocol, prefers_what_the_server_prefers_and_returns_the_servers_text) {
  const std::vector<std::string_view> offered = {"b", "a", "c"};
  const std::vector<std::string> supported = {"x", "a", "b"};
  const auto chosen = choose_subprotocol(offered, supported);
  EXPECT_EQ(chosen.data(), supported[1].data());
  EXPECT_EQ(choose_subprotocol(offered, {}), "");
  EXPECT_EQ(choose_subprotocol({}, supported), "");
  const std::vector<std::string> upper = {"A"};
  EXPECT_EQ(choose_subprotocol(offered, upper), "") << "subprotocols have a case";
}

TEST(WriteUpgradeResponse, writes_the_example_of_the_rfc) {
  EXPECT_EQ(write_upgrade_response(kKey, "chat"),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Sec-WebSocket-Protocol: chat\r\n"
            "\r\n");
  EXPECT_EQ(write_upgrade_response(kKey),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
  EXPECT_NE(
      write_upgrade_response(kKey, "", "permessage-deflate").find("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
      std::string::npos);
}

TEST(WriteUpgradeRequest, writes_every_part) {
  const std::vector<std::string> subprotocols = {"chat", "superchat"};
  const Field extra[] = {{"Authorization", "Bearer x"}};
  EXPECT_EQ(write_upgrade_request({.host = "server.example.com",
                                   .target = "/chat?a=b",
                                   .key = kKey,
                                   .subprotocols = subprotocols,
                                   .extensions = "permessage-deflate",
                                   .origin = "http://example.com",
                                   .extra_fields = extra}),
            "GET /chat?a=b HTTP/1.1\r\n"
            "Host: server.example.com\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Origin: http://example.com\r\n"
            "Sec-WebSocket-Protocol: chat, superchat\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\n"
            "Authorization: Bearer x\r\n"
            "\r\n");
}

TEST(WriteUpgradeRequest, refuses_what_would_break_out_of_its_place) {
  const std::vector<std::string> none;
  const std::vector<std::string> line_break = {"a\r\nX: y"};
  const std::vector<std::string> twice = {"a", "a"};
  const auto written = [&](ClientHandshake handshake) {
    if (handshake.key.empty()) handshake.key = kKey;
    if (handshake.host.empty()) handshake.host = "a";
    return !write_upgrade_request(handshake).empty();
  };
  EXPECT_TRUE(written({}));
  EXPECT_FALSE(write_upgrade_request({.host = "a", .key = kKey}).empty());
  EXPECT_TRUE(write_upgrade_request({.host = "", .key = kKey}).empty());
  EXPECT_TRUE(write_upgrade_request({.host = "a", .key = ""}).empty());
  EXPECT_FALSE(written({.host = "a\r\nX: y"}));
  EXPECT_FALSE(written({.host = "a b"}));
  EXPECT_FALSE(written({.target = ""}));
  EXPECT_FALSE(written({.target = "chat"}));
  EXPECT_FALSE(written({.target = "/a b"}));
  EXPECT_FALSE(written({.target = "/a\r\nX: y"}));
  EXPECT_FALSE(written({.target = "/a\0b"sv}));
  EXPECT_FALSE(written({.target = "/caf\xC3\xA9"}));
  EXPECT_FALSE(written({.key = "short"}));
  EXPECT_FALSE(written({.subprotocols = line_break}));
  EXPECT_FALSE(written({.subprotocols = twice}));
  EXPECT_FALSE(written({.extensions = "a\nb"}));
  EXPECT_FALSE(written({.origin = "a\rb"}));
  const std::pair<Field, bool> extras[] = {
      {{"X", "y"}, true},
      {{"Cookie", "a=b; c=d"}, true},
      {{"X", "y\r\nZ: z"}, false},
      {{"X", "y\0z"sv}, false},
      {{"X y", "z"}, false},
      {{"", "z"}, false},
      {{"host", "evil"}, false},
      {{"UPGRADE", "x"}, false},
      {{"Connection", "x"}, false},
      {{"sec-websocket-key", "x"}, false},
      {{"Sec-WebSocket-Anything", "x"}, false},
      {{"Content-Length", "5"}, false},
      {{"Transfer-Encoding", "chunked"}, false},
  };
  for (const auto& [field, wanted] : extras) {
    EXPECT_EQ(written({.extra_fields = std::span(&field, 1)}), wanted) << field.name << ": " << field.value;
  }
}

TEST(WriteUpgradeRequest, writes_what_a_server_accepts) {
  // The fields as the HTTP layer would find them.
  const std::string request = write_upgrade_request({.host = "a", .key = kKey});
  Fields fields;
  std::string_view rest = request;
  rest.remove_prefix(rest.find("\r\n") + 2);
  while (rest != "\r\n") {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    fields.push_back({line.substr(0, line.find(':')), line.substr(line.find(':') + 1)});
    rest.remove_prefix(line.size() + 2);
  }
  EXPECT_TRUE(check_upgrade_request("GET", 1, 1, fields).accepted());
}

TEST(CheckUpgradeResponse, holds_a_response_against_every_rule) {
  const Fields good = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", kAccept}};
  const std::vector<std::string> offered = {"chat", "superchat"};
  const std::string_view extensions[] = {"permessage-deflate"};
  const struct {
    const char* name;
    Fields fields;
    UpgradeError wanted;
    std::string_view subprotocol = {};
    int status = 101;
    int minor = 1;
  } rows[] = {
      {"as it should be", good, UpgradeError::kNone},
      {"200", good, UpgradeError::kStatus, {}, 200},
      {"426", good, UpgradeError::kStatus, {}, 426},
      {"HTTP/1.0", good, UpgradeError::kHttpVersion, {}, 101, 0},
      {"no Upgrade", without(good, "Upgrade"), UpgradeError::kUpgrade},
      {"another Upgrade", with(good, "Upgrade", "h2c"), UpgradeError::kUpgrade},
      {"Upgrade in any case", with(good, "Upgrade", "WebSocket"), UpgradeError::kNone},
      {"two Upgrades", plus(good, "Upgrade", "websocket"), UpgradeError::kUpgrade},
      {"a list of Upgrades", with(good, "Upgrade", "websocket, h2c"), UpgradeError::kUpgrade},
      {"no Connection", without(good, "Connection"), UpgradeError::kConnection},
      {"another Connection", with(good, "Connection", "close"), UpgradeError::kConnection},
      {"Connection in a list", with(good, "Connection", "keep-alive, upgrade"), UpgradeError::kNone},
      {"no accept", without(good, "Sec-WebSocket-Accept"), UpgradeError::kAccept},
      {"the accept of another key", with(good, "Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
       UpgradeError::kAccept},
      {"an accept in another case", with(good, "Sec-WebSocket-Accept", "S3PPLMBITXAQ9KYGZZHZRBK+XOO="),
       UpgradeError::kAccept},
      {"an accept with more behind it", with(good, "Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=="),
       UpgradeError::kAccept},
      {"two accepts", plus(good, "Sec-WebSocket-Accept", kAccept), UpgradeError::kAccept},
      {"an accept with spaces around it", with(good, "Sec-WebSocket-Accept", " s3pPLMBiTxaQ9kYGzzhZRbK+xOo= "),
       UpgradeError::kNone},
      {"a subprotocol that was offered", plus(good, "Sec-WebSocket-Protocol", "superchat"), UpgradeError::kNone,
       "superchat"},
      {"one that was not", plus(good, "Sec-WebSocket-Protocol", "evil"), UpgradeError::kSubprotocol},
      {"one in another case", plus(good, "Sec-WebSocket-Protocol", "Chat"), UpgradeError::kSubprotocol},
      {"an empty one", plus(good, "Sec-WebSocket-Protocol", ""), UpgradeError::kSubprotocol},
      {"both in a list", plus(good, "Sec-WebSocket-Protocol", "chat, superchat"), UpgradeError::kSubprotocol},
      {"both in two fields", plus(plus(good, "Sec-WebSocket-Protocol", "chat"), "Sec-WebSocket-Protocol", "superchat"),
       UpgradeError::kSubprotocol},
      {"an extension that was offered", plus(good, "Sec-WebSocket-Extensions", "permessage-deflate; x=1"),
       UpgradeError::kNone},
      {"one that was not", plus(good, "Sec-WebSocket-Extensions", "evil"), UpgradeError::kExtension},
      {"one of both kinds", plus(good, "Sec-WebSocket-Extensions", "permessage-deflate, evil"),
       UpgradeError::kExtension},
      {"one twice", plus(good, "Sec-WebSocket-Extensions", "permessage-deflate, permessage-deflate"),
       UpgradeError::kExtension},
      {"two fields",
       plus(plus(good, "Sec-WebSocket-Extensions", "permessage-deflate"), "Sec-WebSocket-Extensions",
            "permessage-deflate"),
       UpgradeError::kExtension},
      {"a malformed one", plus(good, "Sec-WebSocket-Extensions", "permessage-deflate;"), UpgradeError::kExtension},
      {"an empty one", plus(good, "Sec-WebSocket-Extensions", ""), UpgradeError::kExtension},
  };
  for (const auto& row : rows) {
    const UpgradeAnswer answer = check_upgrade_response(row.status, row.minor, row.fields, kKey, offered, extensions);
    EXPECT_EQ(answer.error, row.wanted) << row.name << ": " << describe(answer.error);
    if (row.wanted == UpgradeError::kNone) {
      EXPECT_EQ(answer.subprotocol, row.subprotocol) << row.name;
    }
  }
}

TEST(CheckUpgradeResponse, nothing_was_offered_so_nothing_may_be_chosen) {
  const Fields good = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", kAccept}};
  const auto error = [&](const Fields& fields) { return check_upgrade_response(101, 1, fields, kKey, {}).error; };
  EXPECT_EQ(error(good), UpgradeError::kNone);
  EXPECT_EQ(error(plus(good, "Sec-WebSocket-Protocol", "chat")), UpgradeError::kSubprotocol);
  EXPECT_EQ(error(plus(good, "Sec-WebSocket-Extensions", "permessage-deflate")), UpgradeError::kExtension);
}

TEST(UpgradeError, every_one_has_words) {
  for (int number = 0; number <= static_cast<int>(UpgradeError::kExtension); ++number) {
    EXPECT_NE(describe(static_cast<UpgradeError>(number)), "unknown error");
  }
}

}  // namespace
}  // namespace ws::protocol
