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
#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/wire.hpp"

namespace conformance {

class ServerRole final : public Subject {
 public:
  // Starts the server, and waits until it can serve.
  explicit ServerRole(const std::vector<std::string>& flags = {},
                      const ws::protocol::Compression& compression = chosen_wire().compression);
  ServerRole(const ServerRole&) = delete;
  ServerRole& operator=(const ServerRole&) = delete;
  // Kills it, if stop() was not called.
  ~ServerRole() override;

  // Asks it to end and returns its exit status, or -1 if it did not end by itself.
  int stop();

  Wire open() override { return open(offer_); }
  // With these extensions offered. Throws unless one was agreed on.
  Wire open(const std::string& offer);
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
  std::string offer_;
  std::size_t descriptors_at_start_ = 0;
  std::unique_ptr<Wire> probe_;
};

// The extensions that the suite offers over the chosen wire: those of a browser, or none.
std::string offer_of_the_wire();
// The request that opens a WebSocket on /echo, with the key of RFC 6455 1.3.
std::string upgrade_request(const std::string& offer = offer_of_the_wire());
// Waits for the answer to it, and takes over what was agreed on. Throws unless it is right (RFC 6455 4.2.2).
void take_answer(Wire& wire, const std::string& offer = offer_of_the_wire());

}  // namespace conformance
