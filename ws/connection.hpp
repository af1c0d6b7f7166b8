// A WebSocket connection: the protocol wrapped round a hijacked socket. The same class serves both roles. It is driven
// by what everyone knows from blocking code, a loop that pulls messages, without blocking:
//
//   while (auto message = read_message()) session.on_message(*this, *message);
//
// Its life (RFC 6455 7.1):
//
//   open ──close()──► closing ──their Close, or close_timeout──► ended
//     ├──their Close: answered────────────────────────────────────►│
//     ├──they broke a rule: our Close with its code───────────────►│
//     └──connection lost, peer silent─────────────────────────────►│  on_close once; the last words linger; freed
//
// It reads bytes by a protocol::Decoder and knows no frame rule itself; it writes frames and knows no socket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reactor/loop.hpp"
#include "reactor/stream.hpp"
#include "ws/handle.hpp"
#include "ws/heartbeat.hpp"
#include "ws/message.hpp"
#include "ws/protocol/decoder.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/session.hpp"
#include "ws/settings.hpp"

namespace ws::protocol {
class DeflateContext;
}

namespace ws {

using protocol::Role;
class Subscriber;

// What the opening handshake came to.
struct Agreed {
  static constexpr std::uint8_t kNoSubprotocol = 255;
  std::uint8_t subprotocol = kNoSubprotocol;  // an index into the settings' subprotocols
  std::optional<protocol::DeflateAgreement> compression = {};
};

class Connection final : private reactor::StreamHandler, private reactor::Timer, public reactor::Resident {
 public:
  // REQUIRES: `settings` outlives the connection; its codec is there if compression was agreed on.
  Connection(Role role, std::unique_ptr<reactor::Stream> stream, std::unique_ptr<Session> session,
             const Settings& settings, const Agreed& agreed = {});
  ~Connection() override;

  // Begins: tells the session, and reads what had been received behind the handshake.
  void open(std::span<std::uint8_t> early);

  // ---- What a session does with it. Once the connection is closing, writes do nothing.

  // Sends one message in one frame. The payload is not needed after the call.
  void write_message(MessageType type, std::span<const std::uint8_t> payload);
  void write_text(std::string_view text);
  void write_binary(std::span<const std::uint8_t> bytes) { write_message(MessageType::kBinary, bytes); }
  // RFC 6455 5.5.2. Of `payload` at most 125 bytes are sent.
  void ping(std::string_view payload = {});
  // Starts the close handshake. A code that may not be on the wire is sent as 1011; a long reason is cut.
  void close(std::uint16_t code = protocol::kNormal, std::string_view reason = {});
  // Ends the connection without a handshake; on_close follows at the end of this turn.
  void terminate();

  // The next message, or nothing: when no whole one is there yet, when the peer does not take what we write, or at the
  // end. The loop calls it; a session may, to take the next message out of turn.
  std::optional<Message> read_message();

  bool is_open() const { return state_ == State::kOpen; }
  // Bytes written that the socket has not taken, or has not been offered yet.
  std::size_t unsent() const { return stream_ == nullptr ? 0 : stream_->unsent(); }
  // The peer does not take what we write. Who produces by himself stops then, and goes on in on_drain, which follows.
  bool above_high_water() const;
  // Of those that we offer or speak, or empty.
  std::string_view subprotocol() const;
  Role role() const { return is(kClient) ? Role::kClient : Role::kServer; }
  // Messages are compressed, in one direction or both.
  bool compressed() const { return is(kCompresses); }
  // Empty once the connection is lost: who names it in on_close keeps it from before.
  reactor::Address remote() const { return stream_ == nullptr ? reactor::Address() : stream_->peer(); }
  reactor::Loop& loop() const { return loop_; }
  Session& session() const { return *session_; }
  const Settings& settings() const { return settings_; }
  Handle handle();
  // This connection as a hub sees it; it is in no hub any more when the session hears on_close.
  Subscriber& subscriber();
  Subscriber* subscriber_if_any() const;

  // Keeps what the connection points to, for as long as it lives.
  void keep(std::shared_ptr<const Settings> settings);

