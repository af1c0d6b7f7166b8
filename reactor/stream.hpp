// One connected socket: bytes in, bytes out, and nothing about what they mean. It hides four facts of life:
//   * Reading: edge-triggered epoll tells once that there is input, so the stream remembers it (is_.readable), reads
//     a share of it in a turn, and leaves the rest for its next share. An idle stream owns no buffer.
//   * Writing: while a stream handles its input, small writes gather in the loop's cork and leave in one send,
//     before the next recv. A large payload goes out at once by writev, uncopied.
//   * A socket that is full: what it refused waits in an output queue, which exists only while it is needed, and
//     EPOLLOUT is asked for only then.
//   * The end: half-close, end of input, reset. After close() nothing more is called.
//
//   write() ─► cork ──┐                        (own turn, small)
//   write() ──────────┼─► sendmsg ─► socket    (own turn, large: header and payload by reference)
//   write() ─► queue ─┘                        (another's turn, a timer; or the socket was full)
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "reactor/admission.hpp"
#include "reactor/file_descriptor.hpp"
#include "reactor/loop.hpp"
#include "reactor/output_queue.hpp"
#include "reactor/shared_bytes.hpp"
#include "reactor/waiting_output.hpp"

namespace reactor {

enum class StreamEnd : std::uint8_t {
  kFinished,  // the peer sends no more (a half-close): we may still write
  kLost,      // reset, or any other error: the connection is gone in both directions
};

// Who reads a stream. It may write to, pause, or close the stream, or hand it to another handler, from any of these.
class StreamHandler {
 public:
  // Bytes arrived. They lie in landing(), if that was not empty, or in the loop's receive buffer, where they
  // may be changed in place; the view ends on return.
  virtual void on_input(std::span<std::uint8_t> bytes) = 0;
  virtual void on_end(StreamEnd end) = 0;
  // All that waited behind a full socket has left.
  virtual void on_drained() {}
  // The others have had their turn, which yield() gave them. Reading is paused still.
  virtual void on_share() {}
  // Asked after use_landing(true): where the next bytes should be received; empty: in the shared buffer.
  virtual std::span<std::uint8_t> landing() { return {}; }

 protected:
  ~StreamHandler() = default;
};

// Counts bytes of ours: those that the peer's machine has taken, and all that were written. They are equal when nothing
// is on its way.
struct OutputProgress {
  std::uint32_t taken = 0;
  std::uint32_t written = 0;
};

// This one carries bytes as they are; a TlsStream (tls_stream.hpp) overrides the few functions that touch the socket.
class Stream : protected EventSource {
 public:
  // Takes a connected, non-blocking socket. Nothing is read before attach().
  Stream(Loop& loop, FileDescriptor socket);
  virtual ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Makes `handler` the reader. The first call registers the socket with epoll, once for its whole life; where
  // that is refused the handler hears that the stream is lost.
  void attach(StreamHandler& handler);
  void admit(Admission admission) { admission_ = std::move(admission); }

  // Sends `header` and then `payload`, in order behind everything written before. Neither is needed after the call.
  // REQUIRES, here and for every other write: attach() was called.
  void write(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload = {});
  // The same, but what the socket refuses of `payload` is not copied: the caller gets that many bytes back, to
  // queue by reference. REQUIRES: nothing is written in between.
  [[nodiscard]] std::size_t write_some(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload);
  // The fast way for small writes from the stream's own turn: room for `size` bytes at the end of the cork, or null
  // where there is none; then write() finds another way. What was put there counts from add_corked() on.
  std::uint8_t* cork_room(std::size_t size) const;
  void add_corked(std::size_t size) { loop_.cork_.next += size; }
  // Sends (at most `size`) shared bytes from `offset` on, by reference; they leave at the end of this turn at the
  // latest. With a tag they may be taken back until their first byte has left.
  void write_shared(SharedBytes bytes, std::size_t offset = 0, std::size_t size = SIZE_MAX,
                    OutputQueue::Tag tag = OutputQueue::kNoTag);
  // See OutputQueue::take_back.
  std::size_t take_back(OutputQueue::Tag tag, std::size_t wanted = SIZE_MAX) { return waiting_.take_back(tag, wanted); }
  // Sends what is corked and queued now, as far as the socket takes it.
  void flush();
  // Something waits behind a full socket, or for the end of the turn.
  bool has_waiting() const { return waiting_.any(); }
  // See OutputQueue::waiting.
  std::size_t waiting() const { return waiting_.waiting(); }
  // Bytes written that the socket has not taken.
  std::size_t unsent() const { return corked_bytes().size() + waiting_.bytes() + (is_.full ? sealed() : 0); }
  // The socket refused bytes, and what is written now waits behind them.
  bool full() const { return is_.full; }
  // How far our bytes have come, in numbers that wrap.
  OutputProgress output_progress() const;
  // Bytes that the kernel holds and the peer has not acknowledged.
  std::size_t unacknowledged() const;

