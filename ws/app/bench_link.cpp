// In the order of a connection's life. After each call to the traffic the connection may be gone.
#include "ws/app/bench_link.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "reactor/tls_stream.hpp"
#include "ws/protocol/handshake.hpp"
#include "ws/protocol/mask.hpp"

namespace ws::app {

namespace {

constexpr protocol::MaskingKey kControlKey = {0x37, 0xFA, 0x21, 0x3D};
constexpr std::array<std::uint8_t, 2> kNormalClosure = {0x03, 0xE8};  // 1000, RFC 6455 7.4.1
// Below this the loop's own buffer does.
constexpr std::size_t kLargeMessage = 16 * 1024;

}  // namespace

std::uint64_t bench_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

// ---- The beginning

void BenchLink::open() {
  state_ = State::kConnecting;
  sent_ = received_ = 0;
  close_came_ = opened_ = false;
  close_code_ = 0;
  reader_ = BenchReader(plan_.raw ? protocol::Role::kServer : protocol::Role::kClient);
  if (plan_.verify) {
    verdicts_ = std::make_unique<Verdicts>(Verdicts{.check = BenchCheck(plan_.messages),
                                                    .sequence = BenchSequence(plan_.messages.stamp_bits()),
                                                    .inflate = BenchInflate(plan_.inflater)});
  }
  std::optional<reactor::Address> source;
  if (!plan_.sources.empty()) source = plan_.sources[index_ % plan_.sources.size()];
  reactor::connect_to(
      plan_.loop, plan_.addresses, plan_.open_timeout,
      [this](reactor::Connected connected) { on_connected(std::move(connected)); }, source);
}

void BenchLink::on_connected(reactor::Connected connected) {
  if (state_ != State::kConnecting) return;
  if (!connected.socket.valid()) return fail(BenchError::kConnect, connected.failure);
  state_ = State::kUpgrading;
  plan_.loop.arm(*this, plan_.open_timeout);
  response_ = std::make_unique<http::ResponseParser>();
  if (plan_.tls) {
    stream_ = std::make_unique<reactor::TlsStream>(plan_.loop, std::move(connected.socket), *plan_.tls, plan_.host);
  } else {
    stream_ = std::make_unique<reactor::Stream>(plan_.loop, std::move(connected.socket));
  }
  stream_->attach(*this);
  if (plan_.messages.size() >= kLargeMessage) stream_->use_landing(true);
  write({reinterpret_cast<const std::uint8_t*>(plan_.request.data()), plan_.request.size()});
}

// Returns whether the connection is open; then `bytes` are what followed the head.
bool BenchLink::on_response(std::span<const std::uint8_t>& bytes) {
  bytes = bytes.subspan(response_->feed(bytes));
  if (response_->state() == http::ResponseParser::State::kReceiving) return false;
  if (response_->state() == http::ResponseParser::State::kFailed) {
    return fail(BenchError::kHandshake, response_->failure()), false;
  }
  if (const std::string wrong = check_response(); !wrong.empty()) return fail(BenchError::kHandshake, wrong), false;
  if (plan_.wire.tls.empty()) plan_.wire.tls = stream_->cipher();
  response_.reset();
  disarm();
  state_ = State::kOpen;
  opened_ = true;
  traffic_.on_open(*this);
  return stream_ != nullptr;
}

// What is wrong with it; empty: nothing.
std::string BenchLink::check_response() {
  std::vector<protocol::Field> fields;
  for (const http::Header& header : response_->headers())
    fields.push_back({.name = header.name, .value = header.value});
  constexpr std::array<std::string_view, 1> kExtensions = {"permessage-deflate"};
  const bool compresses = plan_.compression.mode != protocol::Compression::Mode::kOff;
  const protocol::UpgradeAnswer answer = protocol::check_upgrade_response(
      response_->status(), response_->minor(), fields, plan_.key, {}, std::span(kExtensions).first(compresses ? 1 : 0));
  if (answer.error == protocol::UpgradeError::kStatus) {
    return "the server answered with status " + std::to_string(response_->status());
  }
  if (answer.error != protocol::UpgradeError::kNone) return std::string(protocol::describe(answer.error));
  return compresses ? agree(answer.extensions) : "";
}

// The first connection's agreement is that of all: a figure is of one way to compress.
std::string BenchLink::agree(std::span<const protocol::Extension> extensions) {
  const protocol::DeflateAnswer answer = protocol::check_deflate_answer(extensions, plan_.compression);
  if (answer.error != protocol::UpgradeError::kNone) return std::string(protocol::describe(answer.error));
  if (!answer.agreed) return "the server does not compress";
  if (!plan_.wire.compression) {
    plan_.wire.compression = answer.agreed;
    plan_.messages.compress(answer.agreed->client, plan_.compression.min_size);
  }
  if (plan_.wire.compression != answer.agreed) return "the server agreed to compress otherwise than before";
  reader_.allow_compressed();
  if (verdicts_ != nullptr) verdicts_->inflate.agree(answer.agreed->server);
  return "";
}

// ---- Reading

void BenchLink::on_input(std::span<std::uint8_t> bytes) {
  now_ = bench_now();
  reading_ = true;
  std::span<const std::uint8_t> rest = bytes;
  if (state_ != State::kUpgrading || on_response(rest)) read_frames(rest);
  reading_ = false;
}

void BenchLink::read_frames(std::span<const std::uint8_t> bytes) {
  const protocol::Error error = reader_.read(bytes, *this);
  if (arrivals_ > 0) {
    // What was not asked for has nobody who waits for it.
    const std::uint64_t wanted = std::min(arrivals_, sender_->sent_ - received_);
    plan_.unexpected += arrivals_ - wanted;
    arrivals_ = 0;
    if (wanted > 0) arrive(wanted);
  }
  if (stream_ == nullptr) return;
  if (close_came_ && state_ == State::kOpen) {
    const std::string code = close_code_ == 0 ? "" : " with code " + std::to_string(close_code_);
    fail(BenchError::kClosed, "the server closed" + code);
  } else if (error != protocol::Error::kNone && !close_came_) {
    fail(BenchError::kProtocol, protocol::describe(error));
  } else if (verdicts_ != nullptr && verdicts_->inflate.error() != protocol::Error::kNone) {
    fail(BenchError::kProtocol, protocol::describe(verdicts_->inflate.error()));
  }
}

void BenchLink::arrive(std::uint64_t count) {
  const std::uint64_t first = std::exchange(received_, received_ + count);
  traffic_.on_arrival(*this, first, count, now_);
}

// Whoever does not verify does not inflate: a message that came compressed is taken for one of ours.
void BenchLink::on_message(protocol::Opcode opcode, std::uint64_t size) {
  if (verdicts_ == nullptr && (size == plan_.messages.size() || reader_.compressed())) {
    ++arrivals_;
    return;
  }
  if (verdicts_ != nullptr && reader_.compressed()) {
    const auto inflated = verdicts_->inflate.finish();
    if (!inflated) return;
    verdicts_->check.feed(*inflated);
    size = inflated->size();
  }
  if (verdicts_ != nullptr && size == plan_.messages.size()) return judge(opcode);
  if (verdicts_ != nullptr) verdicts_->check.finish();
  ++plan_.unexpected;
}

// In --verify: what is wrong with a message of the right size.
void BenchLink::judge(protocol::Opcode opcode) {
  const auto stamp = verdicts_->check.finish();
  const auto who = [this] {
    return "connection " + std::to_string(index_) + ", after message " + std::to_string(received_);
  };
  if (opcode != plan_.messages.opcode()) {
    plan_.errors.add(BenchError::kWrongType, opcode == protocol::Opcode::kText ? "text for binary" : "binary for text");
  }
  if (!stamp || !plan_.messages.is_of(*stamp, sender_->index_)) return plan_.errors.add(BenchError::kCorrupted, who());
  BenchSequence& sequence = verdicts_->sequence;
  switch (sequence.take(stamp->number, sender_->sent_)) {
    case BenchSequence::Verdict::kNext: break;
    case BenchSequence::Verdict::kAhead: {
      plan_.errors.add(BenchError::kOutOfOrder, who());
      const std::uint64_t skipped = sequence.next() - 1 - received_;
      traffic_.on_skipped(*this, std::exchange(received_, received_ + skipped), skipped);
      break;
    }
    case BenchSequence::Verdict::kLate: return;
    case BenchSequence::Verdict::kRepeated: return plan_.errors.add(BenchError::kRepeated, who());
  }
  arrive(1);
}

void BenchLink::on_control(protocol::Opcode opcode, std::span<const std::uint8_t> payload) {
  if (opcode == protocol::Opcode::kClose) return on_close(payload);
  if (opcode == protocol::Opcode::kPing && is_open()) write_control(protocol::Opcode::kPong, payload);
}

void BenchLink::on_drained() {
  if (is_open()) traffic_.on_room(*this);
}

// ---- Writing

void BenchLink::send(std::size_t count) {
  if (verdicts_ != nullptr) return send_stamped(count);
  const reactor::SharedBytes& block = plan_.messages.block();
  sent_ += count;
  while (count > 0) {
    const std::size_t part = std::min(count, plan_.messages.batch());
    const std::size_t size = part * plan_.messages.frame_size();
    const std::size_t refused = stream_->write_some({}, block.view().first(size));
    if (refused > 0) stream_->write_shared(block, size - refused, refused);
    count -= part;
  }
  if (!reading_) stream_->flush();
}

void BenchLink::send_stamped(std::size_t count) {
  for (; count > 0; --count) {
    stream_->write(plan_.messages.stamped_frame({.owner = index_, .number = sent_++}));
  }
  if (!reading_) stream_->flush();
}

void BenchLink::write(std::span<const std::uint8_t> bytes) {
  stream_->write(bytes);
  if (!reading_) stream_->flush();
}

void BenchLink::write_control(protocol::Opcode opcode, std::span<const std::uint8_t> payload) {
  std::array<std::uint8_t, protocol::kMaxHeaderSize> header{};
  const std::size_t size = protocol::write_frame_header(header, true, 0, opcode, payload.size(), kControlKey);
  std::vector<std::uint8_t> frame(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size));
  frame.insert(frame.end(), payload.begin(), payload.end());
  protocol::apply_mask(std::span(frame).subspan(size), kControlKey, 0);
  write(frame);
}

