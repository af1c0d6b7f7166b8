// What `ws101 serve` makes of its flags: the defaults, every flag in its place, and one line for wrong use.
#include "ws/app/serve_options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ws::app {
namespace {

using reactor::LogLevel;
using reactor::Milliseconds;

ParsedServe parse(const std::vector<std::string>& flags) {
  std::vector<const char*> arguments = {"serve"};
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  return parse_serve_options(static_cast<int>(arguments.size()), arguments.data());
}

ServeOptions options_of(const std::vector<std::string>& flags) {
  const ParsedServe parsed = parse(flags);
  EXPECT_EQ(parsed.exit_status, -1);
  return parsed.options;
}

// What it says on standard error when it is used wrongly.
std::string refusal_of(const std::vector<std::string>& flags) {
  testing::internal::CaptureStderr();
  const ParsedServe parsed = parse(flags);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(parsed.exit_status, 2) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  return said;
}

TEST(ServeOptions, have_the_defaults_of_the_design) {
  const ServeOptions options = options_of({});
  EXPECT_TRUE(options.listen.empty());
  EXPECT_TRUE(options.allow_origins.empty());
  EXPECT_EQ(options.period, Milliseconds(5000));
  EXPECT_EQ(options.drain_timeout, Milliseconds(10'000));
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
  EXPECT_EQ(options.log_format, LogFormat::kText);
  EXPECT_FALSE(options.trace);
  EXPECT_EQ(options.http.max_head, 16U << 10);
  EXPECT_EQ(options.http.max_headers, 100U);
  EXPECT_EQ(options.http.max_body, 1U << 20);
  EXPECT_EQ(options.http.handshake_timeout, Milliseconds(10'000));
  EXPECT_EQ(options.http.keep_alive, Milliseconds(60'000));
  EXPECT_EQ(options.http.max_connections, 0U);
  EXPECT_EQ(options.http.max_connections_per_ip, 0U);
  EXPECT_EQ(options.limits.max_message, 16U << 20);
  EXPECT_EQ(options.limits.max_fragments, 131072U);
  EXPECT_EQ(options.limits.high_water, 64U << 10);
  EXPECT_EQ(options.limits.message_timeout, Milliseconds(60'000));
  EXPECT_EQ(options.limits.ping_interval, Milliseconds(25'000));
  EXPECT_EQ(options.limits.pong_timeout, Milliseconds(10'000));
  EXPECT_EQ(options.limits.close_timeout, Milliseconds(5000));
  EXPECT_EQ(options.chat.max_messages_per_second, 50U);
  EXPECT_EQ(options.chat.max_message, 64U << 10);
  EXPECT_EQ(options.chat.max_rooms, 100U);
}

TEST(ServeOptions, each_duration_is_set_by_its_own_flag) {
  struct Row {
    std::string flag;
    Milliseconds (*read)(const ServeOptions&);
  };
  for (const auto& [flag, read] : {
           Row{"--period", [](const ServeOptions& options) { return options.period; }},
           Row{"--handshake-timeout", [](const ServeOptions& options) { return options.http.handshake_timeout; }},
           Row{"--keep-alive", [](const ServeOptions& options) { return options.http.keep_alive; }},
           Row{"--message-timeout", [](const ServeOptions& options) { return options.limits.message_timeout; }},
           Row{"--ping-interval", [](const ServeOptions& options) { return options.limits.ping_interval; }},
           Row{"--pong-timeout", [](const ServeOptions& options) { return options.limits.pong_timeout; }},
           Row{"--close-timeout", [](const ServeOptions& options) { return options.limits.close_timeout; }},
           Row{"--drain-timeout", [](const ServeOptions& options) { return options.drain_timeout; }},
       }) {
    EXPECT_EQ(read(options_of({flag, "1234ms"})), Milliseconds(1234)) << flag;
    EXPECT_NE(refusal_of({flag, "1234"}).find(flag + ": '1234' is no duration"), std::string::npos);
    if (flag != "--period") {
      EXPECT_EQ(read(options_of({flag, "off"})), Milliseconds(0)) << flag;
    }
  }
}

TEST(ServeOptions, each_size_and_count_is_set_by_its_own_flag) {
  struct Row {
    std::string flag;
    std::string text;
    std::uint64_t wanted;
    std::uint64_t (*read)(const ServeOptions&);
  };
  for (const auto& [flag, text, wanted, read] : {
           Row{"--max-head", "4KiB", 4096, [](const auto& options) -> std::uint64_t { return options.http.max_head; }},
           Row{"--max-headers", "7", 7, [](const auto& options) -> std::uint64_t { return options.http.max_headers; }},
           Row{"--max-body", "0", 0, [](const auto& options) -> std::uint64_t { return options.http.max_body; }},
           Row{"--max-message", "1GiB", 1U << 30,
               [](const auto& options) -> std::uint64_t { return options.limits.max_message; }},
           Row{"--max-fragments", "5", 5,
               [](const auto& options) -> std::uint64_t { return options.limits.max_fragments; }},
           Row{"--high-water", "1MiB", 1U << 20,
               [](const auto& options) -> std::uint64_t { return options.limits.high_water; }},
           Row{"--max-queue", "2MiB", 2U << 20,
               [](const auto& options) -> std::uint64_t { return options.hub.max_queue; }},
           Row{"--max-connections", "9", 9,
               [](const auto& options) -> std::uint64_t { return options.http.max_connections; }},
           Row{"--max-connections-per-ip", "3", 3,
               [](const auto& options) -> std::uint64_t { return options.http.max_connections_per_ip; }},
           Row{"--max-chat-messages-per-second", "0", 0,
               [](const auto& options) -> std::uint64_t { return options.chat.max_messages_per_second; }},
           Row{"--max-chat-message", "1KiB", 1024,
               [](const auto& options) -> std::uint64_t { return options.chat.max_message; }},
           Row{"--max-chat-rooms", "2", 2, [](const auto& options) -> std::uint64_t { return options.chat.max_rooms; }},
       }) {
    EXPECT_EQ(read(options_of({flag, text})), wanted) << flag;
    EXPECT_NE(refusal_of({flag, "much"}).find(flag), std::string::npos);
  }
}

TEST(ServeOptions, compression_and_tls_are_chosen_by_their_flags) {
  using Mode = protocol::Compression::Mode;
  EXPECT_EQ(options_of({}).compression.mode, Mode::kOff);
  const ServeOptions options = options_of({"--compress", "dedicated", "--compress-min", "1KiB", "--compress-window",
                                           "12", "--tls-listen", ":8443", "--tls-cert", "c.pem", "--tls-key", "k.pem",
                                           "--tls-min", "1.3", "--tls-client-ca", "a.pem"});
  EXPECT_EQ(options.compression.mode, Mode::kDedicated);
  EXPECT_EQ(options.compression.min_size, 1024U);
  EXPECT_EQ(options.compression.window_bits, 12);
  EXPECT_EQ(options.tls_listen, std::vector<std::string>{":8443"});
  EXPECT_EQ(options.tls.certificate, "c.pem");
  EXPECT_EQ(options.tls.key, "k.pem");
  EXPECT_EQ(options.tls.client_ca, "a.pem");
  EXPECT_EQ(options.tls.lowest, reactor::TlsVersion::k13);
  EXPECT_NE(refusal_of({"--tls-listen", ":0"}).find("--tls-cert"), std::string::npos);
  EXPECT_NE(refusal_of({"--tls-key", "k.pem"}).find("--tls-listen"), std::string::npos);
  EXPECT_NE(refusal_of({"--compress-window", "8"}).find("'8' is no number from 9 to 15"), std::string::npos);
}

TEST(ServeOptions, the_words_of_a_choice_are_these_alone) {
  EXPECT_EQ(options_of({"--log-level", "error"}).log_level, LogLevel::kError);
  EXPECT_EQ(options_of({"--log-level", "warn"}).log_level, LogLevel::kWarning);
  EXPECT_EQ(options_of({"--log-level", "info"}).log_level, LogLevel::kInfo);
  EXPECT_EQ(options_of({"--log-level", "debug"}).log_level, LogLevel::kDebug);
  EXPECT_EQ(options_of({"--log-format", "text"}).log_format, LogFormat::kText);
  EXPECT_EQ(options_of({"--log-format", "json"}).log_format, LogFormat::kJson);
  for (const char* word : {"loud", "0", "7", "INFO", " info"}) {
    EXPECT_NE(refusal_of({"--log-level=" + std::string(word)}).find("is not error, warn, info or debug"),
              std::string::npos);
  }
  EXPECT_NE(refusal_of({"--log-format", "xml"}).find("'xml' is not text or json"), std::string::npos);
}

TEST(ServeOptions, repeatable_flags_gather_and_the_others_may_not_be_repeated) {
  const ServeOptions options =
      options_of({"--listen", ":1", "--allow-origin", "*", "--listen", "unix:/a,b", "--trace"});
  EXPECT_EQ(options.listen, (std::vector<std::string>{":1", "unix:/a,b"}));
  EXPECT_EQ(options.allow_origins, std::vector<std::string>{"*"});
  EXPECT_TRUE(options.trace);
  EXPECT_NE(refusal_of({"--period", "1s", "--period", "2s"}).find("--period"), std::string::npos);
}

TEST(ServeOptions, a_period_message_is_any_text) {
  for (const char* text : {"two words", "a,b", "[x]", "\"quoted\"", "κόσμε", "-5"}) {
    EXPECT_EQ(options_of({"--period-message=" + std::string(text)}).period_message, text);
  }
  EXPECT_EQ(options_of({"--period-message", ""}).period_message, "");
}

TEST(ServeOptions, bounds_that_would_serve_nothing_are_refused) {
  for (const char* flag : {"--period=9ms", "--period=61m", "--period=0", "--max-head=255", "--max-headers=0",
                           "--max-message=0", "--max-fragments=0", "--high-water=0", "--max-queue=0",
                           "--max-chat-message=0", "--max-chat-rooms=0", "--max-message=2GiB", "--drain-timeout=25h"}) {
    const std::string name = std::string(flag).substr(0, std::string(flag).find('='));
    EXPECT_NE(refusal_of({flag}).find(name + ": "), std::string::npos);
  }
}

TEST(ServeOptions, help_is_said_on_standard_output_and_is_status_0) {
  testing::internal::CaptureStdout();
  const ParsedServe parsed = parse({"--help"});
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_EQ(parsed.exit_status, 0);
  EXPECT_NE(said.find("--max-connections-per-ip"), std::string::npos);
}

}  // namespace
}  // namespace ws::app
