// The flags, with CLI11. A flag that means nothing in the chosen mode is wrong use: a figure must not look as if it
// had been measured in a way that it was not.
#include "ws/app/bench_options.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "ws/app/flags.hpp"

namespace ws::app {

namespace {

constexpr std::uint64_t kLargestMessage = std::uint64_t{64} << 20;
constexpr std::uint64_t kHighestRate = 100'000'000;
constexpr std::size_t kMostConnections = 1'000'000'000;
constexpr std::size_t kMostInFlight = 20'000'000;
constexpr reactor::Milliseconds kShortestRun{100};

const std::vector<Choice<BenchMode>>& modes() {
  static const std::vector<Choice<BenchMode>> all = {{"echo", BenchMode::kEcho},
                                                     {"broadcast", BenchMode::kBroadcast},
                                                     {"idle", BenchMode::kIdle},
                                                     {"handshake", BenchMode::kHandshake}};
  return all;
}

// A plain number is seconds here, because the flag is called so.
void add_seconds(CLI::App& app, const std::string& name, reactor::Milliseconds& value, const std::string& help,
                 reactor::Milliseconds shortest) {
  const auto read = [name, &value, shortest](const std::string& text) {
    const bool plain = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    const auto parsed = parse_duration(plain ? text + "s" : text);
    if (!parsed) throw CLI::ValidationError(name, "'" + text + "' is no duration; write 10, 10s, 500ms or 2m");
    if (*parsed < shortest || *parsed > kLongestDuration) {
      throw CLI::ValidationError(name, "'" + text + "' is not between " +
                                           (shortest.count() == 0 ? "0" : format_duration(shortest)) + " and " +
                                           format_duration(kLongestDuration));
    }
    value = *parsed;
  };
  app.add_option_function<std::string>(name, read, help)->type_name("D")->default_str(format_duration(value));
}

void add_rate(CLI::App& app, std::uint64_t& rate) {
  const auto read = [&rate](const std::string& text) {
    std::string_view digits = text;
    if (digits.ends_with("/s")) digits.remove_suffix(2);
    std::uint64_t parsed = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    if (error != std::errc() || end != digits.data() + digits.size() || parsed == 0 || parsed > kHighestRate) {
      throw CLI::ValidationError(
          "--rate", "'" + text + "' is no rate; write 5000 or 5000/s, up to " + std::to_string(kHighestRate));
    }
    rate = parsed;
  };
  app.add_option_function<std::string>(
         "--rate", read,
         "Send so many a second over all connections, whether answers come or not; latency is then counted from when "
         "a message was due, so that a server that stalls cannot hide it. Default: as fast as answers come")
      ->type_name("N/s");
}

void add_what(CLI::App& app, BenchOptions& options) {
  app.add_option_function<std::string>(
         "URL", [&options](const std::string& text) { options.url_text = text; },
         "The server: ws://host:port/path or wss://...")
      ->required()
      ->type_name("");
  add_choice<BenchMode>(app, "--mode", options.mode, "MODE", modes(), "What to measure");
  add_count<std::size_t>(app, "--connections", options.connections,
                         "Connections; in broadcast subscribers, and one more sends", 1);
  add_size(app, "--size", options.size, "Of a message", 0, kLargestMessage);
  add_count<std::size_t>(app, "--depth", options.depth,
                         "Messages in flight on each connection; in broadcast those of the sender, in handshake "
                         "connections at a time. With --rate the default is no limit",
                         1);
  add_rate(app, options.rate);
  add_seconds(app, "--seconds", options.seconds, "How long it is measured", kShortestRun);
  add_seconds(app, "--warmup", options.warmup, "The same before, and not measured", reactor::Milliseconds(0));
}

void add_how(CLI::App& app, BenchOptions& options) {
  app.add_flag("--text", options.text, "Text messages; without it binary ones");
  app.add_flag("--verify", options.verify,
               "Make each message different, and hold that each comes once, in order, and as it was sent. It costs "
               "more here, so measure without it");
  app.add_flag("--raw", options.raw,
               "The server speaks no WebSocket and sends back the very bytes that it gets: take frames that are masked "
               "(bench/peers/bare.cpp)");
  app.add_option_function<int>(
         "--pid", [&options](int pid) { options.pid = pid; },
         "Of the server, if it runs here: its CPU time and its memory are reported too")
      ->type_name("PID")
      ->check([](const std::string& text) -> std::string {
        const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
        std::error_code ignored;
        if (number && std::filesystem::exists("/proc/" + text + "/stat", ignored)) return "";
        return "there is no process '" + text + "' here";
      });
  app.add_flag("--json", options.json, "Report one JSON object instead of a table");
}

void check_mode(const CLI::App& app, const BenchOptions& options) {
  const auto refuse = [&](BenchMode mode, const std::vector<std::string>& flags) {
    if (options.mode != mode) return;
    for (const std::string& flag : flags) {
      if (app.count(flag) > 0)
        throw CLI::ValidationError(flag, "means nothing in --mode " + std::string(name_of(mode)));
    }
  };
  refuse(BenchMode::kIdle, {"--rate", "--depth", "--size", "--text", "--verify", "--warmup"});
  refuse(BenchMode::kHandshake, {"--rate", "--connections", "--size", "--text", "--verify"});
  if (options.raw && options.verify) throw CLI::ValidationError("--raw", "counts bytes, which --verify cannot judge");
  if (options.raw && options.compression.mode != protocol::Compression::Mode::kOff) {
    throw CLI::ValidationError("--raw", "is for a server that knows no --compress");
  }
  if (options.mode != BenchMode::kIdle && options.depth > kUnlimitedDepth) {
    throw CLI::ValidationError("--depth", "is at most " + std::to_string(kUnlimitedDepth));
  }
  if (options.connections > kMostConnections) {
    throw CLI::ValidationError("--connections", "is at most " + std::to_string(kMostConnections));
  }
  // A closed loop remembers when it sent each.
  if (options.mode == BenchMode::kEcho && options.depth > 1 && options.connections * options.depth > kMostInFlight) {
    throw CLI::ValidationError(
        "--depth", "times --connections is at most " + std::to_string(kMostInFlight) + " messages in flight");
  }
}

void check_url(BenchOptions& options) {
  try {
    options.url = Url::parse(options.url_text);
  } catch (const std::invalid_argument& error) {
    throw CLI::ValidationError("URL", error.what());
  }
  if (!options.url.unix_path.empty()) {
    throw CLI::ValidationError("URL", "names a socket of this machine; what is measured has a host and a port");
  }
  // The URL stands in the report, which others read.
  if (!options.url.credentials.empty()) throw CLI::ValidationError("URL", "a name and a password are not sent");
  if (options.url.secure && options.raw) throw CLI::ValidationError("--raw", "is for a server that speaks no TLS");
  const std::string wrong = wrong_client_tls(options.tls, options.url.secure);
  if (!wrong.empty()) throw CLI::ValidationError(wrong, CLI::ExitCodes::ValidationError);
}

}  // namespace

std::string_view name_of(BenchMode mode) {
  for (const Choice<BenchMode>& choice : modes()) {
    if (choice.value == mode) return choice.word;
  }
  return {};
}

ParsedBench parse_bench_options(int count, const char* const* arguments) {
  ParsedBench parsed;
  BenchOptions& options = parsed.options;
  CommandLine app(
      "bench",
      "Puts load on a WebSocket server, any one, and measures it. Modes: echo (round trips), broadcast (deliveries to\n"
      "many), idle (what open connections cost), handshake (connect, upgrade, close).\n"
      "With --compress messages are words, which become less than half, and each of ours is compressed by itself.\n"
      "More than 16,384 connections to 127.0.0.0/8 come from 127.0.0.1, .2 and so on: an address has not more ports.\n"
      "Exit status: 0, 1 (connections failed, or messages did), 2 (used wrongly).");
  add_what(app, options);
  add_how(app, options);
  add_client_tls(app, options.tls);
  add_compression(app, options.compression);
  app.final_callback([&] {
    check_mode(app, options);
    check_url(options);
    if (options.rate > 0 && app.count("--depth") == 0) options.depth = kUnlimitedDepth;
  });
  parsed.exit_status = parse_flags(app, count, arguments);
  return parsed;
}

}  // namespace ws::app
