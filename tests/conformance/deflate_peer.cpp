// RFC 7692 7.2 in a few lines of zlib.
#include "tests/conformance/deflate_peer.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "tests/conformance/wire.hpp"

namespace conformance {

namespace {

constexpr std::string_view kTail("\x00\x00\xFF\xFF", 4);

bool names(std::string_view answer, std::string_view parameter) {
  return answer.find(parameter) != std::string_view::npos;
}

int window_bits(std::string_view answer, std::string_view parameter) {
  const std::size_t at = answer.find(parameter);
  if (at == std::string_view::npos) return 15;
  const std::string_view value = answer.substr(at + parameter.size() + 1);
  int bits = 0;
  std::from_chars(value.data(), value.data() + value.size(), bits);
  return bits;
}

Bytef* input_of(std::string_view bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())); }

}  // namespace

DeflatePeer::DeflatePeer(Side side, std::string_view answer) {
  const bool client = side == Side::kClient;
  const std::string_view our_side = client ? "client" : "server";
  const std::string_view their_side = client ? "server" : "client";
  we_forget_ = names(answer, std::string(our_side) + "_no_context_takeover");
  they_forget_ = names(answer, std::string(their_side) + "_no_context_takeover");
  const int our_window = window_bits(answer, std::string(our_side) + "_max_window_bits");
  const int their_window = window_bits(answer, std::string(their_side) + "_max_window_bits");
  if (deflateInit2(&deflate_, Z_BEST_SPEED, Z_DEFLATED, -our_window, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
      inflateInit2(&inflate_, -their_window) != Z_OK) {
    throw Broken("zlib cannot do what was agreed: " + std::string(answer));
  }
}

DeflatePeer::~DeflatePeer() {
  deflateEnd(&deflate_);
  inflateEnd(&inflate_);
}

std::string DeflatePeer::compress(std::string_view message) {
  if (we_forget_) deflateReset(&deflate_);
  std::string payload(deflateBound(&deflate_, message.size()) + 64, '\0');
  deflate_.next_in = input_of(message);
  deflate_.avail_in = static_cast<uInt>(message.size());
  deflate_.next_out = reinterpret_cast<Bytef*>(payload.data());
  deflate_.avail_out = static_cast<uInt>(payload.size());
  deflate(&deflate_, Z_SYNC_FLUSH);
  payload.resize(payload.size() - deflate_.avail_out - kTail.size());
  return payload;
}

std::string DeflatePeer::decompress(std::string_view payload) {
  if (they_forget_) inflateReset(&inflate_);
  std::string message;
  const std::string whole = std::string(payload).append(kTail);
  inflate_.next_in = input_of(whole);
  inflate_.avail_in = static_cast<uInt>(whole.size());
  // In small pieces: what is behind them is only there as far back as the window reaches.
  std::array<char, 256> piece;
  do {
    inflate_.next_out = reinterpret_cast<Bytef*>(piece.data());
    inflate_.avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(&inflate_, Z_SYNC_FLUSH);
    message.append(piece.data(), piece.size() - inflate_.avail_out);
    if (result == Z_STREAM_END && !they_forget_) throw Broken("a final block, though the context is taken over");
    if (result == Z_STREAM_END) inflateReset(&inflate_);
    if (result < 0 && result != Z_BUF_ERROR) throw Broken("the payload is not DEFLATE within the agreed window");
  } while (inflate_.avail_in > 0 || inflate_.avail_out == 0);
  return message;
}

}  // namespace conformance
