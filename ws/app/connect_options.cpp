// The flags, with CLI11. What can be seen to be wrong is refused here, before anything is connected.
#include "ws/app/connect_options.hpp"

#include <stdexcept>

#include "ws/app/flags.hpp"
#include "ws/app/hex.hpp"
#include "ws/protocol/utf8.hpp"
#include "ws/url.hpp"

namespace ws::app {

namespace {

bool is_utf8(const std::string& text) {
  return protocol::is_valid_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string check_url(const std::string& text) {
  try {
    static_cast<void>(Url::parse(text));
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

void add_request(CLI::App& app, ConnectFlags& flags) {
  app.add_option("URL", flags.url, "ws://host:port/path, ws+unix:/path/of/socket:/path, or with wss for TLS")
      ->required()
      ->check(check_url);
  const auto take_header = [&flags](const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0) {
      throw CLI::ValidationError("-H", "'" + text + "' is no header field; write 'Name: value'");
    }
    const std::size_t from = std::min(text.find_first_not_of(" \t", colon + 1), text.size());
    flags.headers.emplace_back(text.substr(0, colon), text.substr(from));
  };
  app.add_option_function<std::vector<std::string>>(
         "-H,--header",
         [take_header](const auto& texts) {
           for (const std::string& text : texts) take_header(text);
         },
         "A field of the request, 'Name: value'. Repeatable")
      ->type_name("FIELD")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--origin", flags.origin, "The Origin field, as a browser would send it")->type_name("ORIGIN");
  app.add_option("--subprotocol", flags.subprotocols, "Offer this subprotocol, favourite first. Repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->take_all();
  const auto take_user = [&flags](const std::string& text) {
    if (text.empty() || text.front() == ':') throw CLI::ValidationError("--user", "it names nobody");
    flags.user = text.find(':') == std::string::npos ? text + ":" : text;
  };
  app.add_option_function<std::string>("--user", take_user, "Log in with Basic authorisation")
      ->type_name("NAME[:PASSWORD]");
}

void add_messages(CLI::App& app, ConnectFlags& flags) {
  app.add_option("-x", flags.messages,
                 "Send this instead of reading standard input, print as many messages as were sent, and end. "
                 "Repeatable")
      ->type_name("MESSAGE")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option_function<std::string>(
         "--count", [&flags](const std::string& text) { flags.count = read_count<std::uint64_t>("--count", text, 1); },
         "End after so many messages; the end of standard input does not end it then")
      ->type_name("N");
  app.add_flag("--binary-lines", flags.binary_lines, "Lines and -x are hexadecimal and are sent as binary messages");
  app.add_flag("--raw", flags.raw, "Write binary messages as they come, and not as lines of hexadecimal");
}

std::string wrong_message(const ConnectFlags& flags) {
  for (const std::string& message : flags.messages) {
    if (flags.binary_lines && !parse_hex(message))
      return "-x: '" + message + "' is not hexadecimal, as --binary-lines wants it";
    if (!flags.binary_lines && !is_utf8(message)) return "-x: the message is not UTF-8; send bytes with --binary-lines";
  }
  return "";
}

}  // namespace

ConnectOptions library_options(const ConnectFlags& flags) {
  ConnectOptions options;
  options.subprotocols = flags.subprotocols;
  options.origin = flags.origin;
  options.headers = flags.headers;
  options.credentials = flags.user;
  options.limits.max_message = std::uint64_t{1} << 30;  // the server is one that the user chose
  options.limits.ping_interval = flags.ping_interval;
  options.limits.close_timeout = flags.wait;
  options.keep_reading = true;
  options.compression = flags.compression;
  if (Url::parse(flags.url).secure) options.tls = reactor::TlsContext::client(flags.tls);
  return options;
}

ParsedConnect parse_connect_flags(int count, const char* const* arguments) {
  ParsedConnect parsed;
  ConnectFlags& flags = parsed.flags;
  CommandLine app(
      "connect",
      "Connects to a WebSocket server. At a terminal it is a prompt: type a line to send it, /help for more.\n"
      "In a pipe each line of standard input is a message, and each message received is a line of standard output;\n"
      "at the end of the input it says goodbye and prints what still comes. A line ends at its line feed alone.\n"
      "Exit status: 0 all went well, 1 it failed (also when the server closed with another code than 1000), 2 used\n"
      "wrongly. Durations: 500ms, 5s, 2m, 1h; 0 or off turns a timer off.");
  add_request(app, flags);
  add_client_tls(app, flags.tls);
  add_messages(app, flags);
  add_compression(app, flags.compression);
  add_duration(app, "--wait", flags.wait, "For the answers to -x, and for the server to close when we have");
  add_duration(app, "--timeout", flags.timeout, "For everything together; past it it has failed");
  add_duration(app, "--ping-interval", flags.ping_interval, "A silent server is pinged after this");
  app.add_flag("--reconnect", flags.reconnect, "Connect again when the connection is lost, and say so");
  app.add_flag("--trace", flags.trace, "Show every frame on standard error, with its bytes");
  parsed.exit_status = parse_flags(app, count, arguments);
  if (parsed.exit_status >= 0) return parsed;
  const bool secure = Url::parse(flags.url).secure;
  for (const std::string& wrong : {wrong_message(flags), wrong_client_tls(flags.tls, secure)}) {
    if (!wrong.empty() && parsed.exit_status < 0) parsed.exit_status = refuse_flags(app, wrong);
  }
  return parsed;
}

}  // namespace ws::app
