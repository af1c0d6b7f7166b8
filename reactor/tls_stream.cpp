// OpenSSL is never asked twice for the same thing: the wire takes all that it writes, so the only thing that it waits
// for is input. What the socket refused counts as taken from our owner and is sent before anything else.
#include "reactor/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace reactor {

namespace {

// A handshake takes a thousand times as long as a message. So few of them are done in one turn of the loop, and
// messages hardly wait for them.
constexpr int kHandshakesInTurn = 4;

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

}  // namespace

void TlsStream::Free::operator()(ssl_st* session) const { SSL_free(session); }

// Until the handshake is done the stream is as full as a socket that takes nothing.
TlsStream::TlsStream(Loop& loop, FileDescriptor socket, TlsContext context)
    : Stream(loop, std::move(socket), Layered{}), context_(std::move(context)), wire_(fd()), client_(false) {
  is_.full = true;
}

TlsStream::TlsStream(Loop& loop, FileDescriptor socket, TlsContext context, std::string host)
    : Stream(loop, std::move(socket), Layered{}),
      context_(std::move(context)),
      wire_(fd()),
      host_(std::move(host)),
      client_(true) {
  is_.full = true;
}

TlsStream::~TlsStream() = default;

// ---- The handshake

void TlsStream::on_attach() {
  if (client_) ask_for_a_turn();
}

void TlsStream::on_events(std::uint32_t events) {
  wire_.wake((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  if (ready_) return Stream::on_events(events);
  if (closed() || is_.failed) return;
  if ((events & EPOLLOUT) != 0) wire_.send_sealed();
  ask_for_a_turn();
}

// Handshakes are served in the order in which they come, behind the messages of a turn.
void TlsStream::ask_for_a_turn() {
  if (is_.share_asked) return;
  is_.share_asked = true;
  loop_.again(*this);
}

void TlsStream::on_again() {
  if (ready_) return Stream::on_again();
  is_.share_asked = false;
  if (closed() || is_.failed) return;
  if (!loop_.take_costly_step(kHandshakesInTurn)) return ask_for_a_turn();
  shake_hands();
}

void TlsStream::begin() {
  session_.reset(SSL_new(context_.get()));
  bio_st* bio = wire_.make_bio();
  SSL_set_bio(session_.get(), bio, bio);
  if (!client_) return SSL_set_accept_state(session_.get());
  SSL_set_connect_state(session_.get());
  // RFC 6066 3: a server name is a name; and RFC 9525: the certificate must be for what we meant to reach.
  if (is_address(host_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session_.get()), host_.c_str());
  } else {
    SSL_ctrl(session_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_.data());
    SSL_set1_host(session_.get(), host_.c_str());
  }
}

void TlsStream::shake_hands() {
  if (session_ == nullptr) begin();
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (wire_.sealed() > 0) become_full();
  if (result != 1) {
    const int error = SSL_get_error(session_.get(), result);
    if (error == SSL_ERROR_WANT_READ && !wire_.failed()) return;
    failure_ = reason(error);
    loop_.log(LogLevel::kDebug, peer().to_string() + " TLS handshake: " + failure_);
    return end();
  }
  ready_ = true;
  // The request may have come with the last flight: it is asked for, whatever epoll says.
  is_.readable = true;
  if (on_room()) receive();
}

std::string TlsStream::reason(int error) const {
  const long verified = SSL_get_verify_result(session_.get());
  const bool no_tls = ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER;
  std::string text = take_tls_error();
  if (no_tls) return "the peer does not speak it";
  if (client_ && verified != X509_V_OK && SSL_get_verify_mode(session_.get()) != SSL_VERIFY_NONE)
    return "the server's certificate is not good: " + std::string(X509_verify_cert_error_string(verified));
  if (!text.empty()) return text;
  return error == SSL_ERROR_SYSCALL ? "the connection was lost" : "the peer ended it";
}

std::string TlsStream::cipher() const {
  if (!ready_) return {};
  return std::string(SSL_get_version(session_.get())) + ' ' + SSL_get_cipher_name(session_.get());
}

// ---- Reading

ssize_t TlsStream::receive_layered(std::span<std::uint8_t> room) {
  if (!ready_) return is_.readable = false, errno = EAGAIN, -1;
  std::size_t received = 0;
  is_.readable = true;
  // What others left there would be taken for ours. To look is cheaper than to clear: 838 instructions.
  if (ERR_peek_error() != 0) ERR_clear_error();
  while (received < room.size()) {
    std::size_t part = 0;
    const int result = SSL_read_ex(session_.get(), room.data() + received, room.size() - received, &part);
    received += part;
    // To ask once more, only to hear that there is nothing, would take and free the memory for a record.
    const bool empty = result == 1 ? wire_.drained() && SSL_has_pending(session_.get()) == 0 : waits_for_input();
    if (empty) {
      is_.readable = false;
      break;
    }
    if (result == 1) continue;
    const int error = SSL_get_error(session_.get(), result);
    // RFC 8446 6.1: an end without close_notify may be somebody's who cut the connection.
    if (error != SSL_ERROR_ZERO_RETURN && failure_.empty()) failure_ = reason(error);
    // What was received is handed on first; the end will say itself again.
    if (received > 0) break;
    if (error == SSL_ERROR_ZERO_RETURN) return look_at_wire(), 0;
    return errno = EPROTO, -1;
  }
  look_at_wire();
  return received > 0 ? static_cast<ssize_t>(received) : (errno = EAGAIN, -1);
}

// The same as SSL_ERROR_WANT_READ, without a look at the queue of errors.
bool TlsStream::waits_for_input() const {
  // An error beside it, such as no memory for a record, may have left the wish of an earlier call standing.
  return SSL_want_read(session_.get()) && BIO_should_read(SSL_get_rbio(session_.get())) && ERR_peek_error() == 0;
}

// OpenSSL may have answered something by itself.
void TlsStream::look_at_wire() {
  if (wire_.failed()) {
    if (!is_.failed) fail();
  } else if (wire_.sealed() > 0 && !is_.full) {
    become_full();
  }
}

// ---- Writing

// Encrypts and sends, record by record, until the socket is full. Returns how much was encrypted: that is out of our
// hands.
std::size_t TlsStream::seal(std::span<const std::uint8_t> bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && wire_.sealed() == 0 && !is_.failed) {
    std::size_t part = 0;
    const std::size_t size = std::min(bytes.size() - taken, kRecord);
    if (SSL_write_ex(session_.get(), bytes.data() + taken, size, &part) != 1) {
      failure_ = reason(SSL_ERROR_SSL);
      fail();
    }
    taken += part;
    look_at_wire();
  }
  return taken;
}

