// Is the peer still there? TCP does not say: a machine that lost its power sends no FIN, and data sent to it is
// retransmitted for a quarter of an hour. So a silent peer is pinged (RFC 6455 5.5.2), and one that is silent on that
// too is dead. Any received byte is life, a pong or not; and so is progress of our own bytes, as long as some lie
// before the ping: a peer on a slow line is busy with them. Behind the ping it proves nothing, because a kernel takes
// bytes also for a program that has stopped.
//
// Reading the clock for every message would cost more than the rest of this, so a message only leaves a mark, and a
// look at the mark every fifth of ping_interval counts how long it has been missing:
//
//   bytes   |  |                                        .
//   looks   0     1     2     3     4     5             silent at 4 looks in a row: ping, after 4/5 to 5/5 of
//   missing    -     -     1     2     3     4 ► ping   ping_interval, never later
//
// A state machine without a clock: times are arguments.
#pragma once

#include <cstdint>

#include "reactor/stream.hpp"
#include "ws/settings.hpp"

namespace ws {

class Heartbeat {
 public:
  enum class Beat : std::uint8_t { kQuiet, kPing, kNoAnswer };

  // Times are milliseconds modulo 2^32, in which differences are right for 49 days.
  Heartbeat(std::uint64_t now, const Limits& limits) { look_again(static_cast<std::uint32_t>(now), limits); }

  void heard() { heard_ = true; }

  // What has to be done now: nothing; send a ping; or, as its answer is due and nothing was heard, give the peer up,
  // unless it is busy with our bytes: then wait_on().
  Beat check(std::uint64_t now, const Limits& limits);
  // The peer is given the same time again. REQUIRES: the last check() said kNoAnswer.
  void wait_on(std::uint64_t now, const Limits& limits);
  // Milliseconds until check() wants to be asked. REQUIRES: pings are on.
  std::uint64_t next_check(std::uint64_t now) const;

 private:
  Beat look(std::uint32_t now, const Limits& limits);
  void look_again(std::uint32_t now, const Limits& limits);

  std::uint32_t look_at_ = 0;
  std::uint32_t ping_at_ = 0;
  bool heard_ = true;
  bool waiting_for_pong_ = false;
  std::uint8_t silent_looks_ = 0;
};

// Our bytes that lay before a ping: few connections have any. To know how far they have come is two system calls, so it
// is asked only at a ping and when the answer is due.
class PingBacklog {
 public:
  explicit PingBacklog(const reactor::OutputProgress& at_ping) : taken_(at_ping.taken), behind_(at_ping.written) {}
  // Whether the peer was busy with them until now, and has come nearer to the ping since the last time.
  bool has_moved(const reactor::OutputProgress& now);

 private:
  std::uint32_t taken_;   // the count of our bytes that the peer had taken when we last asked
  std::uint32_t behind_;  // the count of those that were written before the ping
};

}  // namespace ws
