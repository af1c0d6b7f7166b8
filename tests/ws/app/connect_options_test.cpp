// What `ws101 connect` makes of its flags: the defaults, every flag in its place, and one line for wrong use.
#include "ws/app/connect_options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ws::app {
namespace {

using reactor::Milliseconds;

constexpr const char* kUrl = "ws://localhost:8080/ws";

ParsedConnect parse(const std::vector<std::string>& flags) {
  std::vector<const char*> arguments = {"connect"};
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  return parse_connect_flags(static_cast<int>(arguments.size()), arguments.data());
}

ConnectFlags flags_of(std::vector<std::string> flags) {
  flags.emplace_back(kUrl);
  const ParsedConnect parsed = parse(flags);
  EXPECT_EQ(parsed.exit_status, -1);
  return parsed.flags;
}

TEST(ConnectFlags, have_their_defaults) {
  const ConnectFlags flags = flags_of({});
  EXPECT_EQ(flags.url, kUrl);
  EXPECT_TRUE(flags.messages.empty());
  EXPECT_EQ(flags.wait, Milliseconds(5000));
  EXPECT_EQ(flags.timeout, Milliseconds(0));
  EXPECT_EQ(flags.ping_interval, Milliseconds(25'000));
  EXPECT_FALSE(flags.count);
  EXPECT_FALSE(flags.reconnect || flags.binary_lines || flags.raw || flags.trace);
}

TEST(ConnectFlags, are_each_in_their_place) {
  const ConnectFlags flags = flags_of({"-H",
                                       "Cookie: a=b",
                                       "--header",
                                       "X-Empty:",
                                       "--origin",
                                       "http://o",
                                       "--subprotocol",
                                       "a",
                                       "--subprotocol",
                                       "b",
                                       "--user",
                                       "me:secret",
                                       "-x",
                                       "one",
                                       "-x",
                                       "",
                                       "--count",
                                       "7",
                                       "--wait",
                                       "1s",
                                       "--timeout",
                                       "2m",
                                       "--ping-interval",
                                       "off",
                                       "--reconnect",
                                       "--raw",
                                       "--trace"});
  const ConnectOptions options = library_options(flags);
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(options.headers, (Headers{{"Cookie", "a=b"}, {"X-Empty", ""}}));
  EXPECT_EQ(options.origin, "http://o");
  EXPECT_EQ(options.subprotocols, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.credentials, "me:secret");
  EXPECT_EQ(options.limits.close_timeout, Milliseconds(1000));
  EXPECT_EQ(options.limits.ping_interval, Milliseconds(0));
  EXPECT_TRUE(options.keep_reading);
  EXPECT_EQ(flags.messages, (std::vector<std::string>{"one", ""}));
  EXPECT_EQ(flags.count, 7U);
  EXPECT_EQ(flags.timeout, Milliseconds(120'000));
  EXPECT_TRUE(flags.reconnect && flags.raw && flags.trace);
}

TEST(ConnectFlags, a_user_without_a_password_has_an_empty_one) {
  EXPECT_EQ(flags_of({"--user", "me"}).user, "me:");
  EXPECT_EQ(flags_of({"--user", "me:a:b"}).user, "me:a:b");
}

TEST(ConnectFlags, that_are_wrong_are_one_line_that_names_them) {
  struct Row {
    std::vector<std::string> flags;
    const char* word;
  };
  const Row rows[] = {
      {{}, "URL"},
      {{"http://localhost/"}, "http"},
      {{"localhost:8080"}, "localhost:8080"},
      {{kUrl, kUrl}, kUrl},
      {{kUrl, "--nothing"}, "--nothing"},
      {{kUrl, "-H", "no colon"}, "'no colon' is no header field"},
      {{kUrl, "-H", ": x"}, "'Name: value'"},
      {{kUrl, "--user", ""}, "--user"},
      {{kUrl, "--user", ":secret"}, "--user"},
      {{kUrl, "--count", "0"}, "--count"},
      {{kUrl, "--count", "many"}, "'many'"},
      {{kUrl, "--wait", "5"}, "'5' is no duration"},
      {{kUrl, "--timeout", "1s", "--timeout", "1s"}, "--timeout"},
      {{kUrl, "-x", "\xFF"}, "not UTF-8"},
      {{kUrl, "-x", "zz", "--binary-lines"}, "hexadecimal"},
      {{"ws://me:secret@h:x/"}, "port"},
      {{kUrl, "--insecure"}, "--insecure"},
      {{"wss://localhost/", "--key", "k.pem"}, "--cert and --key go together"},
      {{kUrl, "--compress", "yes"}, "'yes' is not off, shared or dedicated"},
  };
  for (const Row& row : rows) {
    testing::internal::CaptureStderr();
    const ParsedConnect parsed = parse(row.flags);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(parsed.exit_status, 2) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_NE(said.find(row.word), std::string::npos) << said;
    EXPECT_TRUE(said.starts_with("ws101 connect: ")) << said;
    EXPECT_EQ(said.find("secret@"), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace ws::app
