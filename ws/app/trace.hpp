// `--trace`: every frame on standard error, the same way for the server and for the client.
#pragma once

#include <string>

#include "ws/connection.hpp"
#include "ws/settings.hpp"

namespace ws::app {

// Who is at the other end, `<` for received or `>` for sent, and the frame with its bytes; no line end.
std::string trace_line(const Connection& connection, bool received, const protocol::TracedFrame& frame);

// Prints that line.
void print_trace(const Connection& connection, bool received, const protocol::TracedFrame& frame);

}  // namespace ws::app
