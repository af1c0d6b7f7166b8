// How the decoder goes from bytes to events. Between two messages a whole frame takes the short way:
// next_frame(), which parses, checks, takes and reacts. Anything else is kept in a Partial until it is whole:
// the start of a header or of a control frame as raw bytes, the payload of a message in one growing buffer.
// RFC 6455 5.4 lets control frames come between the frames of a message, so the two are kept side by side.
#include "ws/protocol/decoder.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "ws/protocol/decoder_partial.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/mask.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::protocol {
namespace {

// A landing that is smaller, and does not end its frame, is not offered: to copy so little costs less than a
// receive of its own.
constexpr std::size_t kSmallLanding = 16384;
// What lands at once is unmasked and validated while it is still in the processor's cache.
constexpr std::size_t kLargestLanding = 131072;

// The header of a masked frame with a length of 7 bits.
constexpr std::size_t kShortHeader = 2 + sizeof(MaskingKey);

using Event = Decoder::Event;
using Kind = Event::Kind;

// How many sizes of a message are allowed and short.
std::uint8_t short_sizes(const DecoderLimits& limits) {
  return static_cast<std::uint8_t>(std::min<std::uint64_t>(limits.max_message, detail::kMaxShortMask) + 1);
}

// The opcodes of messages are their types.
MessageType message_type(Opcode opcode) { return static_cast<MessageType>(opcode); }

}  // namespace

Decoder::Decoder(Role role, const DecoderLimits& limits)
    : limits_(&limits), role_(role), ended_(false), short_sizes_(role == Role::kServer ? short_sizes(limits) : 0) {}
Decoder::Decoder(Decoder&& other) noexcept = default;
Decoder& Decoder::operator=(Decoder&& other) noexcept {
  std::swap(limits_, other.limits_);
  std::swap(partial_, other.partial_);
  role_ = other.role_;
  ended_ = other.ended_;
  short_sizes_ = other.short_sizes_;
  reserved_bits_allowed_ = other.reserved_bits_allowed_;
  history_bits_ = other.history_bits_;
  return *this;
}
Decoder::~Decoder() {
  if (partial_ != nullptr) partial_->settle(*limits_);
}

void Decoder::expect_compressed(const DeflateDirection& theirs) {
  assert(limits_->inflater != nullptr);
  reserved_bits_allowed_ = kCompressedBit;
  // A peer that says 8 may use 9: some have zlib do so.
  history_bits_ = theirs.context_takeover ? std::max(theirs.window_bits, kMinWindowBits) : std::uint8_t{0};
}

// Nothing was left behind.
Event Decoder::next_of_fresh(std::span<std::uint8_t>& input) {
  if (holds_short_message(input)) return take_short_message(input);
  return ended_ ? resume(input) : next_frame(input);
}

// True if `input` starts with a masked message in one whole frame of so few bytes that short_sizes_ counts them.
// decoder_test.cpp holds this against check_frame_header for every first two bytes.
[[gnu::always_inline]] inline bool Decoder::holds_short_message(std::span<const std::uint8_t> input) const {
  if (input.size() < kShortHeader) return false;
  const std::size_t payload_size = input[1] ^ 0x80U;  // with MASK clear: 128 or more
  return input[0] - 0x81U <= 1 && payload_size < short_sizes_ && input.size() - kShortHeader >= payload_size;
}

// A server's shortcut for what nearly every frame is. Such a header breaks no rule, so to parse and to check it is
// one look at two bytes, and all together takes half of next_frame's time.
[[gnu::always_inline]] inline Event Decoder::take_short_message(std::span<std::uint8_t>& input) {
  const auto opcode = static_cast<Opcode>(input[0] & 0xF);
  const auto key = read_masking_key(input.subspan(2).first<4>());
  const auto payload = input.subspan(kShortHeader, input[1] & 0x7F);
  input = input.subspan(kShortHeader + payload.size());
  const bool ascii = (detail::mask_short(payload, key, 0) & detail::kTopBits) == 0;
  if (opcode == Opcode::kText && !ascii) return on_text(payload);
  return {.kind = Kind::kMessage, .type = message_type(opcode), .payload = payload};
}

