// What `ws101 bench` can be told: what to measure, with how much of it, for how long, and how to report it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "reactor/loop.hpp"
#include "reactor/tls_context.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/url.hpp"

namespace ws::app {

enum class BenchMode : std::uint8_t {
  kEcho,       // every message comes back to who sent it
  kBroadcast,  // one sends, and it comes to all
  kIdle,       // connections that say nothing
  kHandshake,  // connect, upgrade, close
};
std::string_view name_of(BenchMode mode);

struct BenchOptions {
  std::string url_text;
  Url url;
  BenchMode mode = BenchMode::kEcho;
  std::size_t connections = 100;  // in kBroadcast: subscribers, besides the one who sends
  std::size_t size = 20;          // of a message
  std::size_t depth = 1;          // messages in flight at most, on each connection; in kBroadcast, of the sender
  std::uint64_t rate = 0;         // messages a second over all connections; 0: as fast as answers come
  reactor::Milliseconds seconds{10'000};
  reactor::Milliseconds warmup{1000};
  bool text = false;
  bool verify = false;
  bool raw = false;  // the server is bare: it sends back the bytes that it gets
  bool json = false;
  protocol::Compression compression;
  reactor::TlsClientOptions tls;
  int pid = 0;  // of the server, to look at it from outside; 0: nobody
};

// With --rate and without --depth nothing holds a message back but this.
inline constexpr std::size_t kUnlimitedDepth = 65'536;

// What parsing came to: options to run with, or an exit status because all has been said.
struct ParsedBench {
  BenchOptions options;
  int exit_status = -1;  // 0 after --help, 2 for wrong use; -1: go on
};
ParsedBench parse_bench_options(int count, const char* const* arguments);

}  // namespace ws::app
