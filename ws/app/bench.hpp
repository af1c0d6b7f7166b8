// `ws101 bench`: runs the load and reports it.
#pragma once

#include "ws/app/bench_options.hpp"

namespace ws::app {

// Returns the exit status: 1 if connections failed or messages did.
int bench(const BenchOptions& options);

}  // namespace ws::app
