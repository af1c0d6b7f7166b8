// How a message comes in, step by step, and then the end. What is written is in connection_output.cpp, and time in
// connection_time.cpp.
#include "ws/connection.hpp"

#include <cassert>
#include <utility>
#include <vector>

#include "reactor/linger.hpp"
#include "ws/codec.hpp"
#include "ws/connection_extras.hpp"
#include "ws/protocol/bytes.hpp"

namespace ws {

using protocol::as_bytes;
using protocol::as_text;
using protocol::Opcode;
using Event = protocol::Decoder::Event;

Connection::Connection(Role role, std::unique_ptr<reactor::Stream> stream, std::unique_ptr<Session> session,
                       const Settings& settings, const Agreed& agreed)
    : unusual_(static_cast<std::uint8_t>((role == Role::kClient ? kClient : 0) | (settings.trace ? kTraced : 0))),
      subprotocol_(agreed.subprotocol),
      loop_(stream->loop()),
      settings_(settings),
      stream_(std::move(stream)),
      session_(std::move(session)),
      decoder_(role, settings.decoder),
      heartbeat_(loop_.now(), settings.limits) {
  assert(session_ != nullptr);
  if (!agreed.compression) return;
  set(kCompresses, true);
  const protocol::DeflateDirection& ours = agreed.compression->ours(role);
  sending_window_bits_ = ours.window_bits;
  set(kTakesContextOver, ours.context_takeover);
  set(kFinalBlocks, ours.final_blocks);
  decoder_.expect_compressed(agreed.compression->theirs(role));
}

// The session goes first, while all that it may still name is here.
Connection::~Connection() {
  become(State::kEnded);
  leave_company();
  session_.reset();
}

void Connection::become(State state) {
  state_ = state;
  set(kNotOpen, state != State::kOpen);
}

void Connection::open(std::span<std::uint8_t> early) {
  stream_->attach(*this);
  arm_timer();
  session_->on_open(*this);
  if (!early.empty() && state_ != State::kEnded) on_input(early);
}

// ---- Reading

void Connection::on_input(std::span<std::uint8_t> bytes) {
  heartbeat_.heard();
  if (is(kUnfinished | kTraced)) [[unlikely]]
    return on_unusual_input(bytes);
  pump(bytes);
}

[[gnu::noinline]] void Connection::on_unusual_input(std::span<std::uint8_t> bytes) {
  if (is(kTraced)) trace(true, bytes);
  if (is(kUnfinished) && bytes.data() == decoder_.landing().data()) {
    decoder_.landed(bytes.size());
    bytes = {};
  }
  pump(bytes);
}

// The loop that this project is about: pull messages out of what has arrived, hand each to the session.
// It has no array that could overflow, so it needs no canary on the stack: six instructions of each message.
[[gnu::no_stack_protector]] void Connection::pump(std::span<std::uint8_t> input) {
  input_ = &input;
  loop_.begin_share();
  while (auto message = next_message()) {
    session_->on_message(*this, *message);
    if (loop_.share_is_used()) [[unlikely]] {
      yield();
      break;
    }
  }
  input_ = nullptr;
  if (state_ == State::kEnded) return;
  if (!input.empty()) [[unlikely]]
    keep_unread(input);
  note_unfinished_message();
}

std::optional<Message> Connection::read_message() {
  if (input_ != nullptr) return next_message();
  std::span<std::uint8_t> nothing;
  input_ = &nothing;
  const std::optional<Message> message = next_message();
  input_ = nullptr;
  return message;
}

[[gnu::always_inline]] inline std::optional<Message> Connection::next_message() {
  if (extras_ != nullptr) [[unlikely]]
    release_message();
  while (may_read()) {
    // At the end of the input the decoder is asked only if it holds something: the last bytes of a message that have
    // landed there, or the memory of the last message, which it then frees.
    if (decoder_.holds_memory()) [[unlikely]] {
      note_spare_memory();
    } else if (input_->empty()) {
      break;
    }
    const Event event = decoder_.next(*input_);
    if (event.kind == Event::Kind::kMessage) [[likely]] {
      if (!is(kNotOpen | kCompresses | kUnfinished) || is_for_session(event.payload.size())) [[likely]]
        return Message{.type = event.type, .payload = event.payload};
    } else if (event.kind == Event::Kind::kNeedMore) {
      break;
    } else {
      react(event);
    }
  }
  return std::nullopt;
}

[[gnu::noinline]] bool Connection::is_for_session(std::size_t size) {
  set_unfinished(false);
  // Inflating is work too: a megabyte of it is a share.
  if (is(kCompresses)) loop_.count_work(size / 16);
  // What the peer sent before it saw our Close frame is read, to find its own, and dropped.
  return state_ == State::kOpen || settings_.keep_reading;
}

// What this message leaves to the next is freed when there is none for a while. Asked before the decoder lets go of it.
[[gnu::noinline]] void Connection::note_spare_memory() {
  if (settings_.codec != nullptr) settings_.codec->spare.note_use(loop_);
}

[[gnu::noinline]] void Connection::react(Event event) {
  switch (event.kind) {
    case Event::Kind::kPing:
    case Event::Kind::kPong: return on_ping_or_pong(event);
    case Event::Kind::kClose: return on_peer_close(event);
    case Event::Kind::kError: return on_broken_rule(event.error);
    case Event::Kind::kNeedMore:
    case Event::Kind::kMessage: break;
  }
}

// The last message has been used; its memory lives on in the output queue, if it is needed there.
[[gnu::noinline]] void Connection::release_message() {
  extras_->message = {};
  if (state_ == State::kOpen && !stream_->reading_paused() && extras_->unused()) extras_.reset();
}

// What is in the cork alone can be sent at once.
[[gnu::always_inline]] inline bool Connection::may_read() {
  return !is(kNotOpen) && !stream_->has_waiting() ? true : !must_wait();
}

// A peer that does not take our answers is not asked for more, so TCP slows it down and our memory is bounded.
[[gnu::noinline]] bool Connection::must_wait() {
  if (state_ > State::kClosing) {
    *input_ = {};
    return true;
  }
  if (!stream_->has_waiting() || settings_.keep_reading || !above_high_water()) return false;
  if (!stream_->reading_paused()) extras().paused_at = loop_.now();
  stream_->pause_reading();
  note_spare_memory();
  decoder_.let_go_of_message();  // this may last
  return true;
}

// A message for a thousand is a thousand times the work of an echo.
void Connection::yield() {
  if (state_ > State::kClosing) return;
  if (!stream_->reading_paused()) extras().paused_at = loop_.now();
  stream_->yield();
}

void Connection::keep_unread(std::span<const std::uint8_t> input) {
  extras().unread.assign(input.begin(), input.end());
}

void Connection::on_drained() {
  if (state_ == State::kOpen) {
    if (extras_ != nullptr && std::exchange(extras_->pong_owed, false))
      write_frame(Opcode::kPong, as_bytes(extras_->pong));
    session_->on_drain(*this);
  }
  read_on();
}

// Behind a pause.
[[gnu::noinline]] void Connection::read_on() {
  if (state_ > State::kClosing || !stream_->reading_paused()) return;
  // The message under way is not late: it was we who did not read.
  if (state_ == State::kOpen) since_ += static_cast<std::uint32_t>(loop_.now() - extras_->paused_at);
  stream_->resume_reading();
  std::vector<std::uint8_t> unread = std::exchange(extras_->unread, {});
  pump(unread);
  if (state_ == State::kOpen) arm_timer();
}

void Connection::note_unfinished_message() {
  const bool unfinished = !decoder_.idle();
  if (unfinished == is(kUnfinished)) return;
  set_unfinished(unfinished);
  if (!unfinished || state_ != State::kOpen) return;
  since_ = static_cast<std::uint32_t>(loop_.now());
  arm_timer();
}

void Connection::set_unfinished(bool unfinished) {
  set(kUnfinished, unfinished);
  stream_->use_landing(unfinished);
}

void Connection::on_ping_or_pong(const Event& event) {
  // RFC 6455 5.4: it may have come between the fragments of a message, which then is as unfinished as before.
  if (decoder_.idle()) set_unfinished(false);
  // RFC 6455 5.5.3: a pong, asked for or not, needs no answer; its bytes were life.
  if (event.kind == Event::Kind::kPong || state_ != State::kOpen) return;
  if (!stream_->full()) return write_frame(Opcode::kPong, event.payload);
  // RFC 6455 5.5.3: only the newest of several pings need be answered. So a flood of them fills no queue.
  extras().pong.assign(as_text(event.payload));
  extras_->pong_owed = true;
}

void Connection::on_peer_close(const Event& event) {
  if (state_ == State::kClosing) return finish_as_we_said(true);
  write_close(event.close_code, {});
  finish({.code = event.close_code, .reason = as_text(event.payload), .by = Closed::By::kPeer, .clean = true});
}

// RFC 6455 7.1.7: say which rule it was, and end.
void Connection::on_broken_rule(protocol::Error error) {
  note_spare_memory();
  if (state_ == State::kClosing) return finish_as_we_said(false);
  const std::uint16_t code = protocol::close_code(error);
  const std::string_view reason = protocol::describe(error);
  write_close(code, reason);
  finish({.code = code, .reason = reason, .by = Closed::By::kUs, .clean = false});
}

void Connection::on_end(reactor::StreamEnd) {
  if (state_ == State::kOpen) return finish({});
  finish_as_we_said(false);
}

// ---- The end

void Connection::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  if (code != protocol::kNoStatus && !protocol::may_be_sent(code)) code = protocol::kInternalError;
  extras().close_reason = write_close(code, reason);
  extras_->close_code = code;
  become(State::kClosing);
  since_ = static_cast<std::uint32_t>(loop_.now());
  arm_timer();
}

