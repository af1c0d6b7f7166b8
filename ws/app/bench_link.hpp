// One connection of the load generator: TCP, handshake, messages, close. It knows how to do each of these and not when:
// that is for its BenchTraffic. It is as thin as it can be, because what it costs takes from what can be measured: no
// Connection, no Session, frames that were made before, and replies that are counted.
//
//   idle ─► connecting ─► upgrading ─► open ─► closing ─► idle
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/response_parser.hpp"
#include "reactor/address.hpp"
#include "reactor/connector.hpp"
#include "reactor/loop.hpp"
#include "reactor/stream.hpp"
#include "reactor/tls_context.hpp"
#include "ws/app/bench_errors.hpp"
#include "ws/app/bench_inflate.hpp"
#include "ws/app/bench_messages.hpp"
#include "ws/app/bench_reader.hpp"
#include "ws/app/bench_sequence.hpp"

namespace ws::app {

class BenchLink;

// Nanoseconds of a clock that only goes forward.
std::uint64_t bench_now();

// What happens on the links, and what to do about it.
class BenchTraffic {
 public:
  virtual ~BenchTraffic() = default;
  virtual void on_open(BenchLink& link) = 0;
  // The messages from `first` on came.
  virtual void on_arrival(BenchLink& link, std::uint64_t first, std::uint64_t count, std::uint64_t now) = 0;
  // These have not come, and later ones have.
  virtual void on_skipped(BenchLink&, std::uint64_t /*first*/, std::uint64_t /*count*/) {}
  // The socket takes bytes again.
  virtual void on_room(BenchLink&) {}
  // The connection is gone; whether as it should has been counted.
  virtual void on_gone(BenchLink& link) = 0;
};

// What all links share.
struct BenchPlan {
  // How messages go over the wire, as it was agreed on.
  struct Wire {
    std::string tls;  // version and cipher; empty: plain
    std::optional<protocol::DeflateAgreement> compression;
  };

  reactor::Loop& loop;
  std::vector<reactor::Address> addresses;
  std::vector<reactor::Address> sources;  // in turn; none: as the kernel chooses
  std::optional<reactor::TlsContext> tls;
  std::string host;  // whom the certificate must be for
  protocol::Compression compression;
  std::string request;
  std::string key;  // Sec-WebSocket-Key in it
  BenchMessages messages;
  protocol::Inflater inflater;
  BenchErrors errors;
  Wire wire;
  std::uint64_t unexpected = 0;  // messages of another size than ours: a greeting, or the like
  bool verify = false;
  bool raw = false;
  std::vector<std::uint8_t> landing;           // where large messages are received
  reactor::Milliseconds open_timeout{10'000};  // for TCP, and once more for the handshake
};

class BenchLink final : private reactor::StreamHandler, private reactor::Timer {
 public:
  static constexpr reactor::Milliseconds kCloseTimeout{2'000};

  BenchLink(BenchPlan& plan, BenchTraffic& traffic, std::size_t index)
      : plan_(plan), traffic_(traffic), index_(index) {}

  // REQUIRES: state is idle.
  void open();
  // Sends the next `count` messages; sent() counts them. REQUIRES: is_open().
  void send(std::size_t count);
  // Sends a Close frame, and waits for the server's and for the end of the connection.
  void close();

  std::size_t index() const { return index_; }
  bool is_open() const { return state_ == State::kOpen; }
  bool is_gone() const { return state_ == State::kIdle; }
  // Since open(), even if it is gone now.
  bool has_been_open() const { return opened_; }
  bool full() const { return stream_ != nullptr && stream_->full(); }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  // In --verify: which messages this connection expects, its own or another's.
  void expect_from(const BenchLink& sender) { sender_ = &sender; }
  std::uint64_t missing() const { return verdicts_ == nullptr ? 0 : verdicts_->sequence.missing(); }

  // For BenchReader.
  bool wants_payload() const { return verdicts_ != nullptr; }
  void on_payload(std::span<const std::uint8_t> bytes) {
    reader_.compressed() ? verdicts_->inflate.feed(bytes) : verdicts_->check.feed(bytes);
  }
  void on_message(protocol::Opcode opcode, std::uint64_t size);
  void on_control(protocol::Opcode opcode, std::span<const std::uint8_t> payload);

 private:
  enum class State : std::uint8_t { kIdle, kConnecting, kUpgrading, kOpen, kClosing };
  struct Verdicts {
    BenchCheck check;
    BenchSequence sequence;
    BenchInflate inflate;
  };

  void on_connected(reactor::Connected connected);
  void on_input(std::span<std::uint8_t> bytes) override;
  void on_end(reactor::StreamEnd end) override;
  void on_drained() override;
  std::span<std::uint8_t> landing() override { return plan_.landing; }
  void on_timer() override;

  void read_frames(std::span<const std::uint8_t> bytes);
  bool on_response(std::span<const std::uint8_t>& bytes);
  std::string check_response();
  std::string agree(std::span<const protocol::Extension> extensions);
  void judge(protocol::Opcode opcode);
  void arrive(std::uint64_t count);
  void send_stamped(std::size_t count);
  void write(std::span<const std::uint8_t> bytes);
  void write_control(protocol::Opcode opcode, std::span<const std::uint8_t> payload);
  void on_close(std::span<const std::uint8_t> payload);
  void fail(BenchError kind, std::string_view why);
  void leave();

  BenchPlan& plan_;
  BenchTraffic& traffic_;
  std::size_t index_;
  const BenchLink* sender_ = this;
  std::unique_ptr<reactor::Stream> stream_;
  std::unique_ptr<http::ResponseParser> response_;  // during the handshake
  std::unique_ptr<Verdicts> verdicts_;              // in --verify
  BenchReader reader_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t now_ = 0;       // when the bytes came that are being read
  std::uint64_t arrivals_ = 0;  // in them
  int close_code_ = 0;
  State state_ = State::kIdle;
  bool reading_ = false;  // what is written gathers in the loop's cork
  bool close_came_ = false;
  bool opened_ = false;
};

}  // namespace ws::app
