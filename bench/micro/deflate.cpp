// permessage-deflate: each mode on messages of JSON, and zlib and libdeflate themselves beside them, at the same level
// and with nothing of a WebSocket around them.
#include <benchmark/benchmark.h>
#include <libdeflate.h>
#include <zlib.h>

#include <memory>
#include <vector>

#include "bench/micro/micro.hpp"
#include "ws/protocol/deflater.hpp"
#include "ws/protocol/inflater.hpp"

namespace ws::protocol {
namespace {

using namespace micro;

void say_ratio(benchmark::State& state, std::size_t from, std::size_t to) {
  count_bytes(state, from);
  state.counters["ratio"] = static_cast<double>(to) / static_cast<double>(from);
}

// Each message for itself, for everybody who agreed on the same.
void deflate_shared(benchmark::State& state) {
  const Bytes message = json_of(static_cast<std::size_t>(state.range(0)));
  const DeflateDirection agreed = {.context_takeover = false, .final_blocks = state.range(1) != 0};
  Deflater deflater;
  std::size_t size = 0;
  for (auto _ : state) size = deflater.compress(message, agreed).payload().size();
  say_ratio(state, message.size(), size);
}
BENCHMARK(deflate_shared)->ArgNames({"size", "final_block"})->ArgsProduct({{128, 1024, 16384, 1 << 20}, {0, 1}});

void deflate_dedicated(benchmark::State& state) {
  const Bytes message = json_of(static_cast<std::size_t>(state.range(0)));
  Deflater deflater;
  DeflateContext context(kMaxWindowBits);
  std::size_t size = 0;
  for (auto _ : state) size = deflater.compress(message, context).payload().size();
  say_ratio(state, message.size(), size);
}
BENCHMARK(deflate_dedicated)->Arg(128)->Arg(1024)->Arg(16384)->Arg(1 << 20);

void deflate_is_zlib(benchmark::State& state) {
  const Bytes message = json_of(static_cast<std::size_t>(state.range(0)));
  z_stream zlib = {};
  if (deflateInit2(&zlib, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return state.SkipWithError("zlib");
  Bytes out(deflateBound(&zlib, message.size()) + 16);
  for (auto _ : state) {
    deflateReset(&zlib);
    zlib.next_in = const_cast<std::uint8_t*>(message.data());
    zlib.avail_in = static_cast<uInt>(message.size());
    zlib.next_out = out.data();
    zlib.avail_out = static_cast<uInt>(out.size());
    deflate(&zlib, Z_SYNC_FLUSH);
  }
  say_ratio(state, message.size(), out.size() - zlib.avail_out);
  deflateEnd(&zlib);
}
BENCHMARK(deflate_is_zlib)->Arg(128)->Arg(1024)->Arg(16384)->Arg(1 << 20);

void deflate_is_libdeflate(benchmark::State& state) {
  const Bytes message = json_of(static_cast<std::size_t>(state.range(0)));
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(1), libdeflate_free_compressor);
  Bytes out(libdeflate_deflate_compress_bound(compressor.get(), message.size()));
  std::size_t size = 0;
  for (auto _ : state) {
    size = libdeflate_deflate_compress(compressor.get(), message.data(), message.size(), out.data(), out.size());
  }
  say_ratio(state, message.size(), size);
}
BENCHMARK(deflate_is_libdeflate)->Arg(128)->Arg(1024)->Arg(16384)->Arg(1 << 20);

void inflate_message(benchmark::State& state) {
  const Bytes message = json_of(static_cast<std::size_t>(state.range(0)));
  Deflater deflater;
  const CompressedMessage compressed = deflater.compress(message, {.context_takeover = false});
  Inflater inflater;
  for (auto _ : state) {
    std::unique_ptr<InflateStream> stream = inflater.lend_stream();
    MessageBuffer out = inflater.lend_buffer();
    const InflateTarget target = {.out = out, .limit = message.size()};
    const bool whole = stream->begin({}) && stream->feed(compressed.payload(), target) == Error::kNone &&
                       stream->finish(target) == Error::kNone && out.size() == message.size();
    if (!whole) state.SkipWithError("it is not what was compressed");
    out.clear();
    inflater.take_back(std::move(out));
    inflater.take_back(std::move(stream));
  }
  count_bytes(state, message.size());
}
BENCHMARK(inflate_message)->Arg(128)->Arg(1024)->Arg(16384)->Arg(1 << 20);

}  // namespace
}  // namespace ws::protocol
