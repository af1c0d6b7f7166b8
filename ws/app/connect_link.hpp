// The way to the server: one connection or, with --reconnect, those after it too, and in the end one verdict. It knows
// when an end is a failure, and when it is worth trying again.
//
//   start ──► trying ──on_up──► up ──lost, --reconnect──► waiting ──backoff──► trying ...
//                │               │
//                └───────────────┴── an end ──► over: on_over, once
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reactor/ticker.hpp"
#include "ws/app/backoff.hpp"
#include "ws/app/connect_options.hpp"
#include "ws/connection.hpp"
#include "ws/session.hpp"

namespace ws::app {

// Who uses a link.
class LinkUser {
 public:
  virtual void on_up(Connection& ws) = 0;
  virtual void on_message(const Message& message) = 0;
  virtual void on_drain() {}
  // Only where frames are watched.
  virtual void on_frame(const Connection&, bool /*received*/, const protocol::TracedFrame&) {}
  // The connection is lost, or did not come about, and the next one is `delay` away.
  virtual void on_down(const std::string& why, reactor::Milliseconds delay, unsigned tries) = 0;
  // There will be no more connection. `trouble` is why, in words for a person, or empty if all went well.
  virtual void on_over(const std::string& trouble) = 0;

 protected:
  ~LinkUser() = default;
};

class Link {
 public:
  // A connection that lasted so long was a success: the next failure is a first one.
  static constexpr reactor::Milliseconds kStable{10'000};

  // REQUIRES: `flags` outlives the link, and the link outlives all turns of the loop. Throws std::invalid_argument for
  // what the library does not take.
  Link(reactor::Loop& loop, const ConnectFlags& flags, ConnectOptions options, LinkUser& user)
      : loop_(loop), flags_(flags), options_(std::move(options)), user_(user) {}

  void start() { connect(); }
  // The user sees each frame, of every connection from now on.
  void watch_frames();
  // The connection, or null while there is none.
  Connection* ws() const { return ws_; }
  // How the last connection ended, `1000 (normal closure)`; empty if there was none.
  const std::string& farewell() const { return farewell_; }
  // Ends it in order, and does not connect again.
  void leave(std::uint16_t code = protocol::kNormal, std::string_view reason = {});

 private:
  class Line;

  void connect();
  void on_open(Connection& ws);
  void on_close(const Closed& how);
  void go_on_after(const std::string& trouble, bool worth_trying);
  void end(const std::string& trouble);
  std::string trouble_of(const Closed& how) const;

  reactor::Loop& loop_;
  const ConnectFlags& flags_;
  ConnectOptions options_;
  LinkUser& user_;
  Connection* ws_ = nullptr;
  Backoff backoff_;
  reactor::Deadline next_try_;
  std::string farewell_;
  std::uint64_t up_since_ = 0;
  std::uint64_t left_at_ = 0;
  bool leaving_ = false;
  bool over_ = false;
};

// `1001 (going away): the server is shutting down`, safe for a terminal.
std::string close_in_words(std::uint16_t code, std::string_view reason);

}  // namespace ws::app
