// A stream is lent at a message's first byte and given back behind its last, so that it serves all connections in turn.
#include "ws/app/bench_inflate.hpp"

#include <utility>

namespace ws::app {

void BenchInflate::begin() {
  message_.clear();
  stream_ = inflater_.lend_stream();
  const auto history = history_ ? history_->bytes() : std::span<const std::uint8_t>();
  if (stream_ == nullptr || !stream_->begin(history)) error_ = protocol::Error::kOutOfMemory;
}

void BenchInflate::feed(std::span<const std::uint8_t> bytes) {
  if (error_ == protocol::Error::kNone && stream_ == nullptr) begin();
  if (error_ != protocol::Error::kNone) return;
  error_ = stream_->feed(bytes, {.out = message_, .limit = kLargest});
}

std::optional<std::span<const std::uint8_t>> BenchInflate::finish() {
  feed({});  // a message may have no bytes at all
  if (error_ == protocol::Error::kNone) error_ = stream_->finish({.out = message_, .limit = kLargest});
  if (error_ != protocol::Error::kNone) return std::nullopt;
  inflater_.take_back(std::move(stream_));
  if (history_ && !history_->append(message_.bytes())) error_ = protocol::Error::kOutOfMemory;
  return message_.bytes();
}

}  // namespace ws::app
