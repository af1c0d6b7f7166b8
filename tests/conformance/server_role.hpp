// Our server under test: the real program, started with the flags of the test, spoken to over TCP by a client that
// frames by hand. It must be in the environment as WS101 (the path of the binary).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reactor/file_descriptor.hpp"
#include "tests/conformance/wire.hpp"

namespace conformance {

class ServerRole final : public Subject {
 public:
  // Starts the server, and waits until it can serve.
  explicit ServerRole(const std::vector<std::string>& flags = {});
  ServerRole(const ServerRole&) = delete;
  ServerRole& operator=(const ServerRole&) = delete;
  // Kills it, if stop() was not called.
  ~ServerRole() override;

  // Asks it to end and returns its exit status, or -1 if it did not end by itself.
  int stop();

  Wire open() override;
  // A connection on which nothing has been sent.
  Wire connect();
  void wait(int fd, short events) override;
  void turn() override {}
  // One thread serves all connections in the order in which they have something to say: when an echo has come back on
  // another connection, what was sent before has been handled.
  void settle() override;
  void check_end(const Ending&) override {}

  // Of the process: memory in use now, and how many descriptors it has open.
  std::size_t resident_bytes() const;
  std::size_t descriptor_count() const;
  // How many that were before the first connection. Waits until it has let go of all others.
  void check_descriptors();

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  std::size_t descriptors_at_start_ = 0;
  std::unique_ptr<Wire> probe_;
};

// The request that opens a WebSocket on /echo, with the key of RFC 6455 1.3.
std::string upgrade_request();
// Throws unless `head` is the right answer to it (RFC 6455 4.2.2).
void check_upgrade_response(const std::string& head);

}  // namespace conformance