// ---- The end

void BenchLink::close() {
  state_ = State::kClosing;
  plan_.loop.arm(*this, kCloseTimeout);
  write_control(protocol::Opcode::kClose, kNormalClosure);
}

// Said in the middle of reading, so nothing ends here.
void BenchLink::on_close(std::span<const std::uint8_t> payload) {
  close_came_ = true;
  if (payload.size() >= 2) close_code_ = payload[0] << 8 | payload[1];
}

// RFC 6455 7.1.1: the server closes the TCP connection first, and keeps it in TIME_WAIT instead of us, who need the
// port.
void BenchLink::on_end(reactor::StreamEnd end) {
  if (state_ == State::kClosing && close_came_) return leave();
  std::string_view how = end == reactor::StreamEnd::kLost ? "the connection was reset" : "the server hung up";
  const std::string why(stream_->failure());
  if (!why.empty()) how = why;
  if (state_ == State::kUpgrading) return fail(BenchError::kHandshake, how);
  fail(BenchError::kLost, std::string(how) + (state_ == State::kClosing ? " without a Close frame" : ""));
}

void BenchLink::on_timer() {
  if (state_ == State::kClosing && close_came_) return leave();
  if (state_ == State::kClosing) return fail(BenchError::kLost, "the server did not answer a Close frame in time");
  fail(BenchError::kHandshake, "no answer in time");
}

void BenchLink::fail(BenchError kind, std::string_view why) {
  plan_.errors.add(kind, why);
  leave();
}

void BenchLink::leave() {
  disarm();
  state_ = State::kIdle;
  response_.reset();
  stream_.reset();
  traffic_.on_gone(*this);
}

}  // namespace ws::app
