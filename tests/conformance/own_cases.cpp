// What the suite of the field does not ask for, and servers and clients have got wrong: the mask bit, lengths that are
// not minimal or overflow, what comes behind a fault or a Close frame, the limits, and bytes that are no WebSocket at
// all.
#include "tests/conformance/cases.hpp"

#include <string>
#include <utility>

namespace conformance {

namespace {

constexpr std::uint64_t kLargestMessage = 16U << 20;  // the default of --max-message
constexpr std::uint64_t kTopBit = std::uint64_t{1} << 63;

Case row(std::string name, std::string holds, std::vector<Step> script, Ending ending = kCloses) {
  return {.name = std::move(name), .holds = std::move(holds), .script = std::move(script), .ending = ending};
}

Case is_refused(std::string name, std::string holds, std::vector<Frame> frames, std::uint16_t code = 1002) {
  return row(std::move(name), std::move(holds), {send(std::move(frames))}, fails(code));
}

Frame with_wrong_mask_bit(Frame frame) {
  frame.wrong_mask_bit = true;
  return frame;
}

Frame with_length_form(LengthForm form, Frame frame) {
  frame.length_form = form;
  return frame;
}

Frame with_key(Key key, Frame frame) {
  frame.key = key;
  return frame;
}

Frame not_final(Frame frame) {
  frame.final = false;
  return frame;
}

using Cases = std::vector<Case>;

Cases mask_cases() {
  return {
      is_refused("mask.text", "RFC 6455 5.1: the wrong mask bit on a message", {with_wrong_mask_bit(text("Hello"))}),
      is_refused("mask.empty", "also on an empty one", {with_wrong_mask_bit(text(""))}),
      is_refused("mask.ping", "also on a ping", {with_wrong_mask_bit(ping("Hello"))}),
      is_refused("mask.close", "also on a Close frame", {with_wrong_mask_bit(close_frame(1000))}),
      is_refused("mask.continuation", "also on the second fragment",
                 {first_part(kText, "Hel"), with_wrong_mask_bit(last_part("lo"))}),
      row("mask.second", "what came before is echoed",
          {send({text("1"), with_wrong_mask_bit(text("2"))}), expect({text("1")})}, fails(1002)),
      row("mask.zero_key", "a masking key of zeros is a key",
          {send({with_key({0, 0, 0, 0}, text("Hello"))}), expect({text("Hello")})}),
      row("mask.any_key", "as is one of ones",
          {send({with_key({255, 255, 255, 255}, text("Hello"))}), expect({text("Hello")})}),
  };
}

Cases length_cases() {
  const auto in_16 = [](Frame frame) { return with_length_form(LengthForm::k16Bits, std::move(frame)); };
  const auto in_64 = [](Frame frame) { return with_length_form(LengthForm::k64Bits, std::move(frame)); };
  return {
      is_refused("length.0_in_16_bits", "RFC 6455 5.2: a length must be minimal", {in_16(text(""))}),
      is_refused("length.5_in_16_bits", "also when it is not 0", {in_16(text("Hello"))}),
      is_refused("length.125_in_16_bits", "the largest that fits 7 bits", {in_16(binary(repeated("x", 125)))}),
      is_refused("length.5_in_64_bits", "64 bits for a small length", {in_64(text("Hello"))}),
      is_refused("length.65535_in_64_bits", "the largest that fits 16 bits", {in_64(binary(repeated("x", 65535)))}),
      is_refused("length.continuation", "on a continuation", {first_part(kText, "a"), in_16(last_part("b"))}),
      is_refused("length.ping_5_in_16_bits", "RFC 6455 5.5: a control frame has a length of 7 bits",
                 {in_16(ping("Hello"))}),
      is_refused("length.ping_0_in_64_bits", "and not of 64", {in_64(ping(""))}),
      is_refused("length.pong_126", "a pong of 126 bytes", {pong(repeated("x", 126))}),
      is_refused("length.close_2_in_16_bits", "a Close frame", {in_16(close_frame(1000))}),
      is_refused("length.close_announces_2_to_40", "is refused at its header", {announcement(kClose, 1ULL << 40)}),
      is_refused("length.top_bit", "RFC 6455 5.2: the top bit of a length is 0", {announcement(kBinary, kTopBit + 1)}),
      is_refused("length.all_bits", "the largest number", {announcement(kText, ~std::uint64_t{0})}),
      is_refused("length.all_but_the_top_bit", "the largest length is too big", {announcement(kBinary, kTopBit - 1)},
                 1009),
      is_refused("length.2_to_32", "a length whose low half is 0", {announcement(kBinary, 1ULL << 32)}, 1009),
      is_refused("length.2_to_32_and_5", "or small", {announcement(kText, (1ULL << 32) + 5)}, 1009),
  };
}

Cases limit_rows() {
  const auto and_then = [](std::uint64_t size) {
    return std::vector<Frame>{first_part(kBinary, "x"), announcement(kContinuation, size)};
  };
  return {
      is_refused("limit.one_more", "one byte more than allowed is refused at its header",
                 {announcement(kBinary, kLargestMessage + 1)}, 1009),
      is_refused("limit.text", "also of text", {announcement(kText, kLargestMessage + 1)}, 1009),
      is_refused("limit.sum", "fragments are summed up", and_then(kLargestMessage), 1009),
      is_refused("limit.sum_2_to_32", "and the sum does not overflow", and_then((1ULL << 32) - 1), 1009),
      is_refused("limit.sum_2_to_63", "not with the largest length either", and_then(kTopBit - 1), 1009),
      is_refused("limit.sum_2_to_64", "the top bit is a fault of its own", and_then(~std::uint64_t{0}), 1002),
      row("limit.in_two", "two fragments that make exactly the limit are a message",
          {send_message({.opcode = kBinary,
                         .pattern = "0123456",
                         .size = kLargestMessage,
                         .fragment_size = kLargestMessage - 1}),
           expect_message({.opcode = kBinary, .pattern = "0123456", .size = kLargestMessage})}),
  };
}

Cases header_rows() {
  Case rsv1 =
      is_refused("header.rsv1_text", "RSV1 means nothing without an extension", {with_reserved_bits(4, text("Hello"))});
  rsv1.compressed_code = 1007;
  return {
      rsv1,
      is_refused("header.rsv1_continuation", "nor on a continuation",
                 {first_part(kText, "Hel"), with_reserved_bits(4, last_part("lo"))}),
      is_refused("header.rsv1_ping", "nor on a ping", {with_reserved_bits(4, ping())}),
      is_refused("header.rsv1_pong", "nor on a pong", {with_reserved_bits(4, pong())}),
      is_refused("header.rsv1_close", "nor on a Close frame", {with_reserved_bits(4, close_frame(1000))}),
      is_refused("header.close_not_final", "RFC 6455 5.5: no control frame is fragmented",
                 {not_final(close_frame(1000))}),
      is_refused("header.binary_in_text", "no message starts within a message", {first_part(kText, "a"), binary("b")}),
      is_refused("header.first_part_in_text", "nor its first fragment",
                 {first_part(kText, "a"), first_part(kBinary, "b")}),
      row("header.second_end", "a message ends once",
          {send({first_part(kText, ""), last_part(""), last_part("")}), expect({text("")})}, fails(1002)),
      row("header.first_byte", "the first byte is enough where it breaks a rule", {send_bytes(hex("83"))}, fails(1002)),
      row("header.two_bytes", "and the second one", {send_bytes(hex("89fe"))}, fails(1002)),
  };
}

// Whoever speaks another protocol through an upgraded connection is cut off at once, so that nobody is smuggled past
// a proxy which believes that WebSocket is spoken here.
Cases stranger_cases() {
  return {
      row("stranger.get", "a request is no frame", {send_bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")},
          fails(1002)),
      row("stranger.g", "its first byte is none", {send_bytes("G")}, fails(1002)),
      row("stranger.post", "POST", {send_bytes("POST /admin HTTP/1.1\r\nContent-Length: 0\r\n\r\n")}, fails(1002)),
      row("stranger.response", "a response", {send_bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")}, fails(1002)),
      row("stranger.tls", "a TLS greeting", {send_bytes(hex("16 03 01 02 00 01 00 01 fc 03 03"))}, fails(1002)),
      row("stranger.http2", "HTTP/2", {send_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}, fails(1002)),
      row("stranger.line_end", "an empty line", {send_bytes("\r\n")}, fails(1002)),
  };
}

Cases fragment_rows() {
  const std::string euro = "\u20AC";
  const std::vector<Frame> busy = {first_part(kText, euro.substr(0, 1)),
                                   ping("1"),
                                   pong("nobody asked"),
                                   middle_part(euro.substr(1, 1)),
                                   ping("2"),
                                   middle_part(""),
                                   last_part(euro.substr(2))};
  return {
      row("fragments.character_round_pings", "a character may be cut, and pings be in the cuts",
          {send(busy), expect({pong("1"), pong("2"), text(euro)})}),
      row("fragments.binary", "binary in fragments stays binary",
          {send({first_part(kBinary, "\xFF"), last_part("\xFE")}), expect({binary("\xFF\xFE")})}),
      row("fragments.two_messages", "a fragmented message, then another one",
          {send({first_part(kText, "a"), last_part("b"), first_part(kBinary, "c"), last_part("d"), text("e")}),
           expect({text("ab"), binary("cd"), text("e")})}),
      row("fragments.empty_thousands", "empty fragments are as good as others",
          {send_message({.opcode = kText, .pattern = "x", .size = 5000, .fragment_size = 1}),
           expect_message({.opcode = kText, .pattern = "x", .size = 5000})}),
      is_refused("fragments.cut_character", "but a message may not end within a character",
                 {first_part(kText, euro.substr(0, 2)), last_part("")}, 1007),
      is_refused("fragments.split_surrogate", "nor hide a surrogate in a cut",
                 {first_part(kText, "\xED"), last_part("\xA0\x80")}, 1007),
  };
}

Cases payload_rows() {
  return {
      row("payload.nul", "U+0000 is text",
          {send({text(std::string("a\0b", 3))}), expect({text(std::string("a\0b", 3))})}),
      row("payload.byte_order_mark", "a byte order mark stays",
          {send({text("\xEF\xBB\xBFx")}), expect({text("\xEF\xBB\xBFx")})}),
      row("payload.ping_is_bytes", "a ping's payload need not be text",
          {send({ping("\xFF\xC0")}), expect({pong("\xFF\xC0")})}),
      row("payload.many_at_once", "messages that come in one packet are answered in order",
          {send({text("1"), binary("2"), ping("3"), text(""), text("5"), ping(""), binary("7")}),
           expect({text("1"), binary("2"), pong("3"), text(""), text("5"), pong(""), binary("7")})}),
  };
}

Cases close_rows() {
  const std::string long_tail = repeated("noise", 200'000);
  const auto cut_reason = close_payload(hex("03e8") + repeated("x", 121) + "\xE2\x82");
  return {
      row("close.1012", "service restart is registered", {send({close_frame(1012)})}, answers(1012)),
      row("close.1013", "so is try again later", {send({close_frame(1013)})}, answers(1013)),
      row("close.1014", "so is bad gateway", {send({close_frame(1014)})}, answers(1014)),
      is_refused("close.1015", "1015 is never on the wire", {close_frame(1015)}),
      is_refused("close.1017", "1017 to 2999 are nobody's", {close_frame(1017)}),
      is_refused("close.5001", "from 5000 on there are none", {close_frame(5001)}),
      is_refused("close.reason_cut", "a reason may not end within a character", {cut_reason}, 1007),
      row("close.reason_utf8", "a reason is UTF-8", {send({close_frame(4000, "gr\u00FC\u00DFe \u20AC")})},
          answers(4000)),
      row("close.in_pieces", "a Close frame octet by octet", {send({close_frame(3001, "bye")}, kOctets)},
          answers(3001)),
      row("close.then_fault", "behind it even faults are ignored",
          {send({close_frame(1000), with_wrong_mask_bit(text("x")), Frame{.opcode = 3}})}, answers(1000)),
      row("close.then_noise", "and what is no frame",
          {send({close_frame(1001), binary(long_tail)}), send_bytes(long_tail)}, answers(1001)),
      row("close.then_close", "and Close frames of all kinds",
          {send({close_frame(1000), close_frame(1002), close_payload("a"), close_frame(5000)})}, answers(1000)),
      row("fault.then_noise", "the Close frame arrives, although what came behind the fault was not read",
          {send({with_reserved_bits(7, text("x")), binary(long_tail)}), send_bytes(long_tail)}, fails(1002)),
      row("fault.then_frames", "frames behind a fault are ignored",
          {send({Frame{.opcode = 3}, text("x"), ping("y"), close_frame(1000)})}, fails(1002)),
      row("fault.in_fragments", "echoes that were due before it come before it",
          {send({text("1"), first_part(kText, "2"), ping("3"), with_reserved_bits(1, last_part("4"))}),
           expect({text("1"), pong("3")})},
          fails(1002)),
  };
}

}  // namespace

std::vector<Case> own_cases() {
  Cases all;
  for (const Cases& part : {mask_cases(), length_cases(), limit_rows(), header_rows(), stranger_cases(),
                            fragment_rows(), payload_rows(), close_rows()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace conformance
