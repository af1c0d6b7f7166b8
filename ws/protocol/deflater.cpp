// zlib and libdeflate at work. What is ours: which of them takes a message, and how the message ends.
#include "ws/protocol/deflater.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "ws/protocol/zlib_memory.hpp"

namespace ws::protocol {
namespace {

// Of both: a server has many messages to send. Level 6 costs three to five times the time and saves a tenth of the
// bytes.
constexpr int kLevel = 1;

// From this size on libdeflate is the faster one. It has 128 KiB of tables to clear for each message.
constexpr std::size_t kLibdeflateFrom = 4096;

// The window of the stream for smaller messages: they fit it, and its tables are soon cleared.
constexpr std::uint8_t kSmallWindowBits = 12;

// zlib's sizes have 32 bits. What is larger goes as it is.
constexpr std::size_t kLargestMessage = std::size_t{1} << 30;

// RFC 7692 7.2.1: a flush ends with these, and they are taken off.
constexpr std::size_t kTailSize = 4;

}  // namespace

std::span<const std::uint8_t> CompressedMessage::frame(Opcode opcode) const {
  std::array<std::uint8_t, kMaxHeaderSize> header;
  const std::size_t size = write_frame_header(header, true, kCompressedBit, opcode, payload().size(), std::nullopt);
  const auto whole = bytes_.subspan(kMaxHeaderSize - size);
  std::copy_n(header.begin(), size, whole.begin());
  return whole;
}

std::unique_ptr<DeflateStream> DeflateStream::make(std::uint8_t window_bits) {
  assert(window_bits >= kMinWindowBits && window_bits <= kMaxWindowBits);
  std::unique_ptr<DeflateStream> stream(new (std::nothrow) DeflateStream);
  if (stream == nullptr) return nullptr;
  stream->zlib_.zalloc = allocate_counted;
  stream->zlib_.zfree = free_counted;
  stream->zlib_.opaque = &stream->allocated_;
  // Tables in proportion to the window: 2^(memory_level + 7) entries.
  const int memory_level = window_bits - 8;
  const int result = deflateInit2(&stream->zlib_, kLevel, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY);
  return result == Z_OK ? std::move(stream) : nullptr;
}

DeflateStream::~DeflateStream() { deflateEnd(&zlib_); }

// zlib's bound is for a stream that is ended; a flush has an empty block and its last bits more.
std::size_t DeflateStream::bound(std::size_t size) { return deflateBound(&zlib_, size) + 16; }

bool DeflateStream::append_to(MessageBuffer& out, std::span<const std::uint8_t> message) {
  const std::span<std::uint8_t> room = out.room();
  // RFC 7692 7.2.3.6: the empty message. zlib would not flush twice with nothing in between.
  if (message.empty() && !room.empty()) {
    out.extend(1)[0] = 0x00;
    return true;
  }
  zlib_.next_in = const_cast<std::uint8_t*>(message.data());  // zlib only reads it
  zlib_.avail_in = static_cast<uInt>(message.size());
  zlib_.next_out = room.data();
  zlib_.avail_out = static_cast<uInt>(room.size());
  const int result = deflate(&zlib_, Z_SYNC_FLUSH);
  // It is done only where there was room for more.
  if (result != Z_OK || zlib_.avail_in > 0 || zlib_.avail_out == 0) return false;
  out.extend(room.size() - zlib_.avail_out - kTailSize);
  return true;
}

Deflater::Deflater() = default;
Deflater::~Deflater() = default;

void Deflater::FreeCompressor::operator()(libdeflate_compressor* compressor) const {
  libdeflate_free_compressor(compressor);
}

// Empties the memory for what is made and gives it room for `most` bytes behind a header.
bool Deflater::begin(std::size_t most) {
  if (out_.capacity() > kLargestKept) out_ = {};
  out_.clear();
  if (!out_.reserve(kMaxHeaderSize + most)) return false;
  out_.extend(kMaxHeaderSize);
  return true;
}

CompressedMessage Deflater::compress(std::span<const std::uint8_t> message, const DeflateDirection& agreed) {
  assert(!agreed.context_takeover);
  const std::uint8_t bits = agreed.window_bits;
  if (bits < kMinWindowBits || message.empty() || message.size() > kLargestMessage) return {};
  // What does not become smaller is not worth the receiver's time: there is no room for it.
  if (!begin(message.size() + kTailSize)) return {};
  const bool fits_window = message.size() <= std::size_t{1} << bits || bits == kMaxWindowBits;
  const bool whole = agreed.final_blocks && fits_window && message.size() >= kLibdeflateFrom;
  const bool small = message.size() <= std::size_t{1} << kSmallWindowBits;
  const bool made =
      whole ? append_whole(message) : append_streamed(message, small ? std::min(bits, kSmallWindowBits) : bits);
  return made ? CompressedMessage(out_.bytes()) : CompressedMessage();
}

// RFC 7692 7.2.3.4: libdeflate's last block is a final one, and an empty block goes behind it, of which all but the
// first byte is taken off. That byte is needed: without it Chromium fails the connection.
bool Deflater::append_whole(std::span<const std::uint8_t> message) {
  if (whole_ == nullptr) whole_.reset(libdeflate_alloc_compressor(kLevel));
  if (whole_ == nullptr) return false;
  const auto room = out_.room().first(message.size() - 2);
  const std::size_t size =
      libdeflate_deflate_compress(whole_.get(), message.data(), message.size(), room.data(), room.size());
  if (size == 0) return false;
  out_.extend(size);
  out_.extend(1)[0] = 0x00;
  return true;
}

bool Deflater::append_streamed(std::span<const std::uint8_t> message, std::uint8_t window_bits) {
  std::unique_ptr<DeflateStream>& stream = streams_[static_cast<std::size_t>(window_bits - kMinWindowBits)];
  if (stream == nullptr) stream = DeflateStream::make(window_bits);
  if (stream == nullptr) return false;
  stream->forget();
  return stream->append_to(out_, message);
}

CompressedMessage Deflater::compress(std::span<const std::uint8_t> message, DeflateContext& context) {
  if (context.window_bits_ < kMinWindowBits || message.size() > kLargestMessage) return {};
  if (context.stream_ == nullptr) context.stream_ = DeflateStream::make(context.window_bits_);
  if (context.stream_ == nullptr || !begin(context.stream_->bound(message.size()))) return {};
  if (!context.stream_->append_to(out_, message)) {
    context.stream_->forget();
    return {};
  }
  return CompressedMessage(out_.bytes());
}

std::size_t Deflater::memory() const {
  std::size_t size = out_.capacity();
  for (const auto& stream : streams_) size += stream == nullptr ? 0 : stream->memory();
  return size;
}

}  // namespace ws::protocol
