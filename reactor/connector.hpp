// The way out: from a host name to a connected socket. The name is looked up on another thread, because the
// resolver blocks, and comes back through the mailbox; then every address is tried in turn, each with its part of
// the time that is left.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reactor/address.hpp"
#include "reactor/file_descriptor.hpp"
#include "reactor/loop.hpp"

namespace reactor {

// What came of it: a connected, non-blocking socket, or why there is none, in words for a person.
struct Connected {
  FileDescriptor socket;
  std::string failure;
};
using ConnectHandler = std::function<void(Connected)>;

// Calls `handler` exactly once, after this call has returned, unless the loop ends before. `timeout` is for everything
// together.
// The attempt is a resident: Loop::shut_down ends it with a failure.
void connect_tcp(Loop& loop, const std::string& host, std::uint16_t port, Milliseconds timeout, ConnectHandler handler);
// Where the addresses are known already; they are tried in their order. `source` is the address that those of its
// family are connected from, its port chosen by the kernel: one source has no more ports to one destination than
// ip_local_port_range has.
void connect_to(Loop& loop, std::vector<Address> addresses, Milliseconds timeout, ConnectHandler handler,
                std::optional<Address> source = {});
void connect_unix(Loop& loop, const std::string& path, Milliseconds timeout, ConnectHandler handler);

}  // namespace reactor
