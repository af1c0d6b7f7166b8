// Our client under test: ws::connect with a session that echoes, on a loop that this thread turns, against a server
// that is made here of one listening socket. Because one thread does both, it is known when the client has handled
// what was sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/file_descriptor.hpp"
#include "reactor/loop.hpp"
#include "tests/conformance/deflate_cases.hpp"
#include "tests/conformance/wire.hpp"
#include "ws/client.hpp"

namespace conformance {

// What the client's user has been told.
struct Told {
  int opened = 0;
  std::vector<std::string> messages;  // the first bytes of each
  std::vector<ws::ConnectFailure> failures;

  struct Close {
    std::uint16_t code = 0;
    std::string reason;
    ws::Closed::By by = ws::Closed::By::kNetwork;
    bool clean = false;
  };
  std::vector<Close> closes;
};

// The session answers this text by closing with 4001 and the reason "bye", and echoes all other messages.
inline constexpr std::string_view kPleaseClose = "please close";

class ClientRole final : public Subject {
 public:
  // `limits` are those of the connections that open() makes.
  explicit ClientRole(const ws::Limits& limits = {});

  Wire open() override;
  // Has the client connect, by the chosen wire, and accepts: what it sends is its request.
  Wire connect(ws::ConnectOptions options = {});
  void wait(int fd, short events) override;
  void turn() override { loop_.run_once(reactor::Milliseconds(0)); }
  void settle() override;
  // Waits until the client is gone, and holds what its session was told against `ending`.
  void check_end(const Ending& ending) override;
  // Waits until nothing of the client is left on the loop.
  void await_gone();

  // Of the newest connection.
  const Told& told() const { return *told_; }

 private:
  ws::Limits limits_;
  reactor::Loop loop_;
  reactor::FileDescriptor listener_;
  std::uint16_t port_ = 0;
  std::shared_ptr<Told> told_;
};

// Waits for the client's request, takes over what it offers of compression, with `request` of our own, and returns the
// answer, which is not sent yet.
std::string answer_to(Wire& wire, const DeflateRequest& request = {});

}  // namespace conformance
