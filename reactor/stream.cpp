// The life of one socket: a turn, what it receives, and the end, in that order below; how it writes is in
// stream_output.cpp. A handler may do anything from inside its calls, so after each call the stream first asks whether
// it still exists (the cork's owner is null then) and is open.
#include "reactor/stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace reactor {

namespace {

// What one connection may receive before the others have had their turn.
constexpr std::size_t kShare = Loop::kReceiveBufferSize;
// What lands in a large message's own memory is only moved, and counts for so much less than what is handed on piece by
// piece. To go on with one message while it is in the cache makes an echo of 1 MiB a third cheaper.
constexpr std::size_t kLandingCounts = 8;

}  // namespace

Stream::Stream(Loop& loop, FileDescriptor socket) : loop_(loop), socket_(std::move(socket)) {
  is_.closed = !socket_.valid();
}
Stream::Stream(Loop& loop, FileDescriptor socket, Layered) : Stream(loop, std::move(socket)) { is_.layered = true; }

Stream::~Stream() {
  if (loop_.cork_.owner == this) loop_.cork_.owner = nullptr;
  loop_.forget(*this);
}

void Stream::attach(StreamHandler& handler) {
  const bool first = handler_ == nullptr;
  handler_ = &handler;
  if (!first) return;
  if (!loop_.try_watch(fd(), *this, kReadEvents)) return abort();
  on_attach();
}

// ---- What leaves at the end of a turn

// Hands bytes to the socket, once, and returns how many it took.
[[gnu::always_inline]] inline std::size_t Stream::send(std::span<const std::uint8_t> bytes, int flags) {
  if (is_.layered) [[unlikely]]
    return send_one_layered(bytes);
  const ssize_t result = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
  if (result == static_cast<ssize_t>(bytes.size())) [[likely]]
    return bytes.size();
  return count_sent(result);
}

[[gnu::always_inline]] inline void Stream::send_cork(int flags) {
  const std::span<const std::uint8_t> bytes = loop_.cork_.written();
  loop_.cork_.make_empty();
  const std::size_t sent = send(bytes, flags);
  if (sent < bytes.size()) [[unlikely]]
    queue_rest(bytes.subspan(sent));
}

[[gnu::noinline]] void Stream::flush_waiting() {
  if (is_.full || is_.failed) return;
  if (const SharedBytes* frame = waiting_.frame()) {
    waiting_.remove_front_of_frame(send(frame->view()));
  } else {
    flush_queue(waiting_.queue());
  }
  if (!is_.full && !is_.failed && is_.output_finished) send_fin();
}

void Stream::flush() {
  if (!corked_bytes().empty()) {
    send_cork();
  } else if (waiting_.any()) {
    flush_waiting();
  }
}

// The handler has done what it wanted in its turn.
[[gnu::always_inline]] inline void Stream::pull_cork() {
  if (!loop_.cork_.empty()) {
    send_cork();
  } else if (waiting_.any()) {
    flush_waiting();
  }
  loop_.cork_.owner = nullptr;
}

// ---- Reading

// Nearly every event: input, on a stream on which nothing else is going on. It has no array that could overflow, so it
// needs no canary on the stack: six instructions of each message.
[[gnu::no_stack_protector]] void Stream::on_events(std::uint32_t events) {
  if (events != EPOLLIN || !is_.nothing_special()) [[unlikely]]
    return on_unusual_events(events);
  const ssize_t result = ::recv(fd(), loop_.receive_buffer_.get(), Loop::kReceiveBufferSize, 0);
  // A short read has emptied the socket: what comes later makes a new event, and asking for EAGAIN would be a
  // system call for nothing.
  if (result <= 0 || result == Loop::kReceiveBufferSize) [[unlikely]]
    return on_unusual_input(result);
  Loop::Cork& cork = loop_.cork_;
  cork.open(*this, !waiting_.any());
  handler_->on_input({loop_.receive_buffer_.get(), static_cast<std::size_t>(result)});
  if (cork.owner == this) pull_cork();
}

[[gnu::noinline]] void Stream::on_unusual_events(std::uint32_t events) {
  if (closed() || is_.failed) return;
  if (events != EPOLLIN && !on_rare_events(events)) return;
  is_.readable = true;
  receive();
}

// Perhaps there is more, or the end.
[[gnu::noinline]] void Stream::on_unusual_input(ssize_t result) {
  is_.readable = true;
  if (take({loop_.receive_buffer_.get(), Loop::kReceiveBufferSize}, result)) receive(result > 0 ? kShare : 0);
}

