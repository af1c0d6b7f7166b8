// A stream that is encrypted, to its owner no different from any other: a connection that is hijacked brings its TLS
// session along. The handshake begins with the first bytes (server) or with attach() (client); what is written before
// it is done waits. It overrides only what touches the socket; cork, queue, backpressure and end are the base's.
//
//   recv ─► TlsWire ─► OpenSSL ─► the loop's receive buffer, or the landing
//   cork, queue, large payloads ─► records of at most 16 KiB ─► OpenSSL ─► TlsWire ─► send
//                                                                             └─ what the socket refused: sealed
#pragma once

#include <openssl/types.h>

#include <array>
#include <memory>
#include <string>

#include "reactor/stream.hpp"
#include "reactor/tls_context.hpp"
#include "reactor/tls_wire.hpp"

namespace reactor {

class TlsStream final : public Stream {
 public:
  // The server's side.
  TlsStream(Loop& loop, FileDescriptor socket, TlsContext context);
  // The client's side. `host` is the name or address that the certificate must be for.
  TlsStream(Loop& loop, FileDescriptor socket, TlsContext context, std::string host);
  ~TlsStream() override;

  bool secure() const override { return true; }
  std::string cipher() const override;
  std::string_view failure() const override { return failure_; }

 private:
  // The largest record (RFC 8446 5.1).
  static constexpr std::size_t kRecord = 16 * 1024;

  struct Free {
    void operator()(ssl_st* session) const;
  };

  void on_attach() override;
  void on_events(std::uint32_t events) override;
  void on_again() override;
  ssize_t receive_layered(std::span<std::uint8_t> room) override;
  std::size_t send_layered(std::span<iovec> pieces) override;
  std::size_t sealed() const override { return wire_.sealed(); }
  bool send_sealed() override;
  void send_fin() override;
  void say_goodbye() override;

  void begin();
  void ask_for_a_turn();
  void shake_hands();
  void look_at_wire();
  bool waits_for_input() const;
  std::size_t seal(std::span<const std::uint8_t> bytes);
  std::string reason(int error) const;

  TlsContext context_;
  TlsWire wire_;
  std::unique_ptr<ssl_st, Free> session_;  // none before the first byte: a caller who says nothing costs little
  std::string host_;
  std::string failure_;
  bool client_;
  bool ready_ = false;     // the handshake is done
  bool notified_ = false;  // our close_notify was written
};

}  // namespace reactor
