// Unbuffered, as all of standard error is: a trace is read to see what happened last.
#include "ws/app/trace.hpp"

#include <cstdio>

namespace ws::app {

std::string trace_line(const Connection& connection, bool received, const protocol::TracedFrame& frame) {
  return connection.remote().to_string() + (received ? " < " : " > ") + to_string(frame);
}

void print_trace(const Connection& connection, bool received, const protocol::TracedFrame& frame) {
  std::fprintf(stderr, "%s\n", trace_line(connection, received, frame).c_str());
}

}  // namespace ws::app
