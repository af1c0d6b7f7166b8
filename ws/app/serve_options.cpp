// The flags, with CLI11. Each is one line of the help text; a bad value is one line of error that names the flag.
#include "ws/app/serve_options.hpp"

#include "reactor/address.hpp"
#include "ws/app/flags.hpp"
#include "ws/origin.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::app {

namespace {

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
                 "one. Repeatable (default: localhost:8080, if --tls-listen names none either)")
      ->type_name("ADDR")
      ->allow_extra_args(false)
      ->check(check_address);
  app.add_option("--tls-listen", options.tls_listen, "The same for https:// and wss://. Repeatable")
      ->type_name("ADDR")
      ->allow_extra_args(false)
      ->check(check_address);
  app.add_option("--allow-origin", options.allow_origins,
                 "Pages of this origin may connect, besides our own; * for any. Repeatable")
      ->type_name("ORIGIN")
      ->allow_extra_args(false)
      ->check(check_origin);
}

void add_tls(CLI::App& app, ServeOptions& options) {
  const auto add_file = [&app](const char* name, std::string& file, const char* help) {
    app.add_option(name, file, help)->type_name("FILE");
  };
  add_file("--tls-cert", options.tls.certificate,
           "Our certificate, and behind it those that lead to one that clients know (PEM). SIGHUP reads it anew");
  add_file("--tls-key", options.tls.key, "Its key (PEM, without a passphrase)");
  add_file("--tls-client-ca", options.tls.client_ca,
           "Only clients whose certificate one of these authorities has signed may come in");
  add_choice<reactor::TlsVersion>(app, "--tls-min", options.tls.lowest, "VERSION",
                                  {{"1.2", reactor::TlsVersion::k12}, {"1.3", reactor::TlsVersion::k13}},
                                  "The oldest version of TLS that is spoken");
}

// What no flag can say of itself.
void check_tls(const ServeOptions& options) {
  const bool files = !options.tls.certificate.empty() && !options.tls.key.empty();
  if (!options.tls_listen.empty() && !files) {
    throw CLI::ValidationError("--tls-listen",
                               "needs --tls-cert and --tls-key; `make cert` makes a pair for trying out");
  }
  const bool any = !options.tls.certificate.empty() || !options.tls.key.empty() || !options.tls.client_ca.empty();
  if (options.tls_listen.empty() && any) {
    throw CLI::ValidationError("--tls-cert, --tls-key and --tls-client-ca", "do nothing without --tls-listen");
  }
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
  add_size(
      app, "--max-queue", options.hub.max_queue,
      "Bytes that may wait for a reader of /broadcast or /chat behind the message being sent; past it close 1013, in "
      "/chat he misses messages",
      1, kGiB);
  add_count<std::size_t>(app, "--max-connections", options.http.max_connections,
                         "Most connections; past it 503. 0: as many as descriptors allow", 0);
  add_count<std::size_t>(app, "--max-connections-per-ip", options.http.max_connections_per_ip,
                         "Most connections of one address (IPv6: one /64); past it 429. 0: no limit", 0);
}

void add_chat(CLI::App& app, ServeOptions& options) {
  constexpr std::uint64_t kLargestChatMessage = 16U << 20;  // to read one takes many times its memory
  add_count<std::uint32_t>(app, "--max-chat-messages-per-second", options.chat.max_messages_per_second,
                           "Most messages of one connection of /chat in a second; past it the error too_fast. 0: no "
                           "limit",
                           0);
  add_size(app, "--max-chat-message", options.chat.max_message, "Largest message in /chat; past it the error too_large",
           1, kLargestChatMessage);
  add_count<std::size_t>(app, "--max-chat-rooms", options.chat.max_rooms,
                         "Most rooms that one connection of /chat is in; past it the error too_large", 1);
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
  CommandLine app("serve",
                  "Serves WebSockets: /ws, /echo, /broadcast, /chat, /healthz and a page at /.\n"
                  "Durations: 500ms, 5s, 2m, 1h; 0 or off turns a timer off. Sizes: 512, 64KiB, 16MiB.");
  add_addresses(app, options);
  add_tls(app, options);
  app.final_callback([&options] { check_tls(options); });
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
  add_compression(app, options.compression);
  add_bounds(app, options);
  add_chat(app, options);
  add_times(app, options);
  app.set_config("--config", "", "Read options from FILE: lines like period = \"1s\"")->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  parsed.exit_status = parse_flags(app, count, arguments);
  return parsed;
}

}  // namespace ws::app
