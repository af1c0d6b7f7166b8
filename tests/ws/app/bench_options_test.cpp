// What `ws101 bench` makes of its flags: the defaults, every flag in its place, and one line for wrong use.
#include "ws/app/bench_options.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ws::app {
namespace {

using reactor::Milliseconds;

ParsedBench parse(const std::vector<std::string>& flags) {
  std::vector<const char*> arguments = {"bench"};
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  return parse_bench_options(static_cast<int>(arguments.size()), arguments.data());
}

BenchOptions options_of(std::vector<std::string> flags) {
  flags.emplace_back("ws://localhost:8080/echo");
  const ParsedBench parsed = parse(flags);
  EXPECT_EQ(parsed.exit_status, -1);
  return parsed.options;
}

std::string refusal_of(const std::vector<std::string>& flags) {
  testing::internal::CaptureStderr();
  const ParsedBench parsed = parse(flags);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(parsed.exit_status, 2) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  return said;
}

TEST(BenchOptions, have_defaults_that_measure_an_echo) {
  const BenchOptions options = options_of({});
  EXPECT_EQ(options.url.host, "localhost");
  EXPECT_EQ(options.url.port, 8080);
  EXPECT_EQ(options.url.target, "/echo");
  EXPECT_EQ(options.mode, BenchMode::kEcho);
  EXPECT_EQ(options.connections, 100U);
  EXPECT_EQ(options.size, 20U);
  EXPECT_EQ(options.depth, 1U);
  EXPECT_EQ(options.rate, 0U);
  EXPECT_EQ(options.seconds, Milliseconds(10'000));
  EXPECT_EQ(options.warmup, Milliseconds(1000));
  EXPECT_EQ(options.pid, 0);
  EXPECT_FALSE(options.text || options.verify || options.json);
}

TEST(BenchOptions, put_every_flag_in_its_place) {
  const std::string pid = std::to_string(::getpid());
  const BenchOptions options =
      options_of({"--mode", "broadcast", "--connections", "5", "--size", "1KiB", "--depth", "7", "--rate", "300/s",
                  "--seconds", "500ms", "--warmup", "0", "--text", "--verify", "--json", "--pid", pid});
  EXPECT_EQ(options.mode, BenchMode::kBroadcast);
  EXPECT_EQ(options.connections, 5U);
  EXPECT_EQ(options.size, 1024U);
  EXPECT_EQ(options.depth, 7U);
  EXPECT_EQ(options.rate, 300U);
  EXPECT_EQ(options.seconds, Milliseconds(500));
  EXPECT_EQ(options.warmup, Milliseconds(0));
  EXPECT_EQ(options.pid, ::getpid());
  EXPECT_TRUE(options.text && options.verify && options.json);
}

TEST(BenchOptions, take_a_plain_number_of_seconds) {
  EXPECT_EQ(options_of({"--seconds", "3"}).seconds, Milliseconds(3000));
  EXPECT_EQ(options_of({"--seconds", "2m"}).seconds, Milliseconds(120'000));
  EXPECT_EQ(options_of({"--warmup", "2"}).warmup, Milliseconds(2000));
}

TEST(BenchOptions, with_a_rate_hold_nothing_back_unless_told) {
  EXPECT_EQ(options_of({"--rate", "5000"}).depth, kUnlimitedDepth);
  EXPECT_EQ(options_of({"--rate", "5000", "--depth", "1"}).depth, 1U);
}

TEST(BenchOptions, know_tls_and_compression) {
  const ParsedBench parsed =
      parse({"wss://localhost", "--ca", "a.pem", "--cert", "b.pem", "--key", "b.key", "--insecure", "--compress",
             "dedicated", "--compress-window", "10", "--compress-min", "0"});
  EXPECT_EQ(parsed.exit_status, -1);
  const reactor::TlsClientOptions& tls = parsed.options.tls;
  EXPECT_EQ(tls.ca, "a.pem");
  EXPECT_EQ(tls.certificate, "b.pem");
  EXPECT_EQ(tls.key, "b.key");
  EXPECT_TRUE(tls.insecure && parsed.options.url.secure);
  EXPECT_EQ(parsed.options.compression.mode, protocol::Compression::Mode::kDedicated);
  EXPECT_EQ(parsed.options.compression.window_bits, 10);
  EXPECT_EQ(parsed.options.compression.min_size, 0U);
  EXPECT_EQ(options_of({}).compression.mode, protocol::Compression::Mode::kOff);
}

TEST(BenchOptions, refuse_in_one_line_that_names_the_flag) {
  const std::string url = "ws://localhost:8080/";
  const struct {
    std::vector<std::string> flags;
    std::string said;
  } rows[] = {
      {{}, "URL"},
      {{"localhost:8080"}, "it has no scheme"},
      {{"http://localhost:8080"}, "not ws or wss"},
      {{"ws+unix:/run/ws101.sock:/echo"}, "has a host and a port"},
      {{"ws://me:secret@localhost/"}, "URL: a name and a password are not sent"},
      {{url, "--ca", "x"}, "are for wss://"},
      {{"wss://localhost", "--cert", "x"}, "--cert and --key go together"},
      {{"wss://localhost", "--raw"}, "--raw: is for a server that speaks no TLS"},
      {{url, "--raw", "--compress", "shared"}, "--raw: is for a server that knows no --compress"},
      {{url, "--compress", "much"}, "'much' is not off, shared or dedicated"},
      {{url, url}, "ws://localhost"},
      {{url, "--connections", "0"}, "--connections"},
      {{url, "--connections", "many"}, "'many' is no number"},
      {{url, "--size", "1GiB"}, "--size"},
      {{url, "--depth", "0"}, "--depth"},
      {{url, "--depth", "100000"}, "--depth: is at most 65536"},
      {{url, "--depth", "10000", "--connections", "3000"}, "--depth: times --connections is at most 20000000"},
      {{url, "--connections", "2000000000"}, "--connections: is at most"},
      {{url, "--rate", "0"}, "'0' is no rate"},
      {{url, "--raw", "--verify"}, "--raw: counts bytes"},
      {{url, "--rate", "10/m"}, "'10/m' is no rate"},
      {{url, "--seconds", "0"}, "--seconds"},
      {{url, "--seconds", "soon"}, "'soon' is no duration"},
      {{url, "--seconds", "99999999999999999999"}, "--seconds"},
      {{url, "--mode", "fast"}, "'fast' is not echo, broadcast, idle or handshake"},
      {{url, "--pid", "0"}, "there is no process '0'"},
      {{url, "--pid", "me"}, "there is no process 'me'"},
      {{url, "--mode", "idle", "--rate", "5"}, "--rate: means nothing in --mode idle"},
      {{url, "--mode", "idle", "--verify"}, "--verify: means nothing in --mode idle"},
      {{url, "--mode", "handshake", "--connections", "5"}, "--connections: means nothing in --mode handshake"},
      {{url, "--mode", "handshake", "--size", "5"}, "--size: means nothing in --mode handshake"},
  };
  for (const auto& row : rows) {
    EXPECT_NE(refusal_of(row.flags).find(row.said), std::string::npos) << row.said << " in " << refusal_of(row.flags);
  }
}

TEST(BenchOptions, show_help_with_every_flag) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(parse({"--help"}).exit_status, 0);
  const std::string help = testing::internal::GetCapturedStdout();
  for (const char* flag :
       {"URL", "--mode", "--connections", "--size", "--depth", "--rate", "--seconds", "--warmup", "--text", "--verify",
        "--pid", "--json", "--ca", "--insecure", "--cert", "--key", "--compress"}) {
    EXPECT_NE(help.find(flag), std::string::npos) << flag;
  }
}

}  // namespace
}  // namespace ws::app
