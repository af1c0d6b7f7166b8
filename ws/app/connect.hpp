// `ws101 connect`: a client for pipes and for people.
#pragma once

#include "ws/app/connect_options.hpp"

namespace ws::app {

// Talks until it is over; returns the exit status. Throws std::invalid_argument for wrong use.
int connect(const ConnectFlags& flags);

}  // namespace ws::app