// Small pieces are gathered, so that they become one record and one system call; of large ones only the beginning, so
// that a header is in one record with its payload.
std::size_t TlsStream::send_layered(std::span<iovec> pieces) {
  if (!ready_) return 0;
  if (pieces.size() == 1) return seal({static_cast<const std::uint8_t*>(pieces[0].iov_base), pieces[0].iov_len});
  std::array<std::uint8_t, kRecord> record;
  std::size_t gathered = 0;
  std::size_t taken = 0;
  for (const iovec& piece : pieces) {
    std::span<const std::uint8_t> bytes(static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len);
    while (!bytes.empty()) {
      if (gathered == 0 && bytes.size() >= kRecord) {
        const std::size_t whole = bytes.size() - bytes.size() % kRecord;
        const std::size_t part = seal(bytes.first(whole));
        taken += part;
        if (part < whole || is_.full || is_.failed) return taken;
        bytes = bytes.subspan(whole);
        continue;
      }
      const std::size_t part = std::min(bytes.size(), kRecord - gathered);
      std::copy_n(bytes.begin(), part, record.begin() + static_cast<std::ptrdiff_t>(gathered));
      gathered += part;
      bytes = bytes.subspan(part);
      if (gathered < kRecord) continue;
      const std::size_t sent = seal(record);
      taken += sent;
      gathered = 0;
      if (sent < kRecord || is_.full || is_.failed) return taken;
    }
  }
  return taken + seal(std::span(record).first(gathered));
}

bool TlsStream::send_sealed() {
  if (!ready_) return is_.full = true, false;
  if (wire_.sealed() > 0) wire_.send_sealed();
  look_at_wire();
  return wire_.sealed() == 0 && !wire_.failed();
}

// ---- The end

// RFC 8446 6.1: close_notify ends our direction; the socket's end follows it.
void TlsStream::send_fin() {
  if (!std::exchange(notified_, true) && ready_) {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    look_at_wire();
  }
  if (wire_.sealed() == 0) Stream::send_fin();
}

void TlsStream::say_goodbye() {
  if (!ready_ || wire_.sealed() > 0 || std::exchange(notified_, true)) return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
}

}  // namespace reactor
