// Groups 1 to 4: what one frame says (RFC 6455 5.2) and control frames by themselves (RFC 6455 5.5).
#include "tests/conformance/cases.hpp"

#include <string>
#include <utility>

namespace conformance {

namespace {

const std::string kHello = "Hello, world!";
const std::string kNotText = hex("00 ff fe fd fc fb 00 ff");
const std::string kSomePayload = "reserved opcode payload";

Case echoes(std::string name, std::string holds, const Frame& message, Chop chop = kTogether) {
  return {.name = std::move(name), .holds = std::move(holds), .script = {send({message}, chop), expect({message})}};
}

Case is_refused(std::string name, std::string holds, Frame frame) {
  return {
      .name = std::move(name), .holds = std::move(holds), .script = {send({std::move(frame)})}, .ending = fails(1002)};
}

// A message, what breaks a rule, a ping: the echo comes, the pong does not.
Case is_refused_after_the_echo(std::string name, std::string holds, Frame frame, Chop chop = kTogether) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {send({text(kHello), std::move(frame), ping()}, chop), expect({text(kHello)})},
          .ending = fails(1002)};
}

Case is_answered(std::string name, std::string holds, const std::string& payload, Chop chop = kTogether) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {send({ping(payload)}, chop), expect({pong(payload)})}};
}

Case ten_pings(std::string name, std::string holds, Chop chop) {
  std::vector<Frame> pings;
  std::vector<Frame> pongs;
  for (int each = 0; each < 10; ++each) {
    pings.push_back(ping("payload-" + std::to_string(each)));
    pongs.push_back(pong("payload-" + std::to_string(each)));
  }
  return {.name = std::move(name), .holds = std::move(holds), .script = {send(pings, chop), expect(pongs)}};
}

Frame of_opcode(std::uint8_t opcode, std::string payload = "") {
  return {.opcode = opcode, .payload = std::move(payload)};
}

}  // namespace

std::vector<Case> framing_cases() {
  const auto stars = [](std::size_t size) { return text(repeated("*", size)); };
  const auto bytes = [](std::size_t size) { return binary(repeated("\xFE", size)); };
  return {
      echoes("1.1.1", "an empty text message is echoed", stars(0)),
      echoes("1.1.2", "125 bytes of text, the most that 7 bits of length can say", stars(125)),
      echoes("1.1.3", "126 bytes of text, the first length of 16 bits", stars(126)),
      echoes("1.1.4", "127 bytes of text", stars(127)),
      echoes("1.1.5", "128 bytes of text", stars(128)),
      echoes("1.1.6", "65535 bytes of text, the last length of 16 bits", stars(65535)),
      echoes("1.1.7", "65536 bytes of text, the first length of 64 bits", stars(65536)),
      echoes("1.1.8", "65536 bytes of text in pieces of 997", stars(65536), in_pieces(997)),
      echoes("1.2.1", "an empty binary message is echoed", bytes(0)),
      echoes("1.2.2", "125 bytes, the most that 7 bits of length can say", bytes(125)),
      echoes("1.2.3", "126 bytes, the first length of 16 bits", bytes(126)),
      echoes("1.2.4", "127 bytes", bytes(127)),
      echoes("1.2.5", "128 bytes", bytes(128)),
      echoes("1.2.6", "65535 bytes, the last length of 16 bits", bytes(65535)),
      echoes("1.2.7", "65536 bytes, the first length of 64 bits", bytes(65536)),
      echoes("1.2.8", "65536 bytes in pieces of 997", bytes(65536), in_pieces(997)),
  };
}

std::vector<Case> control_cases() {
  const std::string largest = repeated("\xFE", 125);
  const std::string unasked = "unsolicited pong payload";
  return {
      is_answered("2.1", "a ping without payload has a pong without payload", ""),
      is_answered("2.2", "the pong has the payload of the ping", kHello),
      is_answered("2.3", "also one that is not text", kNotText),
      is_answered("2.4", "also one of 125 bytes, the most there may be", largest),
      is_refused("2.5", "a ping of 126 bytes is refused", ping(repeated("\xFE", 126))),
      is_answered("2.6", "a ping of 125 bytes that comes octet by octet is answered", largest, kOctets),
      {.name = "2.7",
       .holds = "a pong that nobody asked for is not answered",
       .script = {send({pong(), close_frame(1000)})},
       .ending = answers(1000)},
      {.name = "2.8",
       .holds = "nor is one with payload",
       .script = {send({pong(unasked), close_frame(1000)})},
       .ending = answers(1000)},
      {.name = "2.9",
       .holds = "after such a pong a ping is answered",
       .script = {send({pong(unasked), ping("ping payload")}), expect({pong("ping payload")})}},
      ten_pings("2.10", "ten pings are all answered, in order", kTogether),
      ten_pings("2.11", "ten pings that come octet by octet are all answered, in order", kOctets),
  };
}

std::vector<Case> header_cases() {
  const Frame hello = text(kHello);
  Case rsv1 = is_refused_after_the_echo("3.4", "RSV1, octet by octet", with_reserved_bits(4, hello), kOctets);
  rsv1.compressed_code = 1007;  // what was said is no DEFLATE
  return {
      is_refused("3.1", "text with RSV3 is refused", with_reserved_bits(1, hello)),
      is_refused_after_the_echo("3.2", "RSV2", with_reserved_bits(2, hello)),
      is_refused_after_the_echo("3.3", "RSV2 and RSV3, frame by frame", with_reserved_bits(3, hello), kFrames),
      rsv1,
      is_refused("3.5", "binary with RSV1 and RSV3 is refused", with_reserved_bits(5, binary(kNotText))),
      is_refused("3.6", "binary with RSV1 and RSV2 is refused", with_reserved_bits(6, binary(kHello))),
      is_refused("3.7", "a Close frame with all reserved bits is refused", with_reserved_bits(7, close_payload(""))),

      is_refused("4.1.1", "opcode 3 is refused", of_opcode(3)),
      is_refused("4.1.2", "opcode 4 with payload is refused", of_opcode(4, kSomePayload)),
      is_refused_after_the_echo("4.1.3", "opcode 5", of_opcode(5)),
      is_refused_after_the_echo("4.1.4", "opcode 6 with payload", of_opcode(6, kHello)),
      is_refused_after_the_echo("4.1.5", "opcode 7 with payload, octet by octet", of_opcode(7, kHello), kOctets),
      is_refused("4.2.1", "opcode 11 is refused", of_opcode(11)),
      is_refused("4.2.2", "opcode 12 with payload is refused", of_opcode(12, kSomePayload)),
      is_refused_after_the_echo("4.2.3", "opcode 13", of_opcode(13)),
      is_refused_after_the_echo("4.2.4", "opcode 14 with payload", of_opcode(14, kHello)),
      is_refused_after_the_echo("4.2.5", "opcode 15 with payload, octet by octet", of_opcode(15, kHello), kOctets),
  };
}

}  // namespace conformance