 private:
  friend class ConnectionSubscriber;
  enum class State : std::uint8_t { kOpen, kClosing, kAborted, kEnded };
  struct Extras;

  // From the stream.
  void on_input(std::span<std::uint8_t> bytes) override;
  void on_end(reactor::StreamEnd end) override;
  void on_drained() override;
  void on_share() override { read_on(); }
  std::span<std::uint8_t> landing() override { return decoder_.landing(); }
  // From the loop.
  void wind_down() override;
  void cut_off() override;
  void on_timer() override;

  // What makes a connection, or this moment of it, unlike most. In bits, so that a message asks for several at once.
  enum Unusual : std::uint8_t {
    kNotOpen = 1,
    kClient = 2,
    kCompresses = 4,
    kTraced = 8,
    kUnfinished = 16,  // a message is
    // If it compresses:
    kTakesContextOver = 32,
    kFinalBlocks = 64,
  };
  bool is(unsigned any_of) const { return (unusual_ & any_of) != 0; }
  void set(Unusual what, bool on) { unusual_ = static_cast<std::uint8_t>(on ? unusual_ | what : unusual_ & ~what); }
  void become(State state);

  // Reading.
  void pump(std::span<std::uint8_t> input);
  void on_unusual_input(std::span<std::uint8_t> bytes);
  std::optional<Message> next_message();
  bool may_read();
  bool must_wait();
  bool is_for_session(std::size_t message_size);
  void react(protocol::Decoder::Event event);
  void set_unfinished(bool unfinished);
  void note_spare_memory();
  void yield();
  void read_on();
  void keep_unread(std::span<const std::uint8_t> input);
  void release_message();
  void on_ping_or_pong(const protocol::Decoder::Event& event);
  void on_peer_close(const protocol::Decoder::Event& event);
  void on_broken_rule(protocol::Error error);

  // Writing.
  bool worth_compressing(std::size_t size) const { return compressed() && size >= settings_.compression.min_size; }
  void write_compressed(protocol::Opcode opcode, std::span<const std::uint8_t> payload);
  protocol::DeflateDirection sending() const {
    return {.window_bits = sending_window_bits_,
            .context_takeover = is(kTakesContextOver),
            .final_blocks = is(kFinalBlocks)};
  }
  protocol::DeflateContext& context();
  void write_otherwise(protocol::Opcode opcode, std::span<const std::uint8_t> payload);
  bool write_corked(protocol::Opcode opcode, std::span<const std::uint8_t> payload, std::uint8_t reserved_bits);
  void write_frame(protocol::Opcode opcode, std::span<const std::uint8_t> payload, std::uint8_t reserved_bits = 0);
  void write_masked_frame(protocol::Opcode opcode, std::span<const std::uint8_t> payload, std::uint8_t reserved_bits);
  std::string_view write_close(std::uint16_t code, std::string_view reason);
  void queue_refused(std::span<const std::uint8_t> payload, std::size_t refused);
  void trace(bool received, std::span<const std::uint8_t> bytes);

  // Time and the end.
  void note_unfinished_message();
  void ping_peer();
  bool is_busy_with_our_bytes();
  void arm_timer();
  void finish_as_we_said(bool clean);
  void finish(const Closed& how);
  void leave_company();
  void look_at_context_later();
  void release_context_if_idle();
  Extras& extras();

  // Every connection has these, and 8 bytes of a million are 8 million: the small ones fit behind the bases and behind
  // the decoder.
  State state_ = State::kOpen;
  std::uint8_t unusual_;
  std::uint8_t subprotocol_;
  std::uint32_t since_ = 0;  // when the unfinished message began, or our Close was sent
  reactor::Loop& loop_;
  const Settings& settings_;
  std::unique_ptr<reactor::Stream> stream_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Extras> extras_;  // what few connections need
  [[no_unique_address]] protocol::Decoder decoder_;
  [[no_unique_address]] Heartbeat heartbeat_;
  std::uint8_t sending_window_bits_ = 0;      // if it compresses
  std::span<std::uint8_t>* input_ = nullptr;  // received and not yet read; only while it is being handled
};

}  // namespace ws
