// OpenSSL's own defaults are good where nothing is said here. Each line that is here turns off something that a scanner
// would find, or that costs and is of no use to us.
#include "reactor/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace reactor {

namespace {

// TLS 1.2 only with a fresh key for each connection and with ciphers that authenticate what they encrypt (RFC
// 9325 4.2); TLS 1.3 has no others. The quickest comes first; but who prefers ChaCha20, because his machine has no AES
// in hardware, gets it.
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-"
    "POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384";

// Names with their lengths in front (RFC 7301 6), favourite first. A client of ours offers only the first.
constexpr std::string_view kAlpn = "\x08http/1.1\x08http/1.0";
constexpr std::size_t kFirstOfAlpn = 9;

const unsigned char* alpn() { return reinterpret_cast<const unsigned char*>(kAlpn.data()); }

// RFC 7301 3.2: who offers protocols, and none that we speak, is told so by an alert.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, alpn(), kAlpn.size(), offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

[[noreturn]] void refuse(const std::string& what) {
  const std::string why = take_tls_error();
  throw std::runtime_error(what + (why.empty() ? "" : ": " + why));
}

void check_readable(const std::string& kind, const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || ::access(file.c_str(), R_OK) != 0)
    throw std::runtime_error("cannot read the " + kind + " '" + file + "': " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw std::runtime_error("the " + kind + " '" + file + "' is a directory");
}

// A key with a passphrase would ask for it at the terminal, at start and at each reload.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

TlsContext::TlsContext(ssl_ctx_st* context) : context_(context, SSL_CTX_free) {
  if (context == nullptr) refuse("OpenSSL cannot begin");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(context, kCiphers) != 1 || SSL_CTX_set_ciphersuites(context, kSuites) != 1 ||
      SSL_CTX_set1_groups_list(context, kGroups) != 1)
    refuse("this OpenSSL lacks the ciphers");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_KTLS |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // RELEASE_BUFFERS: an idle connection holds no record. The tickets are the clients' to keep, so we cache no session.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // One recv for all records that are there, instead of two for each.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
}

void TlsContext::read_pair(const std::string& certificate, const std::string& key) {
  check_readable("certificate", certificate);
  check_readable("key", key);
  if (SSL_CTX_use_certificate_chain_file(get(), certificate.c_str()) != 1)
    refuse("the certificate '" + certificate + "' is no PEM file of certificates");
  if (SSL_CTX_use_PrivateKey_file(get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
      refuse("the key '" + key + "' does not belong to the certificate '" + certificate + "'");
    refuse("the key '" + key + "' is no PEM file of a key without a passphrase");
  }
  if (SSL_CTX_check_private_key(get()) != 1)
    refuse("the key '" + key + "' does not belong to the certificate '" + certificate + "'");
}

TlsContext TlsContext::server(const TlsServerOptions& options) {
  ERR_clear_error();
  TlsContext made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.get();
  if (options.lowest == TlsVersion::k13) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  made.read_pair(options.certificate, options.key);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  // One ticket is enough to come back once, and each use brings a new one.
  SSL_CTX_set_num_tickets(context, 1);
  constexpr std::array<unsigned char, 5> kName = {'w', 's', '1', '0', '1'};
  SSL_CTX_set_session_id_context(context, kName.data(), kName.size());
  if (options.client_ca.empty()) return made;
  check_readable("file of certificate authorities", options.client_ca);
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.client_ca.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(context, options.client_ca.c_str()) != 1)
    refuse("'" + options.client_ca + "' is no PEM file of certificate authorities");
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ERR_clear_error();  // the end of a PEM file is one
  return made;
}

TlsContext TlsContext::client(const TlsClientOptions& options) {
  ERR_clear_error();
  TlsContext made(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.get();
  SSL_CTX_set_alpn_protos(context, alpn(), kFirstOfAlpn);
  SSL_CTX_set_verify(context, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    check_readable("file of certificate authorities", options.ca);
    if (SSL_CTX_load_verify_file(context, options.ca.c_str()) != 1)
      refuse("'" + options.ca + "' is no PEM file of certificate authorities");
  }
  if (!options.certificate.empty()) made.read_pair(options.certificate, options.key);
  ERR_clear_error();
  return made;
}

void TlsContext::take_ticket_keys(const TlsContext& older) {
  std::array<unsigned char, 80> keys;
  const auto size = static_cast<long>(keys.size());
  if (SSL_CTX_ctrl(older.get(), SSL_CTRL_GET_TLSEXT_TICKET_KEYS, size, keys.data()) == 1)
    SSL_CTX_ctrl(get(), SSL_CTRL_SET_TLSEXT_TICKET_KEYS, size, keys.data());
  OPENSSL_cleanse(keys.data(), keys.size());
}

bool others_can_read(const std::string& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

std::string take_tls_error() {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "" : reason;
}

}  // namespace reactor
