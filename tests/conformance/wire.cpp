// Sending, receiving and waiting on one socket that does not block.
#include "tests/conformance/wire.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cerrno>
#include <system_error>
#include <utility>

namespace conformance {

namespace {

std::string error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

}  // namespace

void Deadline::check(std::string_view awaited) const {
  if (std::chrono::steady_clock::now() > end_) throw Broken("waited in vain for " + std::string(awaited));
}

Wire::Wire(reactor::FileDescriptor socket, Side side, Subject& subject)
    : socket_(std::move(socket)), side_(side), subject_(&subject) {}

void Wire::send(std::string_view bytes) {
  const Deadline deadline;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN) throw Broken("the peer takes no more: " + error_text(errno));
    read_what_there_is();
    subject_->wait(socket_.get(), static_cast<short>(end_ == End::kNone ? POLLIN | POLLOUT : POLLOUT));
    deadline.check("room to send");
  }
  subject_->turn();
}

std::size_t Wire::send_unread(std::string_view bytes) {
  const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) throw Broken("the peer takes no more: " + error_text(errno));
  subject_->turn();
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
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

void Wire::finish() { ::shutdown(socket_.get(), SHUT_WR); }

void Wire::read_what_there_is() {
  std::array<char, 64 * 1024> piece;
  while (end_ == End::kNone) {
    const ssize_t result = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (result > 0) {
      received_.append(piece.data(), static_cast<std::size_t>(result));
    } else if (result == 0) {
      end_ = End::kFinished;
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
      return *std::move(frame);
    }
    await_more(deadline, "a frame");
  }
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

}  // namespace conformance
