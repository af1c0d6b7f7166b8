// Unbuffered, as all of standard error is: a trace is read to see what happened last.
#include "ws/app/trace.hpp"

#include <cstdio>

namespace ws::app {

void print_trace(const Connection& connection, bool received, const protocol::TracedFrame& frame) {
  std::fprintf(stderr, "%s %s %s\n", connection.remote().to_string().c_str(), received ? "<" : ">",
               to_string(frame).c_str());
}

}  // namespace ws::app
