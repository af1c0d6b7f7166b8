// Is the peer still there? TCP does not say: a machine that lost its power sends no FIN, and data sent to it is
// retransmitted for a quarter of an hour. So after a silence we ping (RFC 6455 5.5.2), and a peer that is silent
// on that too is dead. Any received byte is life, a pong or not; and so is progress of our own bytes: a peer on a
// slow line may be busy with what lies before the ping. A state machine without a clock: times are arguments.
#pragma once

#include <cstdint>

#include "ws/settings.hpp"

namespace ws {

class Heartbeat {
 public:
  enum class Beat : std::uint8_t { kQuiet, kPing, kDead };

  // Times are milliseconds modulo 2^32, in which differences are right for 49 days.
  explicit Heartbeat(std::uint64_t now) : heard_at_(static_cast<std::uint32_t>(now)) {}

  void heard(std::uint64_t now) { heard_at_ = static_cast<std::uint32_t>(now); }

  // What has to be done now. `progress` is a number that changes when the peer takes bytes of ours.
  Beat check(std::uint64_t now, const Limits& limits, std::uint32_t progress);
  // Milliseconds until check() wants to be asked again. REQUIRES: pings are on.
  std::uint64_t next_check(std::uint64_t now, const Limits& limits) const;

 private:
  std::uint32_t heard_at_ = 0;
  std::uint32_t ping_at_ = 0;
  std::uint32_t progress_at_ping_ = 0;
  bool waiting_for_pong_ = false;
};

}  // namespace ws