// Between two messages: what nearly every frame needs, and no more.
Event Decoder::next_frame(std::span<std::uint8_t>& input) {
  // 1. What do the bytes say?
  const auto header = parse_frame_header(input);
  if (!header) return begin(input);

  // 2. May the peer say it now? Asked before the payload is here: what is too big is refused while it is small.
  const Error error = check_frame_header(*header, {.role = role_,
                                                   .reserved_bits_allowed = reserved_bits_allowed_,
                                                   .payload_limit = limits_->max_message,
                                                   .compressed_limit = limits_->max_compressed()});
  if (error != Error::kNone) return fail(error);

  // 3. Take the frame off the input, if it is a whole one that is a plain message or a control frame by itself.
  if (!header->final || header->reserved_bits != 0 || input.size() - header->header_size < header->payload_size)
    return begin(input);
  const auto payload = input.subspan(header->header_size, header->payload_size);
  input = input.subspan(header->header_size + header->payload_size);
  if (header->masked) apply_mask(payload, header->masking_key, 0);

  // 4. React.
  if (is_control(header->opcode)) return on_control(header->opcode, payload);
  if (header->opcode == Opcode::kText) return on_text(payload);
  return {.kind = Kind::kMessage, .type = MessageType::kBinary, .payload = payload};
}

// Takes from the input, into a Partial, what does not end there or is compressed.
Event Decoder::begin(std::span<std::uint8_t>& input) {
  if (input.empty()) return {};
  if (partial_ == nullptr) partial_.reset(new (std::nothrow) Partial);
  return partial_ != nullptr ? go_on(input) : fail(Error::kOutOfMemory);
}

// Goes on after a call that left something behind.
Event Decoder::resume(std::span<std::uint8_t>& input) {
  // RFC 6455 5.5.1, 7.1.7: after a Close frame or a failure nothing more is heard.
  if (ended_) {
    drop_partial();
    input = {};
    return {};
  }
  if (partial_->unfinished()) return go_on(input);
  // It held the payload of the last event, which has been used.
  if (partial_->history == nullptr) {
    drop_partial();
  } else {
    give_back();
  }
  return next_frame(input);
}

// Goes on with an unfinished message, frame or header.
Event Decoder::go_on(std::span<std::uint8_t>& input) {
  if (partial_->landed_error != Error::kNone) return fail(partial_->landed_error);
  while (true) {
    const Event event = partial_->frame_open ? take_payload(input) : take_frame(input);
    if (event.kind != Kind::kNeedMore || input.empty()) return event;
  }
}

FrameContext Decoder::context() const {
  if (!partial_->message_open) {
    return {.role = role_,
            .reserved_bits_allowed = reserved_bits_allowed_,
            .payload_limit = limits_->max_message,
            .compressed_limit = limits_->max_compressed()};
  }
  const std::uint64_t limit = partial_->compressed ? limits_->max_compressed() : limits_->max_message;
  return {.role = role_,
          .message_open = true,
          .reserved_bits_allowed = reserved_bits_allowed_,
          .fragments_left = limits_->max_fragments - std::min(limits_->max_fragments, partial_->fragment_count),
          .payload_limit = limit - partial_->wire_size};
}

// As next_frame, for a frame that is not all in the input or is part of a longer message.
Event Decoder::take_frame(std::span<std::uint8_t>& input) {
  Partial& partial = *partial_;
  const auto header = partial.keep_header(input);
  const Error error =
      header ? check_frame_header(*header, context()) : check_frame_start(partial.kept_bytes(), context());
  if (error != Error::kNone) return fail(error);
  if (!header) return {};
  if (!is_control(header->opcode)) {
    partial.kept_size = 0;
    return begin_fragment(*header, input);
  }

  const std::size_t whole_size = header->header_size + header->payload_size;
  partial.keep(input, whole_size);
  if (partial.kept_size < whole_size) return {};
  const auto payload = partial.kept_bytes().subspan(header->header_size);
  partial.kept_size = 0;  // the bytes stay where they are until the next call
  if (header->masked) apply_mask(payload, header->masking_key, 0);
  return on_control(header->opcode, payload);
}