void Connection::terminate() {
  if (state_ > State::kClosing) return;
  if (state_ == State::kOpen) extras().close_code = protocol::kAbnormalClosure;
  become(State::kAborted);
  disarm();
  stream_->abort();
}

void Connection::wind_down() {
  close(protocol::kGoingAway, role() == Role::kServer ? "the server is shutting down" : "");
}

void Connection::cut_off() {
  if (state_ == State::kEnded) return;
  stream_->close();
  on_end(reactor::StreamEnd::kLost);
}

// The end of what close() or terminate() began.
void Connection::finish_as_we_said(bool clean) {
  finish({.code = extras_->close_code, .reason = extras_->close_reason, .by = Closed::By::kUs, .clean = clean});
}

void Connection::finish(const Closed& how) {
  if (state_ == State::kEnded) return;
  become(State::kEnded);
  disarm();
  if (extras_ != nullptr) extras_->subscriber.reset();
  session_->on_close(*this, how);
  leave_company();
  loop_.retire(*this);
  if (stream_->closed()) return;
  // RFC 6455 7.1.1: the server closes TCP first, so that the waiting state (TIME_WAIT) is with it and a client can
  // connect again at once.
  const bool peer_closes = is(kClient) && how.clean;
  reactor::linger(std::move(stream_), peer_closes ? reactor::FirstToClose::kPeer : reactor::FirstToClose::kUs);
}

}  // namespace ws
