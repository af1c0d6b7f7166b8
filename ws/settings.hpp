// The bounds of a connection and its time limits: one object for all connections of a route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reactor/loop.hpp"
#include "ws/protocol/decoder.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/frame_trace.hpp"

namespace ws {

class Connection;
struct Codec;

// Called with every frame, for who wants to watch: `received` by us, or else sent.
using Trace = std::function<void(const Connection&, bool received, const protocol::TracedFrame& frame)>;

// A time limit of zero is off.
struct Limits {
  std::uint64_t max_message = 16U << 20;           // bytes of one message; more is 1009
  std::uint32_t max_fragments = 131072;            // frames of one message; more is 1008
  std::size_t high_water = std::size_t{64} << 10;  // unsent bytes above which the peer is not read
  reactor::Milliseconds message_timeout{60000};    // from a message's first byte to its last
  reactor::Milliseconds ping_interval{25000};      // of silence, until a ping asks for life
  reactor::Milliseconds pong_timeout{10000};       // until a silent peer counts as dead
  reactor::Milliseconds close_timeout{5000};       // for the peer's answer to our Close frame
};

struct Settings {
  Limits limits;
  std::vector<std::string> subprotocols;  // that we speak (server) or offer (client), favourite first
  Trace trace;                            // set before the first connection
  // The peer is read whether it takes what we write or not, and heard until its own Close frame, also behind ours. For
  // who sends more than it hears, or both would wait for each other; it stops by itself at above_high_water().
  bool keep_reading = false;
  protocol::Compression compression = {};  // that we offer or accept
  // A dedicated compressor that was not used for so long is freed: it holds more than a hundred idle connections.
  reactor::Milliseconds compressor_idle{5000};
  std::shared_ptr<Codec> codec = nullptr;  // where compression is off it may be missing
  protocol::DecoderLimits decoder = {.max_message = limits.max_message, .max_fragments = limits.max_fragments};
};

// Gives `settings` what the connections of a loop share: `codec`, or a new one.
void prepare_codec(Settings& settings, std::shared_ptr<Codec> codec = {});

}  // namespace ws
