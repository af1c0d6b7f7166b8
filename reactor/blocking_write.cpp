// A short write is gone on with; a full non-blocking descriptor is waited for.
#include "reactor/blocking_write.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace reactor {

int write_blocking(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      pollfd wanted = {.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&wanted, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace reactor
