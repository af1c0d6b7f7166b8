// DEFLATE for the tests, made and read by zlib alone and not by what is tested; and texts to compress.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>

#include "tests/ws/protocol/bytes.hpp"

namespace ws::protocol::test {

// zlib's compressor as another endpoint has it: flushes at the end of each message and takes the last four bytes off.
class ZlibSender {
 public:
  explicit ZlibSender(int window_bits = 15, int level = 6, int strategy = Z_DEFAULT_STRATEGY) {
    EXPECT_EQ(deflateInit2(&zlib_, level, Z_DEFLATED, -window_bits, 8, strategy), Z_OK);
  }
  ZlibSender(const ZlibSender&) = delete;
  ZlibSender& operator=(const ZlibSender&) = delete;
  ~ZlibSender() { deflateEnd(&zlib_); }

  Bytes send(std::span<const std::uint8_t> message, int flush = Z_SYNC_FLUSH) {
    if (message.empty() && flush == Z_SYNC_FLUSH) return hex("00");  // zlib would not flush twice
    Bytes out(message.size() * 2 + 4096);
    zlib_.next_in = const_cast<std::uint8_t*>(message.data());
    zlib_.avail_in = static_cast<uInt>(message.size());
    zlib_.next_out = out.data();
    zlib_.avail_out = static_cast<uInt>(out.size());
    deflate(&zlib_, flush);
    if (flush == Z_FINISH) deflateReset(&zlib_);
    out.resize(out.size() - zlib_.avail_out - (flush == Z_SYNC_FLUSH ? 4 : 0));
    return out;
  }

 private:
  z_stream zlib_ = {};
};

inline Bytes deflated(std::span<const std::uint8_t> message, int window_bits = 15, int level = 6) {
  return ZlibSender(window_bits, level).send(message);
}

// The message in one final block, without anything behind it.
inline Bytes deflated_with_final_block(std::span<const std::uint8_t> message) {
  return ZlibSender().send(message, Z_FINISH);
}

// zlib's inflater as another endpoint has it, with a window of just the agreed size. What it makes is taken from it
// byte by byte, so that it has nothing but that window to look back into.
class ZlibReceiver {
 public:
  explicit ZlibReceiver(int window_bits) { EXPECT_EQ(inflateInit2(&zlib_, -window_bits), Z_OK); }
  ZlibReceiver(const ZlibReceiver&) = delete;
  ZlibReceiver& operator=(const ZlibReceiver&) = delete;
  ~ZlibReceiver() { inflateEnd(&zlib_); }

  // Nothing if it is wrong.
  std::optional<Bytes> receive(std::span<const std::uint8_t> payload) {
    const Bytes whole = Bytes(payload.begin(), payload.end()) + hex("00 00 FF FF");
    zlib_.next_in = const_cast<std::uint8_t*>(whole.data());
    zlib_.avail_in = static_cast<uInt>(whole.size());
    Bytes out;
    while (true) {
      std::uint8_t byte = 0;
      zlib_.next_out = &byte;
      zlib_.avail_out = 1;
      const int result = inflate(&zlib_, Z_SYNC_FLUSH);
      if (zlib_.avail_out == 0) out.push_back(byte);
      if (result == Z_STREAM_END) inflateReset(&zlib_);
      if (result < 0 && result != Z_BUF_ERROR) return std::nullopt;
      if (zlib_.avail_in == 0 && zlib_.avail_out == 1) return out;
    }
  }

 private:
  z_stream zlib_ = {};
};

// A text as chats have it: it compresses well, at every distance.
inline Bytes chatter(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string words;
  while (words.size() < size) {
    words += "{\"user\":\"user" + std::to_string(random() % 50) + "\",\"text\":\"message number " +
             std::to_string(random() % 1000) + "\"},";
  }
  return text(std::string_view(words).substr(0, size));
}

// Bytes that cannot be made smaller.
inline Bytes noise(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 7);
  return bytes;
}

}  // namespace ws::protocol::test
