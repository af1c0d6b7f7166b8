// What talking to a server has in common, in a pipe and at a prompt: the link, the exit status, how it is left, and who
// is told what goes wrong.
#pragma once

#include <string>
#include <string_view>

#include "reactor/loop.hpp"
#include "reactor/ticker.hpp"
#include "ws/app/connect_link.hpp"
#include "ws/app/connect_options.hpp"

namespace ws::app {

class Talk : protected LinkUser {
 public:
  Talk(reactor::Loop& loop, const ConnectFlags& flags);
  virtual ~Talk() = default;
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  // Connects and talks until it is over; returns the exit status.
  int run();
  // A signal came that asks us to end: in order first, and at once when it comes again.
  void interrupt(int status);

 protected:
  // The loop's turns, until over().
  virtual void talk();
  // A line for the person, on standard error.
  virtual void say(std::string_view words);

  // Something went wrong: it is said, the status is 1, and the connection is left in order.
  void fail(const std::string& words);
  void leave(std::uint16_t code = protocol::kNormal, std::string_view reason = {}) { link_.leave(code, reason); }
  bool over() const { return over_; }
  // One turn of the loop. REQUIRES: not over.
  void turn() { loop_.run_once(reactor::Milliseconds(-1)); }

  // A user's own reason for not being content with an end that went well, or empty.
  virtual std::string lacking() const { return ""; }
  // All that was wanted is there: what goes wrong from now on is no failure.
  void done();

  void on_frame(const Connection& ws, bool received, const protocol::TracedFrame& frame) override;
  void on_down(const std::string& why, reactor::Milliseconds delay, unsigned tries) override;
  void on_over(const std::string& trouble) override;

  reactor::Loop& loop_;
  const ConnectFlags& flags_;
  Link link_;

 private:
  reactor::Deadline timeout_;
  int status_ = 0;
  bool done_ = false;
  bool over_ = false;
  bool interrupted_ = false;
};

}  // namespace ws::app
