// Where OpenSSL meets the socket: a BIO that receives and sends on the descriptor itself. It differs from OpenSSL's own
// in three ways:
//   * A short read has emptied the socket, so the next one is not tried before epoll has news: one recv, not two.
//   * It never refuses bytes. What the socket does not take is kept here, encrypted, until there is room. So no call of
//     OpenSSL ever has to be repeated because of a full socket, whether it was a write, a handshake, an alert or the
//     answer to a key update; and a message that has been encrypted may be forgotten.
//   * A peer that is gone is an error and not a signal.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reactor {

class TlsWire {
 public:
  explicit TlsWire(int fd) : fd_(fd) {}
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;

  // A new BIO for an SSL, which will own it. REQUIRES: the wire outlives it.
  bio_st* make_bio();

  // epoll reported something: the socket may be asked again. After a hang-up it is, until it says so itself.
  void wake(bool hang_up) {
    drained_ = false;
    hang_up_ = hang_up_ || hang_up;
  }
  // Nothing is to be received before epoll has news.
  bool drained() const { return drained_; }
  // Encrypted bytes that wait for room.
  std::size_t sealed() const { return sealed_.size() - sent_; }
  // Sends them as far as the socket takes them.
  void send_sealed();
  // The socket failed, or more was sealed than a well-behaved peer can cause.
  bool failed() const { return failed_; }

 private:
  friend struct TlsWireBio;

  int read(bio_st* bio, char* out, int size);
  int write(bio_st* bio, const char* bytes, int size);
  long hand_to_kernel(bio_st* socket, long direction, void* keys);
  std::size_t send(const std::uint8_t* bytes, std::size_t size);

  int fd_;
  bool drained_ = false;
  bool hang_up_ = false;
  bool finished_ = false;
  bool failed_ = false;
  bool kernel_encrypts_ = false;
  bool kernel_decrypts_ = false;
  bool control_ = false;  // the kernel encrypts, and the next write is no application data
  std::vector<std::uint8_t> sealed_;
  std::size_t sent_ = 0;  // of them
};

}  // namespace reactor
