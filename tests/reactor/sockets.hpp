// The other end of a connection: pairs of connected sockets, with as small a buffer as a test needs, and a peer that is
// written in plain system calls, so that a test sees what really went over the socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "reactor/address.hpp"
#include "reactor/file_descriptor.hpp"

namespace reactor::tests {

inline std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// `size` bytes in which no two places look alike for long.
std::string pattern(std::size_t size, std::uint32_t seed = 1);

// One end, non-blocking, for the test to play.
class Peer {
 public:
  explicit Peer(FileDescriptor socket) : socket_(std::move(socket)) {}

  // Writes all of it. REQUIRES: the buffers take it at once.
  void send(std::string_view text);
  // Writes as much as the socket takes, and returns how much that was.
  std::size_t send_some(std::string_view text);
  // Reads at most `most` bytes of what is there; remembers the end.
  std::string receive(std::size_t most = SIZE_MAX);
  // On a socket that keeps the bounds of packets: the next one.
  std::string receive_packet();
  // What was last seen: the end, in order or by a reset.
  bool finished() const { return finished_; }
  bool reset() const { return reset_; }

  void half_close();
  void close() { socket_.close(); }
  // Ends the connection by a reset (TCP only).
  void close_by_reset();
  int fd() const { return socket_.get(); }

 private:
  FileDescriptor socket_;
  bool finished_ = false;
  bool reset_ = false;
};

// What is written into it comes out of it.
struct Pipe {
  // `flags` besides O_CLOEXEC, of both ends.
  explicit Pipe(int flags = 0);
  // Writes all of it. REQUIRES: the pipe takes it at once.
  void write(std::string_view text) const;

  FileDescriptor out;
  FileDescriptor in;
};

struct SocketPair {
  FileDescriptor ours;
  FileDescriptor theirs;
};

SocketPair unix_pair();
// Keeps the bounds of packets: one send is one packet, so that sends can be counted.
SocketPair packet_pair();
// Over the loopback interface. `receive_buffer` is the peer's; 0 leaves it to the system.
SocketPair tcp_pair(int receive_buffer = 0);
// The same, with buffers that soon are full.
SocketPair small_tcp_pair();
void set_send_buffer(int fd, int size);

// A socket that listens on a port of 127.0.0.1 that the system chose, with room for `backlog` callers.
FileDescriptor listening_socket(int backlog = 128);
// A connected socket, non-blocking, or none; does not wait.
FileDescriptor call(const Address& address);

}  // namespace reactor::tests
