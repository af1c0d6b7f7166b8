// Sending, receiving and waiting on one socket that does not block.
#include "tests/conformance/wire.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cerrno>
#include <system_error>
#include <utility>

#include "tests/conformance/chosen_wire.hpp"

namespace conformance {

namespace {

std::string error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

}  // namespace

void Deadline::check(std::string_view awaited) const {
  if (std::chrono::steady_clock::now() > end_) throw Broken("waited in vain for " + std::string(awaited));
}

Wire::Wire(reactor::FileDescriptor socket, Side side, Subject& subject)
    : socket_(std::move(socket)), side_(side), subject_(&subject) {
  if (!chosen_wire().tls) return;
  tls_ = std::make_unique<TlsLayer>(side);
  shake_hands();
}

void Wire::shake_hands() {
  const Deadline deadline;
  for (bool done = false; !done;) {
    done = tls_->shake_hands();
    send_all(tls_->seal(""));
    if (!done) await_more(deadline, "the handshake of TLS");
  }
  tls_->receive("", received_);  // what came with its last message
}

void Wire::send(std::string_view bytes) {
  if (tls_ == nullptr) {
    send_all(bytes);
  } else {
    send_all(sealed_.append(tls_->seal(bytes)));
    sealed_.clear();
  }
  subject_->turn();
}

void Wire::send_all(std::string_view bytes) {
  const Deadline deadline;
  while (true) {
    bytes.remove_prefix(send_some(bytes));
    if (bytes.empty()) return;
    read_what_there_is();
    subject_->wait(socket_.get(), static_cast<short>(end_ == End::kNone ? POLLIN | POLLOUT : POLLOUT));
    deadline.check("room to send");
  }
}

std::size_t Wire::send_some(std::string_view bytes) {
  std::size_t all = 0;
  while (all < bytes.size()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data() + all, bytes.size() - all, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) throw Broken("the peer takes no more: " + error_text(errno));
    all += static_cast<std::size_t>(sent);
  }
  return all;
}

std::size_t Wire::send_unread(std::string_view bytes) {
  std::size_t taken = 0;
  if (tls_ == nullptr) {
    taken = send_some(bytes);
  } else {
    if (sealed_.empty()) {
      sealed_ = tls_->seal(bytes);
      taken = bytes.size();
    }
    sealed_.erase(0, send_some(sealed_));
  }
  subject_->turn();
  return taken;
}

void Wire::append_encoded(const Frame& frame, std::string& out) {
  encode(frame, side_, std::bit_cast<Key>(key_), out);
  // Any sequence of keys will do that repeats itself late (xorshift).
  key_ ^= key_ << 13;
  key_ ^= key_ >> 17;
  key_ ^= key_ << 5;
}

std::string Wire::encoded(const Frame& frame) {
  std::string bytes;
  append_encoded(frame, bytes);
  return bytes;
}

void Wire::finish() {
  if (tls_ != nullptr) {
    const std::string end = tls_->seal_end();
    ::send(socket_.get(), end.data(), end.size(), MSG_NOSIGNAL);  // if the peer is there still
  }
  ::shutdown(socket_.get(), SHUT_WR);
}

void Wire::agree(std::string_view extensions) {
  extensions_ = extensions;
  deflate_ = std::make_unique<DeflatePeer>(side_, extensions);
}

void Wire::read_what_there_is() {
  std::array<char, 64 * 1024> piece;
  while (end_ == End::kNone) {
    const ssize_t result = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (result > 0) {
      const std::string_view bytes(piece.data(), static_cast<std::size_t>(result));
      if (tls_ == nullptr) {
        received_.append(bytes);
      } else {
        tls_->receive(bytes, received_);
      }
    } else if (result == 0) {
      end_ = tls_ == nullptr || tls_->peer_finished() ? End::kFinished : End::kTruncated;
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      end_ = End::kReset;
    }
  }
}

void Wire::await_more(const Deadline& deadline, std::string_view awaited) {
  if (end_ != End::kNone) {
    throw Broken(std::string(end_ == End::kReset ? "the connection was reset" : "the connection was closed") +
                 " instead of " + std::string(awaited));
  }
  deadline.check(awaited);
  subject_->wait(socket_.get(), POLLIN);
  read_what_there_is();
}

void Wire::take(std::size_t size) {
  taken_ += size;
  if (taken_ < received_.size()) return;
  received_.clear();
  taken_ = 0;
}

Frame Wire::receive() {
  const Deadline deadline;
  std::size_t size = 0;
  while (true) {
    if (auto frame = parse(unread(), side_ == Side::kClient ? Side::kServer : Side::kClient, size)) {
      take(size);
      if (deflate_ != nullptr) inflate(*frame);
      return *std::move(frame);
    }
    await_more(deadline, "a frame");
  }
}

// RFC 7692 6: RSV1 on the first frame of a message. Ours are never in fragments.
void Wire::inflate(Frame& frame) {
  if ((frame.reserved_bits & kRsv1) == 0 || !frame.final || (frame.opcode != kText && frame.opcode != kBinary)) return;
  frame.reserved_bits &= static_cast<std::uint8_t>(~kRsv1);
  frame.payload = deflate_->decompress(frame.payload);
  ++compressed_count_;
}

std::string Wire::receive_head() {
  constexpr std::string_view kEmptyLine = "\r\n\r\n";
  const Deadline deadline;
  while (unread().find(kEmptyLine) == std::string_view::npos) await_more(deadline, "a head of HTTP");
  std::string head(unread().substr(0, unread().find(kEmptyLine) + kEmptyLine.size()));
  take(head.size());
  return head;
}

Wire::End Wire::receive_end() {
  const Deadline deadline;
  while (end_ == End::kNone) await_more(deadline, "the end");
  if (!unread().empty()) {
    std::size_t size = 0;
    const auto frame = parse(unread(), side_ == Side::kClient ? Side::kServer : Side::kClient, size);
    throw Broken("something came before the end: " +
                 (frame ? describe(*frame) : std::to_string(unread().size()) + " bytes that are no frame"));
  }
  return end_;
}

bool Wire::has_received() {
  read_what_there_is();
  return !unread().empty() || end_ != End::kNone;
}

std::optional<std::string> field_of(const std::string& head, const std::string& name) {
  const std::string before = "\r\n" + name + ": ";
  const std::size_t start = head.find(before);
  if (start == std::string::npos) return std::nullopt;
  const std::size_t from = start + before.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

}  // namespace conformance
