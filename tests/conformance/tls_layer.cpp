// OpenSSL between two memory buffers.
#include "tests/conformance/tls_layer.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/wire.hpp"

namespace conformance {

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::array<char, 256> words = {};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  ERR_clear_error();
  throw Broken(what + ": " + words.data());
}

std::string drained(BIO* bio) {
  std::string bytes(BIO_ctrl_pending(bio), '\0');
  if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace

void TlsLayer::Free::operator()(ssl_st* session) const { SSL_free(session); }

TlsLayer::TlsLayer(Side side)
    : session_(SSL_new(suite_context(side))), input_(BIO_new(BIO_s_mem())), output_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(session_.get(), input_, output_);
  if (side == Side::kServer) {
    SSL_set_accept_state(session_.get());
  } else {
    SSL_set_connect_state(session_.get());
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session_.get()), "127.0.0.1");
  }
}

bool TlsLayer::shake_hands() {
  const int result = SSL_do_handshake(session_.get());
  if (result <= 0 && SSL_get_error(session_.get(), result) != SSL_ERROR_WANT_READ) fail("the handshake of TLS failed");
  return result > 0;
}

std::string TlsLayer::seal(std::string_view bytes) {
  if (!bytes.empty() && SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) {
    fail("nothing more can be sealed");
  }
  return drained(output_);
}

std::string TlsLayer::seal_end() {
  SSL_shutdown(session_.get());
  return drained(output_);
}

void TlsLayer::receive(std::string_view records, std::string& out) {
  BIO_write(input_, records.data(), static_cast<int>(records.size()));
  if (SSL_is_init_finished(session_.get()) == 0) return;
  std::array<char, 16 * 1024> piece;
  while (true) {
    const int size = SSL_read(session_.get(), piece.data(), piece.size());
    if (size > 0) {
      out.append(piece.data(), static_cast<std::size_t>(size));
      continue;
    }
    const int error = SSL_get_error(session_.get(), size);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) fail("what came is no TLS");
    return;
  }
}

bool TlsLayer::peer_finished() const { return (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

}  // namespace conformance
