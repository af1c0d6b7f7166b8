// The session that records and echoes, the listening socket, and the turning of the loop.
#include "tests/conformance/client_role.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/conversation.hpp"
#include "ws/protocol/handshake.hpp"

namespace conformance {

namespace {

constexpr std::size_t kRemembered = 200;  // bytes of a message
constexpr reactor::Milliseconds kMoment{1};

class Echo final : public ws::Session {
 public:
  explicit Echo(std::shared_ptr<Told> told) : told_(std::move(told)) {}

  void on_open(ws::Connection&) override { ++told_->opened; }
  void on_message(ws::Connection& connection, const ws::Message& message) override {
    told_->messages.emplace_back(message.text().substr(0, kRemembered));
    if (message.text() == kPleaseClose) return connection.close(4001, "bye");
    connection.write_message(message.type, message.payload);
  }
  void on_close(ws::Connection&, const ws::Closed& how) override {
    told_->closes.push_back({.code = how.code, .reason = std::string(how.reason), .by = how.by, .clean = how.clean});
  }

 private:
  std::shared_ptr<Told> told_;
};

}  // namespace

ClientRole::ClientRole(const ws::Limits& limits)
    : limits_(limits), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw Broken("cannot listen");
  }
  port_ = ntohs(address.sin_port);
}

Wire ClientRole::connect(ws::ConnectOptions options) {
  told_ = std::make_shared<Told>();
  options.on_failure = [told = told_](const ws::ConnectFailure& failure) { told->failures.push_back(failure); };
  if (chosen_wire().tls) options.tls = trusted();
  if (options.compression.mode == ws::protocol::Compression::Mode::kOff) {
    options.compression = chosen_wire().compression;
  }
  ws::connect(loop_, (chosen_wire().tls ? "wss://127.0.0.1:" : "ws://127.0.0.1:") + std::to_string(port_) + "/echo",
              std::make_unique<Echo>(told_), std::move(options));
  const Deadline deadline;
  while (true) {
    reactor::FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {std::move(socket), Side::kServer, *this};
    }
    deadline.check("the client to connect");
    wait(listener_.get(), POLLIN);
  }
}

Wire ClientRole::open() {
  Wire wire = connect({.limits = limits_});
  wire.send(answer_to(wire));
  return wire;
}

void ClientRole::wait(int fd, short events) {
  turn();
  pollfd waiting = {.fd = fd, .events = events, .revents = 0};
  if (::poll(&waiting, 1, 0) == 0) loop_.run_once(kMoment);
}

// What arrived in one turn may ask for a second share in the next one.
void ClientRole::settle() {
  for (int each = 0; each < 3; ++each) turn();
}

void ClientRole::await_gone() {
  const Deadline deadline;
  while (loop_.residents() > 0) {
    deadline.check("the client to let go");
    loop_.run_once(kMoment);
  }
}

void ClientRole::check_end(const Ending& ending) {
  await_gone();
  EXPECT_EQ(told().opened, 1);
  EXPECT_TRUE(told().failures.empty());
  ASSERT_EQ(told().closes.size(), 1U) << "on_close is called exactly once";
  const Told::Close& close = told().closes[0];
  EXPECT_EQ(close.code, ending.code);
  EXPECT_EQ(close.clean, ending.kind != Ending::Kind::kFails);
  EXPECT_EQ(close.by, ending.kind == Ending::Kind::kFails ? ws::Closed::By::kUs : ws::Closed::By::kPeer);
}

std::string answer_to(Wire& wire, const DeflateRequest& request) {
  const std::string head = wire.receive_head();
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      ws::protocol::accept_key(field_of(head, "Sec-WebSocket-Key").value_or("")) + "\r\n";
  if (const auto offer = field_of(head, "Sec-WebSocket-Extensions")) {
    const std::string extensions = deflate_answer(request, *offer);
    wire.agree(extensions);
    answer += "Sec-WebSocket-Extensions: " + extensions + "\r\n";
  }
  return answer + "\r\n";
}

}  // namespace conformance
