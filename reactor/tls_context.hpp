// What many TLS connections share: the certificate and the key, whom we trust, and which versions and ciphers of TLS we
// speak (RFC 8446, RFC 5246; of the latter only what RFC 9325 recommends).
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace reactor {

enum class TlsVersion : std::uint8_t { k12, k13 };

struct TlsServerOptions {
  std::string certificate = {};  // file: ours, and behind it those that lead to one that clients know (PEM)
  std::string key = {};          // file: of the certificate (PEM, without a passphrase)
  std::string client_ca = {};    // file: only clients whose certificate one of these has signed may come in; empty: all
  TlsVersion lowest = TlsVersion::k12;
};

struct TlsClientOptions {
  std::string ca = {};           // file of those whom we trust instead of the system's
  std::string certificate = {};  // file: of ours, if the server asks for one
  std::string key = {};
  bool insecure = false;  // believe any certificate
};

// Copies are one and the same.
class TlsContext {
 public:
  // Both throw std::runtime_error with one line that names the file, the reason and the remedy.
  static TlsContext server(const TlsServerOptions& options);
  static TlsContext client(const TlsClientOptions& options);

  ssl_ctx_st* get() const { return context_.get(); }
  // Session tickets that `older` gave out are good here too: for a context that takes its place.
  void take_ticket_keys(const TlsContext& older);

 private:
  explicit TlsContext(ssl_ctx_st* context);
  void read_pair(const std::string& certificate, const std::string& key);

  std::shared_ptr<ssl_ctx_st> context_;
};

// Whether anybody but the file's owner and root may read this key.
bool others_can_read(const std::string& file);

// The oldest of OpenSSL's complaints in words for a person; forgets them all.
std::string take_tls_error();

}  // namespace reactor
