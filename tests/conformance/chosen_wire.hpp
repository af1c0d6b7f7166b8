// Over what the conversations are held: plain TCP, or as WS101_WIRE in the environment says, as for the scripts: `tls`,
// `shared` or `dedicated` (compression), or `tls-shared`, `tls-dedicated`.
#pragma once

#include <openssl/types.h>

#include <string>
#include <vector>

#include "reactor/tls_context.hpp"
#include "tests/conformance/frames.hpp"
#include "ws/protocol/deflate_offer.hpp"

namespace conformance {

struct ChosenWire {
  bool tls = false;
  ws::protocol::Compression compression = {};

  bool compressed() const { return compression.mode != ws::protocol::Compression::Mode::kOff; }
};

const ChosenWire& chosen_wire();

// What it takes to serve so.
std::vector<std::string> tls_flags();
std::vector<std::string> compression_flags(const ws::protocol::Compression& compression);
// Whom our client trusts.
reactor::TlsContext trusted();
// Of the suite's own end of TLS, which is OpenSSL and nothing of ours.
ssl_ctx_st* suite_context(Side side);

}  // namespace conformance