// Begins a data frame whose payload goes to the buffer, and takes as much of that as there is.
Event Decoder::begin_fragment(const FrameHeader& header, std::span<std::uint8_t>& input) {
  Partial& partial = *partial_;
  partial.frame = header;
  partial.payload_left = header.payload_size;
  if (!partial.message_open) {
    open_message(header);
  }
  ++partial.fragment_count;
  partial.frame_open = true;
  return take_payload(input);
}

void Decoder::open_message(const FrameHeader& header) {
  Partial& partial = *partial_;
  assert(partial.message.size() == 0 && partial.stream == nullptr && partial.gathered.size() == 0);
  assert(partial.utf8.complete());
  partial.message_open = true;
  partial.type = message_type(header.opcode);
  partial.compressed = header.reserved_bits != 0;
  partial.fragment_count = 0;
  partial.wire_size = 0;
}

Event Decoder::take_payload(std::span<std::uint8_t>& input) {
  Partial& partial = *partial_;
  const auto piece = input.first(std::min<std::size_t>(partial.payload_left, input.size()));
  input = input.subspan(piece.size());
  const Error error = keep_payload(piece);
  if (error != Error::kNone) return fail(error);
  if (partial.payload_left > 0) return {};
  partial.frame_open = false;
  return partial.frame.final ? on_message_end() : Event();
}

// Moves the next bytes of the message to its buffer.
Error Decoder::keep_payload(std::span<std::uint8_t> piece) {
  Partial& partial = *partial_;
  if (partial.compressed) {
    partial.unmask(piece);
    return inflate(piece);
  }
  const std::size_t arrived = partial.message.size() + piece.size();
  const std::size_t allowed =
      partial.allowed_capacity(arrived, partial.payload_left - piece.size(), limits_->max_message);
  if (arrived > partial.message.capacity() && !partial.make_room(allowed, *limits_)) return Error::kOutOfMemory;
  return partial.arrive(partial.message.append(piece));
}

// The next bytes of a compressed message. Only when it is whole may it be as large as it is: until then little memory
// is spent on it, however much it unfolds to.
Error Decoder::inflate(std::span<const std::uint8_t> piece) {
  Partial& partial = *partial_;
  if (partial.payload_left == 0 && partial.frame.final) return inflate_rest(piece);
  const Error error = partial.inflate_ahead(piece, *limits_);
  return error != Error::kNone || piece.empty() ? error : partial.gather(piece, limits_->max_compressed());
}

// The last bytes of a compressed message are here.
Error Decoder::inflate_rest(std::span<const std::uint8_t> piece) {
  Partial& partial = *partial_;
  // It is soon done with the loop's memory, so that serves every message which was not begun in its own.
  if (partial.message.capacity() == 0) partial.message = limits_->inflater->lend_buffer();
  Error error = partial.stream != nullptr ? Error::kNone : partial.begin_stream(*limits_->inflater);
  const InflateTarget target = partial.inflate_target(limits_->max_message);
  if (error == Error::kNone) error = partial.stream->feed(partial.gathered.bytes(), target);
  partial.gathered = {};
  if (error == Error::kNone) error = partial.stream->feed(piece, target);
  if (error == Error::kNone) error = partial.stream->finish(target);
  if (error != Error::kNone) return error;
  limits_->inflater->take_back(std::move(partial.stream));
  if (history_bits_ == 0) return Error::kNone;
  if (partial.history == nullptr) partial.history.reset(new (std::nothrow) InflateHistory(history_bits_));
  return partial.history != nullptr && partial.history->append(partial.message.bytes()) ? Error::kNone
                                                                                        : Error::kOutOfMemory;
}

