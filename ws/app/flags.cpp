// A duration is read in one place, and so is what all commands say of wrong use.
#include "ws/app/flags.hpp"

#include <iostream>

#include "ws/app/escape.hpp"

namespace ws::app {

void add_duration(CLI::App& app, const std::string& name, reactor::Milliseconds& value, const std::string& help,
                  reactor::Milliseconds shortest, reactor::Milliseconds longest) {
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

void add_compression(CLI::App& app, protocol::Compression& compression) {
  using Mode = protocol::Compression::Mode;
  add_choice<Mode>(app, "--compress", compression.mode, "MODE",
                   {{"off", Mode::kOff}, {"shared", Mode::kShared}, {"dedicated", Mode::kDedicated}},
                   "permessage-deflate, in shared mode without memory for idle connections");
  add_size(app, "--compress-min", compression.min_size, "Smaller messages are sent as they are", 0,
           std::uint64_t{1} << 30);
  const auto read = [&compression](const std::string& text) {
    compression.window_bits = read_count("--compress-window", text, protocol::kMinWindowBits, protocol::kMaxWindowBits);
  };
  app.add_option_function<std::string>("--compress-window", read,
                                       "Of a dedicated compressor, for each direction: 2 to the power of so many bytes")
      ->type_name("BITS")
      ->default_str(std::to_string(compression.window_bits));
}

void add_client_tls(CLI::App& app, reactor::TlsClientOptions& tls) {
  app.add_option("--ca", tls.ca, "Believe certificates of these authorities (PEM), instead of the system's")
      ->type_name("FILE");
  app.add_flag("--insecure", tls.insecure, "Believe any certificate of the server");
  app.add_option("--cert", tls.certificate, "Our certificate, for a server that asks for one (PEM)")->type_name("FILE");
  app.add_option("--key", tls.key, "Its key (PEM, without a passphrase)")->type_name("FILE");
}

std::string wrong_client_tls(const reactor::TlsClientOptions& tls, bool secure) {
  if (tls.certificate.empty() != tls.key.empty()) return "--cert and --key go together";
  const bool any = tls.insecure || !tls.ca.empty() || !tls.certificate.empty();
  return any && !secure ? "--ca, --insecure, --cert and --key are for wss://" : "";
}

int parse_flags(CLI::App& app, int count, const char* const* arguments) {
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp& help) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    return refuse_flags(app, error.what());
  }
  return -1;
}

int refuse_flags(const CLI::App& app, const std::string& wrong) {
  std::cerr << app.get_name() << ": " << printable(wrong) << " (see " << app.get_name() << " --help)\n";
  return 2;
}

}  // namespace ws::app
