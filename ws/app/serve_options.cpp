// The flags, with CLI11. Each is one line of the help text; a bad value is one line of error that names the flag.
#include "ws/app/serve_options.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <iostream>

#include "reactor/address.hpp"
#include "ws/app/quantities.hpp"
#include "ws/origin.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::app {

namespace {

using reactor::Milliseconds;

void add_duration(CLI::App& app, const std::string& name, Milliseconds& value, const std::string& help,
                  Milliseconds shortest = Milliseconds(0), Milliseconds longest = Milliseconds(24 * kLongestPeriod)) {
  const auto read = [name, &value, shortest, longest](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) {
      const std::string forms = shortest.count() == 0 ? "500ms, 5s, 2m, 1h or off" : "500ms, 5s, 2m or 1h";
      throw CLI::ValidationError(name, "'" + text + "' is no duration; write " + forms);
    }
    if (*parsed < shortest || *parsed > longest) {
      throw CLI::ValidationError(
          name, "'" + text + "' is not between " + format_duration(shortest) + " and " + format_duration(longest));
    }
    value = *parsed;
  };
  app.add_option_function<std::string>(name, read, help)->type_name("D")->default_str(format_duration(value));
}

template <class Number>
void add_size(CLI::App& app, const std::string& name, Number& value, const std::string& help, std::uint64_t smallest,
              std::uint64_t largest) {
  const auto read = [name, &value, smallest, largest](const std::string& text) {
    const auto parsed = parse_size(text);
    if (!parsed) throw CLI::ValidationError(name, "'" + text + "' is no size; write 512, 64KiB or 16MiB");
    if (*parsed < smallest || *parsed > largest) {
      throw CLI::ValidationError(
          name, "'" + text + "' is not between " + format_size(smallest) + " and " + format_size(largest));
    }
    value = static_cast<Number>(*parsed);
  };
  app.add_option_function<std::string>(name, read, help)->type_name("SIZE")->default_str(format_size(value));
}

template <class Number>
void add_count(CLI::App& app, const std::string& name, Number& value, const std::string& help, Number smallest) {
  const auto read = [name, &value, smallest](const std::string& text) {
    Number parsed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc() || end != text.data() + text.size() || parsed < smallest) {
      throw CLI::ValidationError(name, "'" + text + "' is no number from " + std::to_string(smallest) + " up");
    }
    value = parsed;
  };
  app.add_option_function<std::string>(name, read, help)->type_name("N")->default_str(std::to_string(value));
}

// One of a few words, which stand in the help and in the error.
template <class Value>
struct Choice {
  std::string word;
  Value value{};
};

template <class Value>
void add_choice(CLI::App& app, const std::string& name, Value& value, const std::string& type,
                const std::vector<Choice<Value>>& choices, const std::string& help) {
  std::string words;
  std::string preset;
  for (const Choice<Value>& choice : choices) {
    words += (words.empty() ? "" : &choice == &choices.back() ? " or " : ", ") + choice.word;
    if (choice.value == value) preset = choice.word;
  }
  const auto read = [name, &value, choices, words](const std::string& text) {
    for (const Choice<Value>& choice : choices) {
      if (choice.word != text) continue;
      value = choice.value;
      return;
    }
    throw CLI::ValidationError(name, "'" + text + "' is not " + words);
  };
  app.add_option_function<std::string>(name, read, help + ": " + words)->type_name(type)->default_str(preset);
}

void add_log(CLI::App& app, ServeOptions& options) {
  using reactor::LogLevel;
  add_choice<LogLevel>(app, "--log-level", options.log_level, "LEVEL",
                       {{"error", LogLevel::kError},
                        {"warn", LogLevel::kWarning},
                        {"info", LogLevel::kInfo},
                        {"debug", LogLevel::kDebug}},
                       "The least grave that is logged");
  add_choice<LogFormat>(app, "--log-format", options.log_format, "FORMAT",
                        {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}, "How a line looks");
  app.add_flag("--trace", options.trace, "Show every frame on standard error, with its bytes");
}

