// How a stream writes: what goes to the cork, what is sent at once from where it lies, and what waits in the queue.
// Nothing here calls a handler: a send that fails is remembered and reported at the end of the turn.
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "reactor/stream.hpp"

namespace reactor {

namespace {

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

void Stream::write(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload) {
  const std::size_t refused = write_some(header, payload);
  if (refused > 0) queue().append_copy(payload.last(refused));
}

std::size_t Stream::write_some(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload) {
  if (is_.output_finished || is_.failed || closed()) return 0;
  const std::size_t size = header.size() + payload.size();
  if (size > kLargestCorked) {
    if (waiting_.any() && size > kLargestQueued) flush();
    if (!waiting_.any()) return send_now(header, payload);
    if (is_.failed) return 0;
    queue().append_copy(header);
    return payload.size();
  }
  std::uint8_t* room = cork_room(size);
  if (room == nullptr && !corked_bytes().empty()) {
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
  if (is_.output_finished || is_.failed || closed()) return;
  if (waiting_.any() || offset != 0 || size < bytes.size() || !corked_bytes().empty())
    return queue().append_shared(std::move(bytes), offset, size, tag);
  if (bytes.size() == 0) return;
  waiting_.put(std::move(bytes), tag);
  drop_cork();
  act_at_turn_end();
}

// The queue, made where there is none, with what was corked at its front: the order of writes is kept.
OutputQueue& Stream::queue() {
  const bool first = !waiting_.any();
  OutputQueue& queue = waiting_.queue();
  if (first) queue.append_copy(corked_bytes());
  if (first) drop_cork();
  if (!is_.full) act_at_turn_end();
  return queue;
}

std::span<const std::uint8_t> Stream::corked_bytes() const {
  return loop_.cork_.owner == this ? loop_.cork_.written() : std::span<const std::uint8_t>();
}

// From here on nothing is corked in this turn; what was is lost, if it has not been sent or queued.
void Stream::drop_cork() {
  if (loop_.cork_.owner == this) loop_.cork_.close();
}

// Sends what is corked, `header` and `payload` from where they are. What the socket refuses of the first two is
// queued; returns how much it refused of the payload.
std::size_t Stream::send_now(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload) {
  const std::span<const std::uint8_t> corked = corked_bytes();
  if (!corked.empty()) loop_.cork_.make_empty();  // the bytes stay where they are
  std::array<iovec, 3> pieces = {as_iovec(corked), as_iovec(header), as_iovec(payload)};
  std::size_t sent = send(pieces);
  if (is_.failed || sent == corked.size() + header.size() + payload.size()) return 0;
  const auto rest_of = [&sent](std::span<const std::uint8_t> bytes) {
    const std::size_t part = std::min(sent, bytes.size());
    sent -= part;
    return bytes.subspan(part);
  };
  queue().append_copy(rest_of(corked));
  queue().append_copy(rest_of(header));
  return rest_of(payload).size();
}

// The cork could not be sent to its end.
[[gnu::noinline]] void Stream::queue_rest(std::span<const std::uint8_t> bytes) {
  if (!is_.failed) queue().append_copy(bytes);
}

void Stream::flush_queue(OutputQueue& queue) {
  std::array<iovec, kMaxPieces> pieces;
  while (!queue.empty()) {
    const std::span<iovec> front(pieces.data(), queue.front(pieces));
    queue.remove_front(send(front));
    if (is_.full || is_.failed) return;
  }
  waiting_.clear();
}

[[gnu::noinline]] std::size_t Stream::send_one_layered(std::span<const std::uint8_t> bytes) {
  iovec piece = as_iovec(bytes);
  return send_layered({&piece, 1});
}

std::size_t Stream::send(std::span<iovec> pieces) {
  if (is_.layered) return send_layered(pieces);
  const msghdr message = {.msg_name = nullptr,
                          .msg_namelen = 0,
                          .msg_iov = pieces.data(),
                          .msg_iovlen = pieces.size(),
                          .msg_control = nullptr,
                          .msg_controllen = 0,
                          .msg_flags = 0};
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  const ssize_t result = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
  return result == static_cast<ssize_t>(size) ? size : count_sent(result);
}

// The socket did not take all. Returns how much it took.
std::size_t Stream::count_sent(ssize_t result) {
  if (result < 0 && errno != EAGAIN && errno != EINTR) return fail(), 0;
  // Interrupted is not full: epoll is asked anew, and says at once that there is room.
  if (result < 0 && errno == EINTR) is_.room_watched = false;
  become_full();
  return result < 0 ? 0 : static_cast<std::size_t>(result);
}

void Stream::become_full() {
  assert(handler_ != nullptr);
  is_.full = true;
  if (!is_.room_watched && !loop_.try_rewatch(fd(), *this, kReadEvents | EPOLLOUT)) return fail();
  is_.room_watched = true;
}

void Stream::fail() {
  is_.failed = true;
  act_at_turn_end();
}

void Stream::act_at_turn_end() {
  if (is_.turn_end_asked) return;
  is_.turn_end_asked = true;
  loop_.at_turn_end(*this);
}

void Stream::on_turn_end() {
  is_.turn_end_asked = false;
  if (closed()) return;
  if (is_.full && is_.hang_up && !is_.failed && !on_room()) return;
  if (waiting_.any()) flush_waiting();
  if (is_.failed) end();
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

}  // namespace reactor