// Not inline, so that who seldom calls it need not save registers for it.
[[gnu::noinline]] Event Decoder::on_text(std::span<std::uint8_t> payload) {
  if (!is_valid_utf8(payload)) return fail(Error::kInvalidUtf8);
  return {.kind = Kind::kMessage, .type = MessageType::kText, .payload = payload};
}

Event Decoder::on_message_end() {
  // RFC 6455 5.6: a fragment may end within a character, a message may not.
  if (!partial_->utf8.complete()) return fail(Error::kInvalidUtf8);
  partial_->message_open = false;
  return {.kind = Kind::kMessage, .type = partial_->type, .payload = partial_->message.bytes()};
}

Event Decoder::on_control(Opcode opcode, std::span<std::uint8_t> payload) {
  if (opcode == Opcode::kClose) return on_close(payload);
  return {.kind = opcode == Opcode::kPing ? Kind::kPing : Kind::kPong, .payload = payload};
}

Event Decoder::on_close(std::span<std::uint8_t> payload) {
  const ClosePayload close = parse_close_payload(payload);
  if (close.error != Error::kNone) return fail(close.error);
  end();
  return {.kind = Kind::kClose, .close_code = close.code, .payload = payload.last(close.reason.size())};
}

// RFC 6455 7.1.7: nothing that was unfinished matters any more.
Event Decoder::fail(Error error) {
  end();
  drop_partial();
  return {.kind = Kind::kError, .error = error, .close_code = protocol::close_code(error)};
}

void Decoder::end() {
  ended_ = true;
  short_sizes_ = 0;
}

void Decoder::drop_partial() {
  if (partial_ == nullptr) return;
  give_back();
  partial_.reset();
}

// Lets go of the message. What the loop lent to a compressed one goes back.
void Decoder::give_back() {
  if (partial_->compressed) {
    limits_->inflater->take_back(std::move(partial_->stream));
    limits_->inflater->take_back(std::move(partial_->message));
    partial_->gathered = {};
  }
  partial_->give_message(*limits_);
}

std::span<std::uint8_t> Decoder::landing() {
  if (partial_ == nullptr || !partial_->frame_open || partial_->compressed || partial_->landed_error != Error::kNone)
    return {};
  Partial& partial = *partial_;
  const std::size_t size = partial.message.size();
  std::size_t capacity = partial.message.capacity();
  // Grown only when too little is left to be offered: growing at every receive would move the message each time.
  if (capacity - size < std::min<std::uint64_t>(partial.payload_left, kSmallLanding)) {
    capacity = std::max(capacity, partial.allowed_capacity(size, partial.payload_left, limits_->max_message));
  }
  const std::size_t room = std::min<std::size_t>(partial.payload_left, capacity - size);
  if (room < partial.payload_left && room < kSmallLanding) return {};
  if (!partial.make_room(size + room, *limits_)) return {};
  return partial.message.room().first(std::min(room, kLargestLanding));
}

void Decoder::landed(std::size_t size) {
  assert(partial_ != nullptr && partial_->frame_open && size <= partial_->payload_left);
  partial_->landed_error = partial_->arrive(partial_->message.extend(size));
}

bool Decoder::idle() const { return partial_ == nullptr || ended_ || !partial_->unfinished(); }

MessageBuffer Decoder::take_message() {
  if (partial_ == nullptr || partial_->message_open) return {};
  if (partial_->lent && partial_->message.capacity() / 2 > partial_->message.size()) return {};
  partial_->settle(*limits_);
  return std::move(partial_->message);
}

void Decoder::let_go_of_message() {
  if (partial_ != nullptr && !partial_->message_open) give_back();
}

std::size_t Decoder::memory() const {
  if (partial_ == nullptr) return 0;
  const std::size_t inflating = partial_->stream == nullptr ? 0 : partial_->stream->memory();
  const std::size_t remembered = partial_->history == nullptr ? 0 : partial_->history->memory();
  return sizeof(Partial) + partial_->message.capacity() + partial_->gathered.capacity() + inflating + remembered;
}

}  // namespace ws::protocol