void add_addresses(CLI::App& app, ServeOptions& options) {
  const auto check_address = [](const std::string& text) -> std::string {
    try {
      static_cast<void>(reactor::ListenAddress::parse(text));
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  const auto check_origin = [](const std::string& text) -> std::string {
    if (text == "*" || normalize_origin(text)) return "";
    return "'" + text + "' is no origin; write https://example.org, http://localhost:3000 or *";
  };
  app.add_option("--listen", options.listen,
                 "Where to listen: host:port, :port (every interface), [::1]:port, unix:/path or fd:3; port 0 picks "
                 "one. Repeatable (default: localhost:8080)")
      ->type_name("ADDR")
      ->allow_extra_args(false)
      ->check(check_address);
  app.add_option("--allow-origin", options.allow_origins,
                 "Pages of this origin may connect, besides our own; * for any. Repeatable")
      ->type_name("ORIGIN")
      ->allow_extra_args(false)
      ->check(check_origin);
}

void add_bounds(CLI::App& app, ServeOptions& options) {
  constexpr std::uint64_t kKiB = 1024;
  constexpr std::uint64_t kGiB = kKiB * kKiB * kKiB;
  add_size(app, "--max-head", options.http.max_head, "Largest request head; past it 431", 256, 16 * kKiB * kKiB);
  add_count<std::size_t>(app, "--max-headers", options.http.max_headers, "Most header fields; past it 431", 1);
  add_size(app, "--max-body", options.http.max_body, "Largest request body; past it 413", 0, kGiB);
  add_size(app, "--max-message", options.limits.max_message, "Largest message; past it close 1009", 1, kGiB);
  add_count<std::uint32_t>(app, "--max-fragments", options.limits.max_fragments,
                           "Most frames of one message; past it close 1008", 1);
  add_size(app, "--high-water", options.limits.high_water, "Unsent bytes above which a peer is not read", 1, kGiB);
  add_size(app, "--max-queue", options.hub.max_queue,
           "Bytes that may wait for a reader of /broadcast behind the message being sent; past it close 1013", 1, kGiB);
  add_count<std::size_t>(app, "--max-connections", options.http.max_connections,
                         "Most connections; past it 503. 0: as many as descriptors allow", 0);
  add_count<std::size_t>(app, "--max-connections-per-ip", options.http.max_connections_per_ip,
                         "Most connections of one address (IPv6: one /64); past it 429. 0: no limit", 0);
}

void add_times(CLI::App& app, ServeOptions& options) {
  add_duration(app, "--handshake-timeout", options.http.handshake_timeout,
               "To complete a handshake, in all; past it 408");
  add_duration(app, "--keep-alive", options.http.keep_alive, "An idle HTTP connection is closed after this");
  add_duration(app, "--message-timeout", options.limits.message_timeout,
               "From a message's first byte to its last; past it close 1008");
  add_duration(app, "--ping-interval", options.limits.ping_interval, "A silent peer is pinged after this");
  add_duration(app, "--pong-timeout", options.limits.pong_timeout, "A peer silent on a ping is dead after this");
  add_duration(app, "--close-timeout", options.limits.close_timeout, "For the peer's answer to our Close frame");
  add_duration(app, "--drain-timeout", options.drain_timeout, "For everybody to leave when the server stops");
}

}  // namespace

ParsedServe parse_serve_options(int count, const char* const* arguments) {
  ParsedServe parsed;
  ServeOptions& options = parsed.options;
  CLI::App app(
      "Serves WebSockets: /ws, /echo, /broadcast, /healthz and a page at /.\n"
      "Durations: 500ms, 5s, 2m, 1h; 0 or off turns a timer off. Sizes: 512, 64KiB, 16MiB.");
  app.name("ws101 serve");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  add_addresses(app, options);
  add_duration(app, "--period", options.period, "How often /ws sends the periodic message", kShortestPeriod,
               kLongestPeriod);
  app.add_option("--period-message", options.period_message, "Its text")
      ->type_name("TEXT")
      ->capture_default_str()
      ->check([](const std::string& text) -> std::string {
        const bool valid = protocol::is_valid_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        return valid ? "" : "the text is not UTF-8, as every text message must be";
      });
  add_log(app, options);
  add_bounds(app, options);
  add_times(app, options);
  app.set_config("--config", "", "Read options from FILE: lines like period = \"1s\"")->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp& help) {
    std::cout << app.help();
    parsed.exit_status = 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "ws101 serve: " << error.what() << " (see ws101 serve --help)\n";
    parsed.exit_status = 2;
  }
  return parsed;
}

}  // namespace ws::app
