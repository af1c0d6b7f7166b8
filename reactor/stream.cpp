// The life of one socket: receive, write, and end, in that order below. Two rules hold throughout. A handler may do
// anything from inside its calls, so after each call the stream first asks whether it still exists (the cork's
// owner is null then) and is open. And nothing calls a handler from inside a write: a send that fails is remembered
// and reported at the end of the turn, so that no write runs anybody's code.
#include "reactor/stream.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace reactor {

namespace {

// What one connection may receive before the others have had their turn.
constexpr std::size_t kShare = 64 * 1024;
// Writes above this are sent from where they are and not copied to the cork.
constexpr std::size_t kLargestCorked = 2048;
// Above this a copy to the queue costs more than sending first what is queued already.
constexpr std::size_t kLargestQueued = 32 * 1024;
constexpr std::size_t kMaxPieces = 256;  // for one system call

iovec as_iovec(std::span<const std::uint8_t> bytes) {
  // sendmsg takes iovec, which has no const; it does not write.
  return {.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace

Stream::Stream(Loop& loop, FileDescriptor socket) : loop_(loop), socket_(std::move(socket)) {}
Stream::Stream(Loop& loop, FileDescriptor socket, Layered) : Stream(loop, std::move(socket)) { layered_ = true; }

Stream::~Stream() {
  if (loop_.cork_.owner == this) {
    pull_cork();
    loop_.cork_.owner = nullptr;
  }
  loop_.forget(*this);
}

void Stream::attach(StreamHandler& handler) {
  const bool first = handler_ == nullptr;
  handler_ = &handler;
  if (!first) return;
  if (!loop_.try_watch(fd(), *this, kReadEvents)) return abort();
  on_attach();
}

// ---- Reading

void Stream::on_events(std::uint32_t events) {
  if (closed() || failed_) return;
  if (events != EPOLLIN && !on_rare_events(events)) return;
  readable_ = true;
  receive();
}

// All but plain input. Returns whether there is something to read, if only the end.
bool Stream::on_rare_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hang_up_ = true;
  if (full_ && (events & (EPOLLHUP | EPOLLERR)) != 0) {
    act_at_turn_end();  // sending will fail, but first comes what the peer said before it went
  } else if (full_ && (events & EPOLLOUT) != 0 && !on_room()) {
    return false;
  }
  if (!input_finished_) return events != EPOLLOUT;
  // Every event after the end repeats it. Only a reset is news then, and recv does not tell it any more.
  if ((events & EPOLLERR) != 0) end();
  return false;
}

void Stream::on_again() {
  share_asked_ = false;
  if (!closed() && !failed_) receive();
}

void Stream::resume_reading() {
  reading_paused_ = false;
  if (!readable_ || share_asked_ || closed()) return;
  share_asked_ = true;
  loop_.again(*this);
}

void Stream::receive() {
  for (std::size_t received = 0; readable_ && !reading_paused_;) {
    if (received >= kShare) return resume_reading();
    std::span<std::uint8_t> room = use_landing_ ? handler_->landing() : std::span<std::uint8_t>();
    if (room.empty()) room = {loop_.receive_buffer_.get(), Loop::kReceiveBufferSize};
    const ssize_t result = receive_some(room);
    if (result > 0) {
      const auto size = static_cast<std::size_t>(result);
      received += size;
      if (!corked([&] { handler_->on_input(room.first(size)); })) return;
    } else if (result == 0) {
      readable_ = false;
      input_finished_ = true;
      return handler_->on_end(StreamEnd::kFinished);
    } else if (errno == EAGAIN) {
      readable_ = false;
    } else if (errno != EINTR) {
      return end();
    }
  }
}

ssize_t Stream::receive_some(std::span<std::uint8_t> room) {
  if (layered_) [[unlikely]]
    return receive_layered(room);
  const ssize_t result = ::recv(fd(), room.data(), room.size(), 0);
  // A short read has emptied the socket: what comes later makes a new event, and asking for EAGAIN would be a
  // system call for nothing. Not so after a hang-up, which is reported once: then read to the end.
  readable_ = result == static_cast<ssize_t>(room.size()) || hang_up_ || result <= 0;
  return result;
}

// Runs a handler's function with the cork in; what it wrote leaves in one send afterwards. Returns whether the stream
// still exists and is open.
template <class Function>
bool Stream::corked(const Function& function) {
  Loop::Cork& cork = loop_.cork_;
  cork.owner = this;
  if (queue_ == nullptr && !output_finished_ && !failed_) cork.capacity = Loop::kCorkSize;
  function();
  if (cork.owner != this) return false;
  flush();
  pull_cork();
  cork.owner = nullptr;
  return !closed() && !failed_;
}

// From here on nothing is corked in this turn; what was is lost, if it has not been sent or queued.
void Stream::pull_cork() { loop_.cork_.size = loop_.cork_.capacity = 0; }

// ---- Writing

void Stream::write(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload) {
  const std::size_t refused = write_some(header, payload);
  if (refused > 0) queue().append_copy(payload.last(refused));
}

std::size_t Stream::write_some(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload) {
  if (output_finished_ || failed_ || closed()) return 0;
  const std::size_t size = header.size() + payload.size();
  if (size > kLargestCorked) {
    if (queue_ != nullptr && size > kLargestQueued) flush();
    if (queue_ == nullptr) return send_now(header, payload);
    if (failed_) return 0;
    queue().append_copy(header);
    return payload.size();
  }
  std::uint8_t* room = cork_room(size);
  if (room == nullptr && corked_bytes() > 0) {
    flush();
    room = cork_room(size);
  }
  if (room == nullptr) {
    queue().append_copy(header);
    queue().append_copy(payload);
  } else {
    std::copy(payload.begin(), payload.end(), std::copy(header.begin(), header.end(), room));
    add_corked(size);
  }
  return 0;
}

void Stream::write_shared(SharedBytes bytes, std::size_t offset, std::size_t size, OutputQueue::Tag tag) {
  if (output_finished_ || failed_ || closed()) return;
  queue().append_shared(std::move(bytes), offset, size, tag);
}

// The queue, made where there is none, with what was corked at its front: the order of writes is kept.
OutputQueue& Stream::queue() {
  if (queue_ == nullptr) {
    queue_ = std::make_unique<OutputQueue>();
    queue_->append_copy({loop_.cork_.bytes.get(), corked_bytes()});
    if (loop_.cork_.owner == this) pull_cork();
  }
  if (!full_) act_at_turn_end();
  return *queue_;
}

std::size_t Stream::corked_bytes() const { return loop_.cork_.owner == this ? loop_.cork_.size : 0; }

// Sends what is corked, `header` and `payload` from where they are. What the socket refuses of the first two is
// queued; returns how much it refused of the payload.
std::size_t Stream::send_now(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload) {
  const std::span<const std::uint8_t> corked = {loop_.cork_.bytes.get(), corked_bytes()};
  if (!corked.empty()) loop_.cork_.size = 0;  // the bytes stay where they are
  std::array<iovec, 3> pieces = {as_iovec(corked), as_iovec(header), as_iovec(payload)};
  std::size_t sent = send(pieces);
  if (failed_ || sent == corked.size() + header.size() + payload.size()) return 0;
  const auto rest_of = [&sent](std::span<const std::uint8_t> bytes) {
    const std::size_t part = std::min(sent, bytes.size());
    sent -= part;
    return bytes.subspan(part);
  };
  queue().append_copy(rest_of(corked));
  queue().append_copy(rest_of(header));
  return rest_of(payload).size();
}

void Stream::flush() {
  if (const std::size_t size = corked_bytes(); size > 0) {
    loop_.cork_.size = 0;
    const std::span<const std::uint8_t> bytes(loop_.cork_.bytes.get(), size);
    const std::size_t sent = send(bytes);
    if (sent < size && !failed_) queue().append_copy(bytes.subspan(sent));
  } else if (queue_ != nullptr && !full_ && !failed_) {
    flush_queue();
  }
}

void Stream::flush_queue() {
  std::array<iovec, kMaxPieces> pieces;
  while (!queue_->empty()) {
    const std::span<iovec> front(pieces.data(), queue_->front(pieces));
    const std::size_t sent = send(front);
    queue_->remove_front(sent);
    if (full_ || failed_) return;
  }
  queue_.reset();
  if (output_finished_) send_fin();
}

[[gnu::noinline]] std::size_t Stream::send_one_layered(std::span<const std::uint8_t> bytes) {
  iovec piece = as_iovec(bytes);
  return send_layered({&piece, 1});
}

// Hands bytes to the socket, once, and returns how many it took.
std::size_t Stream::send(std::span<const std::uint8_t> bytes) {
  if (layered_) [[unlikely]]
    return send_one_layered(bytes);
  ssize_t result = 0;
  do {
    result = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  if (result == static_cast<ssize_t>(bytes.size())) [[likely]]
    return bytes.size();
  return count_sent(result);
}

std::size_t Stream::send(std::span<iovec> pieces) {
  if (layered_) return send_layered(pieces);
  const msghdr message = {.msg_name = nullptr,
                          .msg_namelen = 0,
                          .msg_iov = pieces.data(),
                          .msg_iovlen = pieces.size(),
                          .msg_control = nullptr,
                          .msg_controllen = 0,
                          .msg_flags = 0};
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  ssize_t result = 0;
  do {
    result = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  return result == static_cast<ssize_t>(size) ? size : count_sent(result);
}

// The socket did not take all. Returns how much it took.
std::size_t Stream::count_sent(ssize_t result) {
  if (result < 0 && errno != EAGAIN) return fail(), 0;
  become_full();
  return result < 0 ? 0 : static_cast<std::size_t>(result);
}

void Stream::become_full() {
  assert(handler_ != nullptr);
  full_ = true;
  if (!room_watched_ && !loop_.try_rewatch(fd(), *this, kReadEvents | EPOLLOUT)) return fail();
  room_watched_ = true;
}

void Stream::fail() {
  failed_ = true;
  act_at_turn_end();
}

// The socket has room again. Returns whether the stream still exists and is open.
bool Stream::on_room() {
  full_ = false;
  if (send_sealed()) {
    if (queue_ != nullptr) {
      flush_queue();
    } else if (output_finished_) {
      send_fin();
    }
  }
  if (failed_) return end(), false;
  if (full_) return true;
  if (room_watched_ && !loop_.try_rewatch(fd(), *this, kReadEvents)) return end(), false;
  room_watched_ = false;
  return corked([this] { handler_->on_drained(); });
}

void Stream::act_at_turn_end() {
  if (turn_end_asked_) return;
  turn_end_asked_ = true;
  loop_.at_turn_end(*this);
}

void Stream::on_turn_end() {
  turn_end_asked_ = false;
  if (closed()) return;
  if (full_ && hang_up_ && !failed_ && !on_room()) return;
  if (!full_ && !failed_ && queue_ != nullptr) flush_queue();
  if (failed_) end();
}

std::size_t Stream::unacknowledged() const {
  int bytes = 0;
  return !closed() && ::ioctl(fd(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

OutputProgress Stream::output_progress() const {
  const auto on_its_way = static_cast<std::uint32_t>(unsent() + unacknowledged());
  tcp_info info{};
  socklen_t size = sizeof info;
  // A unix socket counts nothing: there all that was ever written is 0, and what is on its way is before that.
  const bool counted = ::getsockopt(fd(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  const std::uint32_t taken = counted ? static_cast<std::uint32_t>(info.tcpi_bytes_acked) : 0U - on_its_way;
  return {.taken = taken, .written = taken + on_its_way};
}

// ---- The end

void Stream::finish_output() {
  if (output_finished_ || closed()) return;
  flush();
  if (loop_.cork_.owner == this) pull_cork();
  output_finished_ = true;
  if (queue_ == nullptr && !full_) send_fin();
}

void Stream::send_fin() { ::shutdown(fd(), SHUT_WR); }

void Stream::close() {
  if (socket_.valid() && !failed_ && queue_ == nullptr) say_goodbye();
  if (loop_.cork_.owner == this) pull_cork();
  queue_.reset();
  socket_.close();
}

void Stream::abort() {
  if (closed() || failed_) return;
  if (loop_.cork_.owner == this) pull_cork();
  fail();
}

void Stream::end() {
  close();
  handler_->on_end(StreamEnd::kLost);
}

Address Stream::peer() const { return Address::of_peer(fd()); }
Address Stream::local() const { return Address::of_socket(fd()); }

}  // namespace reactor
