// Group 5: messages in several frames, and control frames between them (RFC 6455 5.4).
#include "tests/conformance/cases.hpp"

#include <string>
#include <utility>

namespace conformance {

namespace {

const std::string kPing = "ping payload";

std::string part(int number) { return "fragment" + std::to_string(number); }

Case two_parts(std::string name, std::string holds, Chop chop) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {send({first_part(kText, part(1)), last_part(part(2))}, chop), expect({text(part(1) + part(2))})}};
}

Case ping_between(std::string name, std::string holds, Chop chop) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {send({first_part(kText, part(1)), ping(kPing), last_part(part(2))}, chop),
                     expect({pong(kPing), text(part(1) + part(2))})}};
}

// The frames break a rule at the first of them, or else at what comes after `echoed`.
Case is_refused(std::string name, std::string holds, std::vector<Frame> frames, Chop chop = kTogether,
                std::vector<Frame> echoed = {}) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {send(std::move(frames), chop), expect(std::move(echoed))},
          .ending = fails(1002)};
}

Case continuation_of_nothing(std::string name, std::string holds, bool final, Chop chop) {
  Frame stray = last_part("non-continuation payload");
  stray.final = final;
  return is_refused(std::move(name), std::move(holds), {stray, text("Hello, world!")}, chop);
}

// Two pings within a message of five frames; the first must be answered while the message is still unfinished.
Case pings_within(std::string name, std::string holds, Chop chop) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {send({first_part(kText, part(1)), middle_part(part(2)), ping("pongme 1!")}, chop),
                     expect({pong("pongme 1!")}),
                     send({middle_part(part(3)), middle_part(part(4)), ping("pongme 2!"), last_part(part(5))}, chop),
                     expect({pong("pongme 2!"), text(part(1) + part(2) + part(3) + part(4) + part(5))})}};
}

}  // namespace

std::vector<Case> fragmentation_cases() {
  Frame unfinished_ping = ping(part(1));
  unfinished_ping.final = false;
  Frame unfinished_pong = pong(part(1));
  unfinished_pong.final = false;
  const std::vector<Frame> stray_then_message = {middle_part(part(1)), first_part(kText, part(2)), last_part(part(3)),
                                                 middle_part(part(1)), first_part(kText, part(2)), last_part(part(3))};
  std::vector<Frame> final_stray_then_message = stray_then_message;
  final_stray_then_message[0].final = final_stray_then_message[3].final = true;
  return {
      is_refused("5.1", "a ping in two fragments is refused", {unfinished_ping, last_part(part(2))}),
      is_refused("5.2", "a pong in two fragments is refused", {unfinished_pong, last_part(part(2))}),
      two_parts("5.3", "a message in two fragments is put together", kTogether),
      two_parts("5.4", "also frame by frame", kFrames),
      two_parts("5.5", "also octet by octet", kOctets),
      ping_between("5.6", "a ping between two fragments is answered first", kTogether),
      ping_between("5.7", "also frame by frame", kFrames),
      ping_between("5.8", "also octet by octet", kOctets),
      continuation_of_nothing("5.9", "a final continuation of nothing is refused", true, kTogether),
      continuation_of_nothing("5.10", "also frame by frame", true, kFrames),
      continuation_of_nothing("5.11", "also octet by octet", true, kOctets),
      continuation_of_nothing("5.12", "a continuation of nothing is refused that is not final", false, kTogether),
      continuation_of_nothing("5.13", "also frame by frame", false, kFrames),
      continuation_of_nothing("5.14", "also octet by octet", false, kOctets),
      is_refused("5.15", "a continuation behind a message in two fragments is refused, and the message echoed",
                 {first_part(kText, part(1)), last_part(part(2)), middle_part(part(3)), text(part(4))}, kTogether,
                 {text(part(1) + part(2))}),
      is_refused("5.16", "a continuation before a fragmented message is refused", stray_then_message),
      is_refused("5.17", "also a final one", final_stray_then_message),
      is_refused("5.18", "a second frame that starts a message within a message is refused",
                 {first_part(kText, part(1)), text(part(2))}),
      pings_within("5.19", "a ping is answered at once, also while a message is unfinished", kTogether),
      pings_within("5.20", "also frame by frame", kFrames),
  };
}

}  // namespace conformance