  void pause_reading() { is_.reading_paused = true; }
  void resume_reading();
  // Pauses reading until the others have had their turn; on_share() follows.
  void yield();
  bool reading_paused() const { return is_.reading_paused; }
  // The end of the input was reported (kFinished), which happens once: no more will come.
  bool input_finished() const { return is_.input_finished; }
  void use_landing(bool use) { is_.use_landing = use; }

  // Ends our direction once all that is written has left (FIN). Later writes are dropped.
  void finish_output();
  // Ends everything now. What is queued is lost, and the handler is not called any more.
  void close();
  // As if the connection had been lost: on_end(kLost) follows at the end of this turn, and nothing before it.
  void abort();
  bool closed() const { return is_.closed; }

  // What is said here is encrypted.
  virtual bool secure() const { return false; }
  // How: version and cipher. Empty where it is not, or not yet.
  virtual std::string cipher() const { return {}; }
  // Why the stream was lost, in words for a person, if it is more than that the connection is gone.
  virtual std::string_view failure() const { return {}; }

  Loop& loop() const { return loop_; }
  Address peer() const;
  Address local() const;
  int fd() const { return socket_.get(); }

 protected:
  static constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

  void on_events(std::uint32_t events) override;
  void on_again() override;

  // ---- What another layer between us and the socket overrides. That is_.layered is one bit and not a virtual call
  // saves a message without such a layer 30 instructions.

  struct Layered {};
  Stream(Loop& loop, FileDescriptor socket, Layered);

  // The first handler is there.
  virtual void on_attach() {}
  // Receives into `room`, and finds out whether there may be more (is_.readable). Returns how much it was, 0 for the
  // end, or -1 with errno.
  virtual ssize_t receive_layered(std::span<std::uint8_t>) { return 0; }
  // What it does not take makes the stream is_.full, an error is_.failed. Returns how much was taken.
  virtual std::size_t send_layered(std::span<iovec>) { return 0; }
  // Bytes that were taken from us and not by the socket.
  virtual std::size_t sealed() const { return 0; }
  // The socket has room again, for what is sealed first. Returns whether all of that is gone.
  virtual bool send_sealed() { return true; }
  // Ends our direction. Called when nothing waits.
  virtual void send_fin();
  // The last moment before the socket is closed while all is well.
  virtual void say_goodbye() {}

  void become_full();
  void fail();
  bool on_room();
  void receive(std::size_t received = 0);
  void end();

  StreamHandler* handler_ = nullptr;
  Loop& loop_;
  WaitingOutput waiting_;

 private:
  void on_turn_end() override;

  void on_unusual_events(std::uint32_t events);
  void on_unusual_input(ssize_t result);
  bool on_rare_events(std::uint32_t events);
  bool take(std::span<std::uint8_t> room, ssize_t result);
  ssize_t receive_some(std::span<std::uint8_t> room);
  std::size_t send(std::span<const std::uint8_t> bytes, int flags = 0);
  std::size_t send_one_layered(std::span<const std::uint8_t> bytes);
  std::size_t send(std::span<iovec> pieces);
  template <class Function>
  bool corked(const Function& function);
  std::span<const std::uint8_t> corked_bytes() const;
  void pull_cork();
  void drop_cork();
  void send_cork(int flags = 0);
  void queue_rest(std::span<const std::uint8_t> bytes);
  OutputQueue& queue();
  std::size_t send_now(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload);
  std::size_t count_sent(ssize_t result);
  void flush_waiting();
  void flush_queue(OutputQueue& queue);
  void act_at_turn_end();

  Admission admission_;
  FileDescriptor socket_;

 protected:
  // What distinguishes a stream from one that is open and has nothing to do.
  struct Is {
    bool closed : 1 = false;
    bool readable : 1 = false;      // epoll said so and we have not yet read to the end
    bool hang_up : 1 = false;       // epoll reported an end: read until recv says so too
    bool share_asked : 1 = false;   // in the loop's list for another share
    bool full : 1 = false;          // the socket refused bytes: the queue waits for EPOLLOUT
    bool room_watched : 1 = false;  // EPOLLOUT is asked for
    bool failed : 1 = false;        // a send failed; on_end(kLost) follows at the end of the turn
    bool layered : 1 = false;
    bool reading_paused : 1 = false;
    bool yielded : 1 = false;
    bool use_landing : 1 = false;      // ask the handler where to receive
    bool turn_end_asked : 1 = false;   // in the loop's list for the end of the turn
    bool input_finished : 1 = false;   // recv said so
    bool output_finished : 1 = false;  // nothing more is written; FIN follows the last byte
    std::uint16_t unused : 2 = 0;

    // All of them in one comparison, because every message asks.
    bool nothing_special() const { return std::bit_cast<std::uint16_t>(*this) == 0; }
  };
  Is is_;
};

inline std::uint8_t* Stream::cork_room(std::size_t size) const {
  const Loop::Cork& cork = loop_.cork_;
  return cork.owner == this && size <= static_cast<std::size_t>(cork.end - cork.next) ? cork.next : nullptr;
}

}  // namespace reactor
