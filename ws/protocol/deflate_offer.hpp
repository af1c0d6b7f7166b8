// What two sides agree about permessage-deflate in the opening handshake (RFC 7692 5 and 7.1): the server picks one
// offer of the client's and answers it, the client writes offers and checks the answer. Functions on extensions as
// header_grammar.hpp parses them. A server that cannot keep an offer declines that offer and nothing else; a client
// fails the connection on an answer that it must not accept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ws/protocol/frame.hpp"
#include "ws/protocol/handshake.hpp"
#include "ws/protocol/header_grammar.hpp"

namespace ws::protocol {

// RFC 7692 7.1.2: the LZ77 window has 2^8 to 2^15 bytes. zlib cannot compress with 2^8, so we never promise that.
inline constexpr std::uint8_t kMinWindowBits = 9;
inline constexpr std::uint8_t kMaxWindowBits = 15;

struct Compression {
  enum class Mode : std::uint8_t {
    kOff,
    kShared,     // every message for itself, in both directions: an idle connection holds nothing for it
    kDedicated,  // context takeover: a message may refer to the ones before it, which each connection has to remember
  };
  Mode mode = Mode::kOff;
  // In dedicated mode, for both directions: what a connection remembers is at most 2^window_bits bytes each way.
  std::uint8_t window_bits = kMaxWindowBits;
  // Messages with fewer bytes are not worth it.
  std::size_t min_size = 64;
};

// What was agreed for the messages of one side.
struct DeflateDirection {
  std::uint8_t window_bits = kMaxWindowBits;
  bool context_takeover = true;
  // When that side is us: a message may end with a final block (RFC 7692 7.2.3.4). Only where the peer was told to keep
  // no context: some that keep one (python-websockets) deliver nothing but empty messages after a final block.
  bool final_blocks = false;

  bool operator==(const DeflateDirection&) const = default;
};

struct DeflateAgreement {
  DeflateDirection server;
  DeflateDirection client;

  // By our own role: what we send, and what we receive.
  const DeflateDirection& ours(Role role) const { return role == Role::kServer ? server : client; }
  const DeflateDirection& theirs(Role role) const { return role == Role::kServer ? client : server; }
  bool operator==(const DeflateAgreement&) const = default;
};

// ---- The server's side.

struct DeflateAccepted {
  DeflateAgreement agreed;
  std::string answer;  // value for Sec-WebSocket-Extensions
};

// The first of the client's offers that can be kept; nothing if there is none, and then the connection goes on without
// compression. Other extensions are passed over.
std::optional<DeflateAccepted> accept_deflate(std::span<const Extension> offers, const Compression& wanted);

// ---- The client's side.

// Value for Sec-WebSocket-Extensions, the favourite offer first; empty if compression is off.
std::string write_deflate_offer(const Compression& wanted);

struct DeflateAnswer {
  UpgradeError error = UpgradeError::kNone;  // else the connection must fail
  std::optional<DeflateAgreement> agreed = {};
};

// Judges the extensions of the server's answer to write_deflate_offer(wanted). None of them: no compression.
DeflateAnswer check_deflate_answer(std::span<const Extension> answered, const Compression& wanted);

}  // namespace ws::protocol
