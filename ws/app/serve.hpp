// `ws101 serve`: the endpoints, the signals, and the order of starting and stopping.
#pragma once

#include "ws/app/serve_options.hpp"

namespace ws::app {

// Serves until SIGTERM or SIGINT; returns the exit status. Throws for what cannot work (a taken port).
int serve(const ServeOptions& options);

}  // namespace ws::app
