// Reads the choice once, and makes the certificates when they are first needed.
#include "tests/conformance/chosen_wire.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "tests/conformance/wire.hpp"
#include "tests/reactor/tls_files.hpp"

namespace conformance {

namespace {

using Mode = ws::protocol::Compression::Mode;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

ChosenWire read_choice() {
  const char* value = std::getenv("WS101_WIRE");
  std::string_view words = value == nullptr ? "" : value;
  ChosenWire chosen;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find('-'));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (word == "tls") {
      chosen.tls = true;
    } else if (word == "shared" || word == "dedicated") {
      // As much as possible is compressed: most messages of the suite are small.
      chosen.compression = {.mode = word == "shared" ? Mode::kShared : Mode::kDedicated, .min_size = 0};
    } else {
      throw Broken("WS101_WIRE has the word " + std::string(word) + ", which means nothing");
    }
  }
  return chosen;
}

Context make_context(Side side) {
  Context context(SSL_CTX_new(side == Side::kClient ? TLS_client_method() : TLS_server_method()), SSL_CTX_free);
  const reactor::tests::TlsFiles& files = reactor::tests::tls_files();
  if (side == Side::kClient) {
    SSL_CTX_load_verify_file(context.get(), files.authority().c_str());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  } else {
    SSL_CTX_use_certificate_chain_file(context.get(), files.server().certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), files.server().key.c_str(), SSL_FILETYPE_PEM);
  }
  return context;
}

}  // namespace

const ChosenWire& chosen_wire() {
  static const ChosenWire chosen = read_choice();
  return chosen;
}

std::vector<std::string> tls_flags() {
  const reactor::tests::Pair& pair = reactor::tests::tls_files().server();
  return {"--tls-cert", pair.certificate, "--tls-key", pair.key};
}

std::vector<std::string> compression_flags(const ws::protocol::Compression& compression) {
  if (compression.mode == Mode::kOff) return {};
  return {"--compress",        compression.mode == Mode::kShared ? "shared" : "dedicated",
          "--compress-min",    std::to_string(compression.min_size),
          "--compress-window", std::to_string(compression.window_bits)};
}

reactor::TlsContext trusted() {
  static const reactor::TlsContext context =
      reactor::TlsContext::client({.ca = reactor::tests::tls_files().authority()});
  return context;
}

ssl_ctx_st* suite_context(Side side) {
  static const Context client = make_context(Side::kClient);
  static const Context server = make_context(Side::kServer);
  return side == Side::kClient ? client.get() : server.get();
}

}  // namespace conformance
