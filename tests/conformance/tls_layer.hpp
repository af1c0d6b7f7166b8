// The suite's own end of TLS, without a socket: bytes go in and records come out, and the other way round. So the wire
// stays what it is, one socket that does not block.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/conformance/frames.hpp"

namespace conformance {

class TlsLayer {
 public:
  explicit TlsLayer(Side side);

  // Goes on with the handshake as far as what was received allows. True when it is done. Throws Broken if it fails.
  bool shake_hands();
  // Appends the records of `bytes` to those that are to be sent, and returns them all, once.
  std::string seal(std::string_view bytes);
  // The same with the end of our direction (close_notify).
  std::string seal_end();
  // What has been received; appends what it says to `out`. Throws Broken if it cannot be believed.
  void receive(std::string_view records, std::string& out);
  // The peer has said that it sends no more. An end of TCP without that may be the work of a third.
  bool peer_finished() const;

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };

  std::unique_ptr<ssl_st, Free> session_;
  bio_st* input_;  // the session owns them
  bio_st* output_;
};

}  // namespace conformance
