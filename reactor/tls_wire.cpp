// A filter in front of OpenSSL's socket BIO, which is left to do what only it can: hand the keys to the kernel.
#include "reactor/tls_wire.hpp"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace reactor {

namespace {

// An honest peer can make us seal one record at a time, a flight of a handshake, or a few answers to key updates.
constexpr std::size_t kMostSealed = 128 * 1024;

// Of OpenSSL, which names them only in a comment of bio.h.
constexpr int kHandToKernel = 72;
constexpr int kNextIsControl = 74;
constexpr int kNextIsData = 75;

}  // namespace

struct TlsWireBio {
  static TlsWire& wire(BIO* bio) { return *static_cast<TlsWire*>(BIO_get_data(bio)); }
  static int read(BIO* bio, char* out, int size) { return wire(bio).read(bio, out, size); }
  static int write(BIO* bio, const char* bytes, int size) { return wire(bio).write(bio, bytes, size); }
  static long control(BIO* bio, int command, long number, void* pointer) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_EOF: return wire(bio).finished_ ? 1 : 0;
      case BIO_CTRL_PUSH:
      case BIO_CTRL_POP: return 1;
      // Asked for six times with each record: the socket's BIO, which knows as well, is a long way off.
      case BIO_CTRL_GET_KTLS_SEND: return wire(bio).kernel_encrypts_ ? 1 : 0;
      case BIO_CTRL_GET_KTLS_RECV: return wire(bio).kernel_decrypts_ ? 1 : 0;
      case kHandToKernel: return wire(bio).hand_to_kernel(BIO_next(bio), number, pointer);
      case kNextIsControl: wire(bio).control_ = true; break;
      case kNextIsData: wire(bio).control_ = false; break;
      default: break;
    }
    return BIO_ctrl(BIO_next(bio), command, number, pointer);
  }
  static const BIO_METHOD* method() {
    struct Free {
      void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    };
    static const std::unique_ptr<BIO_METHOD, Free> made = [] {
      std::unique_ptr<BIO_METHOD, Free> method(BIO_meth_new(BIO_TYPE_FILTER | BIO_get_new_index(), "ws101"));
      BIO_meth_set_read(method.get(), read);
      BIO_meth_set_write(method.get(), write);
      BIO_meth_set_ctrl(method.get(), control);
      return method;
    }();
    return made.get();
  }
};

BIO* TlsWire::make_bio() {
  BIO* socket = BIO_new_socket(fd_, BIO_NOCLOSE);
  BIO* bio = BIO_new(TlsWireBio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return BIO_push(bio, socket);
}

long TlsWire::hand_to_kernel(BIO* socket, long direction, void* keys) {
  const long result = BIO_ctrl(socket, kHandToKernel, direction, keys);
  kernel_encrypts_ = BIO_get_ktls_send(socket);
  kernel_decrypts_ = BIO_get_ktls_recv(socket);
  return result;
}

int TlsWire::read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  if (kernel_decrypts_) {
    const int result = BIO_read(BIO_next(bio), out, size);
    BIO_copy_next_retry(bio);
    finished_ = result == 0;
    return result;
  }
  ssize_t result = -1;
  errno = EAGAIN;
  while (!drained_ && (result = ::recv(fd_, out, static_cast<std::size_t>(size), 0)) < 0 && errno == EINTR) {
  }
  drained_ = drained_ || (result < size && !hang_up_);
  finished_ = result == 0;
  if (result < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
  return static_cast<int>(result);
}

int TlsWire::write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  if (failed_ || sealed() > kMostSealed) return failed_ = true, -1;
  const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes);
  std::size_t taken = 0;
  if (control_) {
    // The kernel encrypts, and this is an alert. It must not overtake data, and where there is no room the end is near.
    taken = sealed() == 0 && BIO_write(BIO_next(bio), bytes, size) == size ? static_cast<std::size_t>(size) : 0;
    if (taken == 0) return failed_ = true, -1;
  } else if (sealed() == 0) {
    taken = send(begin, static_cast<std::size_t>(size));
  }
  if (failed_) return -1;
  sealed_.insert(sealed_.end(), begin + taken, begin + size);
  return size;
}

void TlsWire::send_sealed() {
  sent_ += send(sealed_.data() + sent_, sealed());
  if (sealed() > 0) return;
  sealed_ = {};
  sent_ = 0;
}

// Returns how much the socket took.
std::size_t TlsWire::send(const std::uint8_t* bytes, std::size_t size) {
  ssize_t result = -1;
  while ((result = ::send(fd_, bytes, size, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  if (result < 0 && errno != EAGAIN) failed_ = true;
  return result < 0 ? 0 : static_cast<std::size_t>(result);
}

}  // namespace reactor
