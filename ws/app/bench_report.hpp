// The figures of a run, for a person (a table) and for a program (one JSON object, whose names stay).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ws/app/bench_options.hpp"
#include "ws/app/bench_run.hpp"

namespace ws::app {

std::string bench_table(const BenchOptions& options, const BenchResult& result);
std::string bench_json(const BenchOptions& options, const BenchResult& result);

// What is counted in this mode: `round trips`, `deliveries`, `connections`, `handshakes`.
std::string_view bench_unit(BenchMode mode);

// `1,234,567`.
std::string with_commas(std::uint64_t number);
// Three digits and a unit: `6.71 us`, `1.20 ms`; `270 B`, `1.02 MB` (powers of 1000).
std::string format_nanoseconds(double nanoseconds);
std::string format_bytes(double bytes);

}  // namespace ws::app
