// The body is looked at only as far as it is shown; its framing is that of RFC 9112 6.3.
#include "ws/refusal_words.hpp"

#include <algorithm>
#include <charconv>

#include "ws/protocol/utf8.hpp"

namespace ws {

std::string_view printable_front(std::string_view text, std::size_t limit) {
  text = text.substr(0, limit);
  std::size_t size = 0;
  while (size < text.size()) {
    const protocol::Character next = protocol::first_character(text.substr(size));
    if (next.size == 0 || protocol::must_not_be_shown(next.number)) break;
    size += next.size;
  }
  return text.substr(0, size);
}

RefusalWords::RefusalWords(const http::ResponseParser& head) {
  if (head.header("Transfer-Encoding")) {
    chunks_.emplace();
  } else if (const auto length = head.header("Content-Length")) {
    std::from_chars(length->data(), length->data() + length->size(), length_);
  }
  const auto type = head.header("Content-Type");
  for_people_ = !type || type->find("html") == std::string_view::npos;
}

void RefusalWords::feed(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (complete()) return;
  if (chunks_) {
    chunks_->take(text, body_, SIZE_MAX, {});
  } else {
    body_ += text.substr(0, std::min(kLongest, length_) - body_.size());
  }
}

bool RefusalWords::complete() const {
  if (!for_people_ || body_.size() >= std::min(kLongest, length_)) return true;
  if (chunks_ && chunks_->state() != http::ChunkedBody::State::kReceiving) return true;
  // Behind what may be shown stands what may not, unless it is a character that is not yet whole.
  const std::string_view rest = std::string_view(body_).substr(text().size());
  return !rest.empty() && (rest.size() >= 4 || static_cast<std::uint8_t>(rest.front()) < 0x80);
}

}  // namespace ws
