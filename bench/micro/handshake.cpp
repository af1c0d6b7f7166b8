// The opening handshake as the server does it: the request's head parsed, the rules of RFC 6455 4.2.1 asked, and the
// 101 written. Beside it the digest alone, which is the part that nobody can save.
#include <benchmark/benchmark.h>

#include <string_view>
#include <vector>

#include "bench/micro/micro.hpp"
#include "http/request_parser.hpp"
#include "ws/protocol/handshake.hpp"

namespace {

// As Chromium asks.
constexpr std::string_view kRequest =
    "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: "
    "no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36\r\n"
    "Upgrade: websocket\r\nOrigin: http://localhost:8080\r\nSec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void parse_request(benchmark::State& state) {
  const http::RequestLimits limits;
  http::RequestParser parser(limits);
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.feed(bytes_of(kRequest)));
    parser.next();
  }
  micro::count_items(state);
}
BENCHMARK(parse_request);

void parse_check_and_accept(benchmark::State& state) {
  const http::RequestLimits limits;
  http::RequestParser parser(limits);
  for (auto _ : state) {
    parser.feed(bytes_of(kRequest));
    const http::Request& request = parser.request();
    std::vector<ws::protocol::Field> fields;
    fields.reserve(request.headers().size());
    for (const auto& header : request.headers()) fields.push_back({.name = header.name, .value = header.value});
    const auto check = ws::protocol::check_upgrade_request(request.method(), request.major(), request.minor(), fields);
    if (!check.accepted()) state.SkipWithError("the request is refused");
    benchmark::DoNotOptimize(ws::protocol::write_upgrade_response(check.key));
    parser.next();
  }
  micro::count_items(state);
}
BENCHMARK(parse_check_and_accept);

void accept_key_alone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ws::protocol::accept_key("dGhlIHNhbXBsZSBub25jZQ=="));
  micro::count_items(state);
}
BENCHMARK(accept_key_alone);

}  // namespace
