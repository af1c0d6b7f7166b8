// Reading first, in the order in which a message comes in; then writing; then the end. Time is in connection_time.cpp.
#include "ws/connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

#include "reactor/linger.hpp"
#include "ws/connection_extras.hpp"
#include "ws/protocol/mask.hpp"

namespace ws {

using protocol::Opcode;
using Event = protocol::Decoder::Event;

namespace {

constexpr std::size_t kLargestOnStack = 2048;

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Connection::Connection(Role role, std::unique_ptr<reactor::Stream> stream, std::unique_ptr<Session> session,
                       const Settings& settings, const Agreed& agreed)
    : loop_(stream->loop()),
      settings_(settings),
      stream_(std::move(stream)),
      session_(std::move(session)),
      decoder_(role, settings.decoder),
      heartbeat_(loop_.now(), settings.limits),
      role_(role),
      subprotocol_(agreed.subprotocol) {
  assert(session_ != nullptr);
  if (!agreed.compression) return;
  sending_ = agreed.compression->ours(role);
  decoder_.expect_compressed(agreed.compression->theirs(role));
}

// The session goes first, while all that it may still name is here.
Connection::~Connection() {
  state_ = State::kEnded;
  leave_company();
  session_.reset();
}

void Connection::open(std::span<std::uint8_t> early) {
  stream_->attach(*this);
  arm_timer();
  session_->on_open(*this);
  if (!early.empty() && state_ != State::kEnded) on_input(early);
}

// ---- Reading

void Connection::on_input(std::span<std::uint8_t> bytes) {
  if (settings_.trace) trace(true, bytes);
  heartbeat_.heard();
  if (message_unfinished_ && bytes.data() == decoder_.landing().data()) {
    decoder_.landed(bytes.size());
  } else {
    input_ = bytes;
  }
  pump();
}

// The loop that this project is about: pull messages out of what has arrived, hand each to the session.
// It has no array that could overflow, so it needs no canary on the stack: six instructions of each message.
[[gnu::no_stack_protector]] void Connection::pump() {
  loop_.begin_share();
  while (auto message = read_message()) {
    session_->on_message(*this, *message);
    if (loop_.share_is_used()) [[unlikely]] {
      yield();
      break;
    }
  }
  if (state_ == State::kEnded) return;
  if (!input_.empty()) keep_unread();
  note_unfinished_message();
}

std::optional<Message> Connection::read_message() {
  if (extras_ != nullptr) release_message();
  // At the end of the input the decoder is asked only if it holds something: the last bytes of a message that have
  // landed there, or the memory of the last message, which it then frees.
  while (may_read() && !(input_.empty() && decoder_.memory() == 0)) {
    const Event event = decoder_.next(input_);
    switch (event.kind) {
      case Event::Kind::kNeedMore: return std::nullopt;
      case Event::Kind::kMessage:
        message_unfinished_ = false;
        // Inflating is work too: a megabyte of it is a share.
        if (compressed()) [[unlikely]]
          loop_.count_handed_on(event.payload.size() / 16);
        // What the peer sent before it saw our Close frame is read, to find its own, and dropped.
        if (state_ == State::kOpen || settings_.keep_reading)
          return Message{.type = event.type, .payload = event.payload};
        break;
      case Event::Kind::kPing:
      case Event::Kind::kPong: on_ping_or_pong(event); break;
      case Event::Kind::kClose: on_peer_close(event); break;
      case Event::Kind::kError: on_broken_rule(event.error); break;
    }
  }
  return std::nullopt;
}

// The last message has been used; its memory lives on in the output queue, if it is needed there.
void Connection::release_message() {
  extras_->message = {};
  if (state_ == State::kOpen && !stream_->reading_paused() && extras_->unused()) extras_.reset();
}

// A peer that does not take our answers is not asked for more, so TCP slows it down and our memory is bounded.
bool Connection::may_read() {
  if (state_ > State::kClosing) {
    input_ = {};
    return false;
  }
  if (!stream_->has_queue() || settings_.keep_reading) return true;  // the cork alone can be sent at once
  if (!above_high_water()) return true;
  if (!stream_->reading_paused()) extras().paused_at = loop_.now();
  stream_->pause_reading();
  static_cast<void>(decoder_.take_message());  // the last one has been used, and this may last
  return false;
}

// A message for a thousand is a thousand times the work of an echo.
void Connection::yield() {
  if (state_ > State::kClosing) return;
  if (!stream_->reading_paused()) extras().paused_at = loop_.now();
  stream_->yield();
}

void Connection::keep_unread() {
  extras().unread.assign(input_.begin(), input_.end());
  input_ = {};
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
  input_ = unread;
  pump();
  if (state_ == State::kOpen) arm_timer();
}

void Connection::note_unfinished_message() {
  const bool unfinished = !decoder_.idle();
  stream_->use_landing(unfinished);
  if (unfinished == message_unfinished_) return;
  message_unfinished_ = unfinished;
  if (!unfinished || state_ != State::kOpen) return;
  since_ = static_cast<std::uint32_t>(loop_.now());
  arm_timer();
}

void Connection::on_ping_or_pong(const Event& event) {
  // RFC 6455 5.4: it may have come between the fragments of a message, which then is as unfinished as before.
  message_unfinished_ = message_unfinished_ && !decoder_.idle();
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

// ---- Writing

void Connection::write_message(MessageType type, std::span<const std::uint8_t> payload) {
  if (state_ != State::kOpen) return;
  const auto opcode = static_cast<Opcode>(type);
  if (worth_compressing(payload.size())) [[unlikely]]
    return write_compressed(opcode, payload);
  if (!write_corked(opcode, payload, 0)) write_frame(opcode, payload);
}

bool Connection::above_high_water() const {
  if (unsent() <= settings_.limits.high_water) return false;
  stream_->flush();  // some of it may have waited only for the end of the turn
  return unsent() > settings_.limits.high_water;
}

void Connection::write_text(std::string_view text) { write_message(MessageType::kText, as_bytes(text)); }

void Connection::ping(std::string_view payload) {
  if (state_ == State::kOpen) write_frame(Opcode::kPing, as_bytes(payload.substr(0, protocol::kMaxControlPayload)));
}

// The way of nearly every message: a small one, sent by a server while it handles its input. Returns whether it was
// that.
[[gnu::always_inline]] inline bool Connection::write_corked(Opcode opcode, std::span<const std::uint8_t> payload,
                                                            std::uint8_t reserved_bits) {
  if (role_ == Role::kClient || payload.size() > kLargestOnStack || settings_.trace) return false;
  std::uint8_t* room = stream_->cork_room(protocol::kMaxHeaderSize + payload.size());
  if (room == nullptr) return false;
  const std::span<std::uint8_t, protocol::kMaxHeaderSize> header(room, protocol::kMaxHeaderSize);
  const std::size_t size =
      protocol::write_frame_header(header, true, reserved_bits, opcode, payload.size(), std::nullopt);
  std::copy(payload.begin(), payload.end(), room + size);
  stream_->add_corked(size + payload.size());
  return true;
}

[[gnu::noinline]] void Connection::write_frame(Opcode opcode, std::span<const std::uint8_t> payload,
                                               std::uint8_t reserved_bits) {
  if (role_ == Role::kClient) return write_masked_frame(opcode, payload, reserved_bits);
  if (write_corked(opcode, payload, reserved_bits)) return;
  std::array<std::uint8_t, protocol::kMaxHeaderSize> bytes;
  const std::size_t size =
      protocol::write_frame_header(bytes, true, reserved_bits, opcode, payload.size(), std::nullopt);
  const std::span<const std::uint8_t> header(bytes.data(), size);
  if (settings_.trace) {
    trace(false, header);
    trace(false, payload);
  }
  const std::size_t refused = stream_->write_some(header, payload);
  if (refused > 0) queue_refused(payload, refused);
}

// RFC 6455 5.3: a client masks what it sends; not in place, because the payload is the caller's.
void Connection::write_masked_frame(Opcode opcode, std::span<const std::uint8_t> payload, std::uint8_t reserved_bits) {
  if (extras().masking_keys == nullptr) extras_->masking_keys = std::make_unique<MaskingKeys>();
  const protocol::MaskingKey key = extras_->masking_keys->next();
  const auto encode = [&](std::span<std::uint8_t> out) {
    const std::size_t header_size = protocol::write_frame_header(out.first<protocol::kMaxHeaderSize>(), true,
                                                                 reserved_bits, opcode, payload.size(), key);
    const auto masked = out.subspan(header_size, payload.size());
    std::copy(payload.begin(), payload.end(), masked.begin());
    protocol::apply_mask(masked, key, 0);
    return header_size + payload.size();
  };
  if (payload.size() <= kLargestOnStack) {
    std::array<std::uint8_t, protocol::kMaxHeaderSize + kLargestOnStack> frame;
    const std::size_t size = encode(frame);
    if (settings_.trace) trace(false, {frame.data(), size});
    return stream_->write({frame.data(), size});
  }
  reactor::SharedBytes frame = reactor::SharedBytes::allocate(protocol::kMaxHeaderSize + payload.size());
  const std::size_t size = encode(frame.writable());
  const std::span<const std::uint8_t> bytes = frame.view().first(size);
  if (settings_.trace) trace(false, bytes);
  const std::size_t refused = stream_->write_some({}, bytes);
  if (refused > 0) stream_->write_shared(std::move(frame), size - refused, refused);
}

// The socket has taken all but the last `refused` bytes. When they are part of the message that is being handled, its
// memory goes to the queue as it is: an echo of 16 MiB is then in memory once, and not twice.
void Connection::queue_refused(std::span<const std::uint8_t> payload, std::size_t refused) {
  // So little does not stop the reading: the next large message must not meet this one in memory.
  if (refused <= settings_.limits.high_water)
    return stream_->write_shared(reactor::SharedBytes::copy_of(payload.last(refused)));
  if (protocol::MessageBuffer buffer = decoder_.take_message(); buffer.size() > 0) {
    protocol::OwnedBytes owned = buffer.release();
    extras().message = reactor::SharedBytes::adopt(reactor::MallocedBytes(owned.bytes.release()), owned.size);
  }
  const std::span<const std::uint8_t> rest = payload.last(refused);
  if (extras_ != nullptr && extras_->message) {
    const std::span<const std::uint8_t> message = extras_->message.view();
    if (rest.data() >= message.data() && rest.data() + rest.size() <= message.data() + message.size()) {
      const auto offset = static_cast<std::size_t>(rest.data() - message.data());
      return stream_->write_shared(extras_->message, offset, refused);
    }
  }
  stream_->write_shared(reactor::SharedBytes::copy_of(rest));
}

void Connection::trace(bool received, std::span<const std::uint8_t> bytes) {
  if (extras().traces == nullptr) extras_->traces = std::make_unique<std::array<protocol::FrameTrace, 2>>();
  (*extras_->traces)[received ? 1 : 0].feed(
      bytes, [&](const protocol::TracedFrame& frame) { settings_.trace(*this, received, frame); });
}

// ---- The end

void Connection::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  if (code != protocol::kNoStatus && !protocol::may_be_sent(code)) code = protocol::kInternalError;
  extras().close_reason = write_close(code, reason);
  extras_->close_code = code;
  state_ = State::kClosing;
  since_ = static_cast<std::uint32_t>(loop_.now());
  arm_timer();
}

// Returns what was sent of the reason.
std::string_view Connection::write_close(std::uint16_t code, std::string_view reason) {
  std::array<std::uint8_t, protocol::kMaxControlPayload> payload;
  const std::size_t size = protocol::write_close_payload(payload, code, reason);
  write_frame(Opcode::kClose, {payload.data(), size});
  return size == 0 ? std::string_view() : reason.substr(0, size - 2);
}

void Connection::terminate() {
  if (state_ > State::kClosing) return;
  if (state_ == State::kOpen) extras().close_code = protocol::kAbnormalClosure;
  state_ = State::kAborted;
  disarm();
  stream_->abort();
}

void Connection::wind_down() {
  close(protocol::kGoingAway, role_ == Role::kServer ? "the server is shutting down" : "");
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
  state_ = State::kEnded;
  input_ = {};
  disarm();
  if (extras_ != nullptr) extras_->subscriber.reset();
  session_->on_close(*this, how);
  leave_company();
  loop_.retire(*this);
  if (stream_->closed()) return;
  // RFC 6455 7.1.1: the server closes TCP first, so that the waiting state (TIME_WAIT) is with it and a client can
  // connect again at once.
  const bool peer_closes = role_ == Role::kClient && how.clean;
  reactor::linger(std::move(stream_), peer_closes ? reactor::FirstToClose::kPeer : reactor::FirstToClose::kUs);
}

}  // namespace ws