// All but plain input. Returns whether there is something to read, if only the end.
bool Stream::on_rare_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) is_.hang_up = true;
  if (is_.full && (events & (EPOLLHUP | EPOLLERR)) != 0) {
    act_at_turn_end();  // sending will fail, but first comes what the peer said before it went
  } else if (is_.full && (events & EPOLLOUT) != 0 && !on_room()) {
    return false;
  }
  if (!is_.input_finished) return events != EPOLLOUT;
  // Every event after the end repeats it. Only a reset is news then, and recv does not tell it any more.
  if ((events & EPOLLERR) != 0) end();
  return false;
}

// The socket has room again. Returns whether the stream still exists and is open.
bool Stream::on_room() {
  is_.full = false;
  if (send_sealed()) {
    if (waiting_.any()) {
      flush_waiting();
    } else if (is_.output_finished) {
      send_fin();
    }
  }
  if (is_.failed) return end(), false;
  if (is_.full) return true;
  if (is_.room_watched && !loop_.try_rewatch(fd(), *this, kReadEvents)) return end(), false;
  is_.room_watched = false;
  return corked([this] { handler_->on_drained(); });
}

void Stream::on_again() {
  is_.share_asked = false;
  if (closed() || is_.failed) return;
  if (is_.yielded) {
    is_.yielded = false;
    if (!corked([this] { handler_->on_share(); })) return;
  }
  receive();
}

void Stream::yield() {
  is_.reading_paused = is_.yielded = true;
  if (is_.share_asked) return;
  is_.share_asked = true;
  loop_.again(*this);
}

void Stream::resume_reading() {
  is_.reading_paused = false;
  if (!is_.readable || is_.share_asked || closed()) return;
  is_.share_asked = true;
  loop_.again(*this);
}

// `received` counts what this turn has brought already.
void Stream::receive(std::size_t received) {
  while (is_.readable && !is_.reading_paused) {
    if (received >= kShare) return resume_reading();
    std::span<std::uint8_t> room = is_.use_landing ? handler_->landing() : std::span<std::uint8_t>();
    const bool lands = !room.empty();
    if (!lands) room = {loop_.receive_buffer_.get(), Loop::kReceiveBufferSize};
    const ssize_t result = receive_some(room);
    if (!take(room, result)) return;
    const auto size = static_cast<std::size_t>(std::max<ssize_t>(result, 0));
    received += lands ? size / kLandingCounts : size;
  }
}

// Hands on what a receive into `room` brought. Returns whether the stream still exists and is open in this direction.
bool Stream::take(std::span<std::uint8_t> room, ssize_t result) {
  if (result > 0) return corked([&] { handler_->on_input(room.first(static_cast<std::size_t>(result))); });
  if (result == 0) {
    is_.readable = false;
    is_.input_finished = true;
    handler_->on_end(StreamEnd::kFinished);
    return false;
  }
  if (errno == EAGAIN) is_.readable = false;
  if (errno == EAGAIN || errno == EINTR) return true;
  end();
  return false;
}

ssize_t Stream::receive_some(std::span<std::uint8_t> room) {
  if (is_.layered) [[unlikely]]
    return receive_layered(room);
  const ssize_t result = ::recv(fd(), room.data(), room.size(), 0);
  // A short read has emptied the socket: what comes later makes a new event, and asking for EAGAIN would be a
  // system call for nothing. Not so after a hang-up, which is reported once: then read to the end.
  is_.readable = result == static_cast<ssize_t>(room.size()) || is_.hang_up || result <= 0;
  return result;
}

// Runs a handler's function with the cork in; what it wrote leaves in one send afterwards. Returns whether the stream
// still exists and is open.
template <class Function>
bool Stream::corked(const Function& function) {
  Loop::Cork& cork = loop_.cork_;
  cork.open(*this, !waiting_.any() && !is_.output_finished && !is_.failed);
  function();
  if (cork.owner != this) return false;
  pull_cork();
  return !closed() && !is_.failed;
}

// ---- The end

void Stream::finish_output() {
  if (is_.output_finished || closed()) return;
  // MSG_MORE: the last words wait for the FIN, which follows at once, and are one segment with it.
  if (!corked_bytes().empty()) send_cork(MSG_MORE);
  flush();
  drop_cork();
  is_.output_finished = true;
  if (!waiting_.any() && !is_.full) send_fin();
}

void Stream::send_fin() { ::shutdown(fd(), SHUT_WR); }

void Stream::close() {
  if (!closed() && !is_.failed && !waiting_.any()) say_goodbye();
  drop_cork();
  waiting_.clear();
  socket_.close();
  is_.closed = true;
}

void Stream::abort() {
  if (closed() || is_.failed) return;
  drop_cork();
  fail();
}

void Stream::end() {
  close();
  handler_->on_end(StreamEnd::kLost);
}

Address Stream::peer() const { return Address::of_peer(fd()); }
Address Stream::local() const { return Address::of_socket(fd()); }

}  // namespace reactor
