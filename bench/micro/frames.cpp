// Frames, taken apart and written: the header alone, the mask against memcpy, UTF-8 against simdjson, and the decoder
// on whole conversations of small frames, at once and in pieces.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <cstring>
#include <vector>

#include "bench/micro/micro.hpp"
#include "ws/protocol/decoder.hpp"
#include "ws/protocol/frame.hpp"
#include "ws/protocol/mask.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::protocol {
namespace {

using namespace micro;

constexpr MaskingKey kKey = {0x37, 0xfa, 0x21, 0x3d};

void append_frame(Bytes& out, std::size_t size) {
  std::array<std::uint8_t, kMaxHeaderSize> header{};
  const std::size_t header_size = write_frame_header(header, true, 0, Opcode::kBinary, size, kKey);
  out.insert(out.end(), header.begin(), header.begin() + static_cast<std::ptrdiff_t>(header_size));
  out.resize(out.size() + size, 0x55);
}

void parse_and_check_header(benchmark::State& state) {
  Bytes frame;
  append_frame(frame, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(frame.data());
    const auto header = parse_frame_header(frame);
    benchmark::DoNotOptimize(check_frame_header(*header, {}));
  }
  count_items(state);
}
BENCHMARK(parse_and_check_header)->Arg(20)->Arg(1000)->Arg(100'000);

void write_header(benchmark::State& state) {
  std::array<std::uint8_t, kMaxHeaderSize> header{};
  auto size = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(size);
    benchmark::DoNotOptimize(write_frame_header(header, true, 0, Opcode::kText, size, {}));
    benchmark::ClobberMemory();
  }
  count_items(state);
}
BENCHMARK(write_header)->Arg(20)->Arg(1000)->Arg(100'000);

// Masking reads and writes each byte, as memcpy does; so that is how fast it could be.
void mask(benchmark::State& state) {
  Bytes bytes(static_cast<std::size_t>(state.range(0)), 0x55);
  for (auto _ : state) {
    apply_mask(bytes, kKey, 0);
    benchmark::ClobberMemory();
  }
  count_bytes(state, bytes.size());
}
BENCHMARK(mask)->RangeMultiplier(16)->Range(16, 1 << 20);

void mask_is_memcpy(benchmark::State& state) {
  const Bytes from(static_cast<std::size_t>(state.range(0)), 0x55);
  Bytes to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  count_bytes(state, from.size());
}
BENCHMARK(mask_is_memcpy)->RangeMultiplier(16)->Range(16, 1 << 20);

void utf8(benchmark::State& state) {
  const Bytes text = text_of(state.range(1) != 0, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(text));
  count_bytes(state, text.size());
}
BENCHMARK(utf8)->ArgNames({"size", "multibyte"})->ArgsProduct({{16, 256, 4096, 1 << 20}, {0, 1}});

// As it is asked for a message that comes in pieces.
void utf8_in_pieces(benchmark::State& state) {
  const Bytes text = text_of(true, 1 << 20);
  const auto piece = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    Utf8Validator validator;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      benchmark::DoNotOptimize(validator.feed(std::span(text).subspan(at, std::min(piece, text.size() - at))));
    }
  }
  count_bytes(state, text.size());
}
BENCHMARK(utf8_in_pieces)->Arg(100)->Arg(1460)->Arg(65536);

void utf8_is_simdjson(benchmark::State& state) {
  const Bytes text = text_of(state.range(1) != 0, static_cast<std::size_t>(state.range(0)));
  const char* const chars = reinterpret_cast<const char*>(text.data());
  for (auto _ : state) benchmark::DoNotOptimize(simdjson::validate_utf8(chars, text.size()));
  count_bytes(state, text.size());
}
BENCHMARK(utf8_is_simdjson)->ArgNames({"size", "multibyte"})->ArgsProduct({{16, 256, 4096, 1 << 20}, {0, 1}});

// Messages of one size in a stream that arrives in pieces. The payload is unmasked in place, so each run masks
// what the one before unmasked; to the decoder it is the same.
void decode(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0)), piece = static_cast<std::size_t>(state.range(1));
  Bytes stream;
  while (stream.size() < 65536) append_frame(stream, size);
  const DecoderLimits limits;
  Decoder decoder(Role::kServer, limits);
  std::size_t messages = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      std::span<std::uint8_t> input = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
      for (;;) {
        const Decoder::Event event = decoder.next(input);
        if (event.kind != Decoder::Event::Kind::kMessage) break;
        benchmark::DoNotOptimize(event.payload.data());
        ++messages;
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}
BENCHMARK(decode)
    ->ArgNames({"size", "piece"})
    ->ArgsProduct({{20, 1000, 16384}, {65536, 1460, 100}})
    ->Args({20, 1})
    ->Args({1 << 20, 65536});

}  // namespace
}  // namespace ws::protocol
