// The sessions behind the endpoints /echo, /broadcast and /ws. Each is a complete example of the library's use.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/request.hpp"
#include "reactor/ticker.hpp"
#include "ws/app/serve_options.hpp"
#include "ws/connection.hpp"
#include "ws/hub.hpp"
#include "ws/session.hpp"
#include "ws/upgrade.hpp"

namespace ws::app {

// /echo: every message goes back as it came.
class Echo final : public Session {
 public:
  void on_message(Connection& ws, const Message& message) override { ws.write_message(message.type, message.payload); }
};

// /broadcast: every message goes to everybody there, the sender included.
class Broadcaster final : public Session {
 public:
  static constexpr std::string_view kTopic = "broadcast";
  explicit Broadcaster(Hub& hub) : hub_(hub) {}
  void on_open(Connection& ws) override { hub_.subscribe(ws, kTopic); }
  void on_message(Connection&, const Message& message) override {
    hub_.publish(kTopic, Publication(message.type, message.payload));
  }

 private:
  Hub& hub_;
};

// /ws: echoes and logs every message, and sends one of its own every period.
class Greeter final : public Session {
 public:
  struct Times {
    reactor::Milliseconds period{0};
    reactor::Milliseconds close_after{0};  // 0: never
  };
  Greeter(Times times, std::string message, std::string remote)
      : times_(times), message_(std::move(message)), remote_(std::move(remote)) {}

  void on_open(Connection& ws) override;
  void on_message(Connection& ws, const Message& message) override;
  void on_close(Connection& ws, const Closed& how) override;

 private:
  Times times_;
  std::string message_;
  std::string remote_;
  reactor::Ticker ticker_;  // ends with the session
  reactor::Deadline end_;
};

// Makes a Greeter as ?period= and ?close_after= ask for, or answers 400.
SessionOrResponse make_greeter(const http::Request& request, const ServeOptions& options);

}  // namespace ws::app
