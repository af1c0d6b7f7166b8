// Closing happens in exactly one place. On Linux the descriptor is gone even when close reports EINTR, so it
// is never called twice.
#include "reactor/file_descriptor.hpp"

#include <unistd.h>

namespace reactor {

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace reactor
