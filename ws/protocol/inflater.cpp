// zlib's inflate at work. What is ours: where it may write, when a message is whole, and how it goes on behind a final
// block.
#include "ws/protocol/inflater.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

#include "ws/protocol/zlib_memory.hpp"

namespace ws::protocol {
namespace {

// RFC 1951 3.3.3: no distance is longer, so this window serves streams of every agreed size.
constexpr int kRawWindowBits = -15;

// How much is handed to zlib at once, whose sizes have 32 bits.
constexpr std::size_t kLargestPiece = std::size_t{1} << 30;

// RFC 7692 7.2.1, 7.2.2: what the sender took off the end of the message.
constexpr std::array<std::uint8_t, 4> kTail = {0x00, 0x00, 0xFF, 0xFF};

// In z_stream::data_type.
constexpr int kBetweenBlocks = 128;
constexpr int kUnusedBits = 63;

}  // namespace

std::unique_ptr<InflateStream> InflateStream::make() {
  std::unique_ptr<InflateStream> stream(new (std::nothrow) InflateStream);
  if (stream == nullptr) return nullptr;
  stream->zlib_.zalloc = allocate_counted;
  stream->zlib_.zfree = free_counted;
  stream->zlib_.opaque = &stream->allocated_;
  return inflateInit2(&stream->zlib_, kRawWindowBits) == Z_OK ? std::move(stream) : nullptr;
}

InflateStream::~InflateStream() {
  hold(nullptr, 0);
  inflateEnd(&zlib_);
}

void InflateStream::hold(const std::shared_ptr<std::size_t>& allowance, std::size_t size) {
  if (allowance_ != nullptr) *allowance_ -= held_;
  allowance_ = allowance;
  held_ = size;
  if (allowance_ != nullptr) *allowance_ += held_;
}

bool InflateStream::begin(std::span<const std::uint8_t> history) {
  inflateReset(&zlib_);
  zlib_.data_type = kBetweenBlocks;
  zlib_.avail_in = 0;
  final_block_ended_ = false;
  return history.empty() || inflateSetDictionary(&zlib_, history.data(), static_cast<uInt>(history.size())) == Z_OK;
}

Error InflateStream::feed(std::span<const std::uint8_t> piece, const InflateTarget& target) {
  while (!piece.empty()) {
    const auto part = piece.first(std::min(piece.size(), kLargestPiece));
    piece = piece.subspan(part.size());
    zlib_.next_in = const_cast<std::uint8_t*>(part.data());  // zlib only reads it
    zlib_.avail_in = static_cast<uInt>(part.size());
    // All is out only where there was room for more.
    do {
      const Error error = inflate_some(target);
      if (error != Error::kNone) return error;
    } while (zlib_.avail_in > 0 || (zlib_.avail_out == 0 && !final_block_ended_));
  }
  return Error::kNone;
}

// One call of zlib. What it has inflated is judged before what it says, because that came first.
Error InflateStream::inflate_some(const InflateTarget& target) {
  // RFC 7692 7.2.3.4: behind a final block the message goes on with another, in the same window; zlib has to be told.
  if (std::exchange(final_block_ended_, false)) inflateResetKeep(&zlib_);

  MessageBuffer& out = target.out;
  const bool at_limit = out.size() >= target.limit;
  if (!at_limit && out.room().empty() &&
      !out.reserve(std::min<std::uint64_t>(target.limit, std::max(kSmallBuffer, 2 * out.size())))) {
    return Error::kOutOfMemory;
  }
  // At the limit there is room for one byte more, to see whether it comes: not all that is used up is finished.
  std::uint8_t beyond = 0;
  std::span<std::uint8_t> room(&beyond, 1);
  if (!at_limit)
    room = out.room().first(std::min<std::uint64_t>({out.room().size(), target.limit - out.size(), kLargestPiece}));
  zlib_.next_out = room.data();
  zlib_.avail_out = static_cast<uInt>(room.size());
  const int result = inflate(&zlib_, Z_SYNC_FLUSH);

  const std::size_t made = room.size() - zlib_.avail_out;
  if (at_limit && made > 0) return Error::kMessageTooBig;
  const auto inflated = at_limit ? std::span<std::uint8_t>() : out.extend(made);
  if (target.text_check != nullptr && !target.text_check->feed(inflated)) return Error::kInvalidUtf8;
  final_block_ended_ = result == Z_STREAM_END;
  if (result == Z_MEM_ERROR) return Error::kOutOfMemory;
  // Z_BUF_ERROR: there was nothing left to do, which is no error.
  return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR ? Error::kNone : Error::kInvalidDeflate;
}

bool InflateStream::between_blocks() const {
  return final_block_ended_ || (zlib_.data_type & (kBetweenBlocks | kUnusedBits)) == kBetweenBlocks;
}

// RFC 7692 7.2.1: a message ends with an empty stored block whose last four bytes were taken off. To end with a final
// block (7.2.3.4 has the empty one behind it, some senders have not), with all of the empty block, or with nothing at
// all is just as clear. To end within a block is not: more was to come.
Error InflateStream::finish(const InflateTarget& target) {
  if (between_blocks()) return Error::kNone;
  const std::size_t size = target.out.size();
  const Error error = feed(kTail, {.out = target.out, .limit = target.limit});
  if (error == Error::kOutOfMemory) return error;
  // They must have been the end of that block and not the data of another.
  const bool ended = error == Error::kNone && between_blocks() && target.out.size() == size;
  return ended ? Error::kNone : Error::kInvalidDeflate;
}

bool InflateHistory::append(std::span<const std::uint8_t> message) {
  message = message.last(std::min(message.size(), most_));
  const std::size_t kept = std::min(kept_.size(), most_ - message.size());
  if (!kept_.reserve(std::min(most_, std::max(kept + message.size(), 2 * kept_.size())))) return false;
  kept_.drop_front(kept_.size() - kept);
  kept_.append(message);
  return true;
}

std::unique_ptr<InflateStream> Inflater::lend_stream() {
  return stream_ != nullptr ? std::move(stream_) : InflateStream::make();
}

void Inflater::take_back(std::unique_ptr<InflateStream> stream) {
  if (stream == nullptr) return;
  stream->hold(nullptr, 0);
  if (stream_ == nullptr) stream_ = std::move(stream);
}

void Inflater::take_back(MessageBuffer buffer) {
  if (buffer.capacity() <= buffer_.capacity() || buffer.capacity() > kLargestKept) return;
  buffer_ = std::move(buffer);
  buffer_.clear();
}

std::size_t Inflater::memory() const { return buffer_.capacity() + (stream_ != nullptr ? stream_->memory() : 0); }

}  // namespace ws::protocol
