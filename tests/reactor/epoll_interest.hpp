// What this process has asked epoll about a descriptor, as the kernel tells it under /proc. Lets a test see that
// EPOLLOUT is asked for only while somebody waits for it.
#pragma once

#include <cstdint>
#include <optional>

namespace reactor::tests {

std::optional<std::uint32_t> epoll_interest(int fd);

}  // namespace reactor::tests
