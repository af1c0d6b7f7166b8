// The URLs of RFC 6455 3, and everything near them that would make a client talk to somebody else than its user
// believes.
#include "ws/url.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ws {
namespace {

struct Good {
  const char* text;
  bool secure;
  const char* host;
  int port;
  const char* host_field;
  const char* target;
};

constexpr Good kGood[] = {
    {"ws://example.com/chat", false, "example.com", 80, "example.com", "/chat"},
    {"ws://example.com", false, "example.com", 80, "example.com", "/"},
    {"ws://example.com/", false, "example.com", 80, "example.com", "/"},
    {"WS://example.com/", false, "example.com", 80, "example.com", "/"},
    {"wss://example.com/", true, "example.com", 443, "example.com", "/"},
    {"WsS://example.com/", true, "example.com", 443, "example.com", "/"},
    // The scheme's own port is left out of the Host field (RFC 9110 7.2), any other stands there.
    {"ws://example.com:80/", false, "example.com", 80, "example.com", "/"},
    {"wss://example.com:443/", true, "example.com", 443, "example.com", "/"},
    {"ws://example.com:443/", false, "example.com", 443, "example.com:443", "/"},
    {"wss://example.com:80/", true, "example.com", 80, "example.com:80", "/"},
    {"ws://localhost:8080/ws", false, "localhost", 8080, "localhost:8080", "/ws"},
    {"ws://h:1", false, "h", 1, "h:1", "/"},
    {"ws://h:65535/", false, "h", 65535, "h:65535", "/"},
    {"ws://h:08080/", false, "h", 8080, "h:8080", "/"},
    {"ws://127.0.0.1:9/x", false, "127.0.0.1", 9, "127.0.0.1:9", "/x"},
    {"ws://[::1]/", false, "::1", 80, "[::1]", "/"},
    {"ws://[::1]:8080/a", false, "::1", 8080, "[::1]:8080", "/a"},
    {"ws://[2001:DB8::7]", false, "2001:DB8::7", 80, "[2001:DB8::7]", "/"},
    {"ws://[::ffff:1.2.3.4]:5/", false, "::ffff:1.2.3.4", 5, "[::ffff:1.2.3.4]:5", "/"},
    {"ws://h?period=1s", false, "h", 80, "h", "/?period=1s"},
    {"ws://h/?a=b&c=%23", false, "h", 80, "h", "/?a=b&c=%23"},
    {"ws://h/a/b?c/d?e", false, "h", 80, "h", "/a/b?c/d?e"},
    {"ws://h/a@b:c", false, "h", 80, "h", "/a@b:c"},
    {"ws://h?u=ws://other/", false, "h", 80, "h", "/?u=ws://other/"},
    {"ws://a-b_c.example/", false, "a-b_c.example", 80, "a-b_c.example", "/"},
    {"ws://example.com./", false, "example.com.", 80, "example.com.", "/"},
};

TEST(Url, is_taken_apart) {
  for (const Good& good : kGood) {
    const Url url = Url::parse(good.text);
    EXPECT_EQ(url.secure, good.secure) << good.text;
    EXPECT_EQ(url.host, good.host) << good.text;
    EXPECT_EQ(url.port, good.port) << good.text;
    EXPECT_EQ(url.host_field, good.host_field) << good.text;
    EXPECT_EQ(url.target, good.target) << good.text;
  }
}

TEST(Url, may_name_a_user_and_a_password_in_percent_encoding) {
  struct Row {
    const char* text;
    const char* credentials;
    const char* host_field;
  };
  const Row rows[] = {
      {"ws://h/", "", "h"},
      {"ws://h/a@b", "", "h"},
      {"ws://me@h:81/", "me:", "h:81"},
      {"ws://me:secret@h/", "me:secret", "h"},
      {"ws://me:a:b@[::1]:81/x", "me:a:b", "[::1]:81"},
      {"ws://a%40b:p%2Fq%25@h/", "a@b:p/q%", "h"},
      {"ws://good.example@evil.example/", "good.example:", "evil.example"},
      {"ws://a@b@h/", "a@b:", "h"},
  };
  for (const Row& row : rows) {
    const Url url = Url::parse(row.text);
    EXPECT_EQ(url.credentials, row.credentials) << row.text;
    EXPECT_EQ(url.host_field, row.host_field) << row.text;
  }
}

TEST(Url, may_name_a_socket_on_this_machine) {
  struct Row {
    const char* text;
    const char* path;
    const char* target;
    const char* host = "";
  };
  const Row rows[] = {
      {"ws+unix:/run/ws101.sock:/ws", "/run/ws101.sock", "/ws"},
      {"ws+unix:/run/ws101.sock", "/run/ws101.sock", "/"},
      {"ws+unix:///run/ws101.sock:/ws?a=b:/c", "///run/ws101.sock", "/ws?a=b:/c"},
      {"ws+unix:/run/a:b.sock:/", "/run/a:b.sock", "/"},
      {"wss+unix:/run/ws101.sock:/ws", "/run/ws101.sock", "/ws", "localhost"},
  };
  for (const Row& row : rows) {
    const Url url = Url::parse(row.text);
    EXPECT_EQ(url.unix_path, row.path) << row.text;
    EXPECT_EQ(url.target, row.target) << row.text;
    EXPECT_EQ(url.host_field, "localhost") << row.text;
    EXPECT_EQ(url.host, row.host) << row.text;
    EXPECT_EQ(url.secure, !url.host.empty()) << row.text;
  }
  EXPECT_EQ(Url::parse("ws://h/").unix_path, "");
}

struct Bad {
  const char* text;
  const char* why;
};

constexpr Bad kBad[] = {
    {"", "no scheme"},
    {"example.com", "no scheme"},
    {"localhost:8080/ws", "no scheme"},
    {"//example.com/", "no scheme"},
    {"ws:/example.com/", "no scheme"},
    {"://h/", "scheme is ''"},
    {"http://example.com/", "scheme is 'http'"},
    {"https://example.com/", "scheme is 'https'"},
    {"wsx://example.com/", "scheme is 'wsx'"},
    {" ws://example.com/", "scheme is ' ws'"},
    // RFC 6455 3: "Fragment identifiers are meaningless ... and MUST NOT be used".
    {"ws://example.com/#top", "fragment"},
    {"ws://example.com#", "fragment"},
    {"ws://example.com/a b", "space"},
    {"ws://example.com/\r\nX: y", "space"},
    {"ws://example.com/\t", "space"},
    {"ws://example.com/caf\xC3\xA9", "percent-encoded"},
    {"ws://exam ple.com/", "space"},
    {"ws://", "no host"},
    {"ws:///path", "no host"},
    {"ws://:80/", "no host"},
    {"ws://?q", "no host"},
    {"ws://[]/", "no host"},
    {"ws://@example.com/", "user is not empty"},
    {"ws://:secret@example.com/", "user is not empty"},
    {"ws://a%3Ab:secret@example.com/", "no colon"},
    {"ws://a%:secret@example.com/", "hexadecimal"},
    {"ws://a:secret%4@example.com/", "hexadecimal"},
    {"ws://a:secret%zz@example.com/", "hexadecimal"},
    {"ws://a:secret%-1@example.com/", "hexadecimal"},
    {"ws://a:secret/@example.com/", "port"},
    {"ws://a:secret@", "no host"},
    {"ws://a:secret@:80/", "no host"},
    {"ws+unix:", "does not begin with /"},
    {"ws+unix:relative.sock:/ws", "does not begin with /"},
    {"wss+unix:relative.sock:/ws", "does not begin with /"},
    {"ws+unix:/s.sock:/a b", "space"},
    {"ws+unix:/s.sock:/#a", "fragment"},
    {"ws://h:/", "port"},
    {"ws://h:0/", "port"},
    {"ws://h:65536/", "port"},
    {"ws://h:99999999999999999999/", "port"},
    {"ws://h:-1/", "port"},
    {"ws://h:+1/", "port"},
    {"ws://h:8o/", "port"},
    {"ws://h:http/", "port"},
    {"ws://::1/", "brackets"},
    {"ws://::1:80/", "brackets"},
    {"ws://[::1/", "brackets"},
    {"ws://::1]/", "brackets"},
    {"ws://[::1]x/", "brackets"},
    {"ws://[::1]:x/", "port"},
    {"ws://[example.com]/", "brackets"},
    {"ws://[fe80::1%25eth0]/", "brackets"},
    // What other parsers take for the end of a host, or for a part of one.
    {"ws://good.example\\.evil.example/", "character that no name has"},
    {"ws://h\"/", "character that no name has"},
    {"ws://h,other/", "character that no name has"},
    {"ws://exa%6dple.com/", "character that no name has"},
    {"ws://*/", "character that no name has"},
};

TEST(Url, that_could_lead_elsewhere_is_refused_with_a_reason) {
  for (const Bad& bad : kBad) {
    try {
      const Url url = Url::parse(bad.text);
      ADD_FAILURE() << bad.text << " was taken: host " << url.host;
    } catch (const std::invalid_argument& error) {
      const std::string_view words = error.what();
      EXPECT_NE(words.find(bad.why), std::string_view::npos) << bad.text << ": " << words;
      EXPECT_NE(words.find("ws://host:port/path"), std::string_view::npos) << "the remedy: " << words;
      EXPECT_EQ(words.find("secret"), std::string_view::npos) << "a password goes into no log: " << words;
    }
  }
}

}  // namespace
}  // namespace ws
