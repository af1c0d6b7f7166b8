// Group 7: the closing handshake (RFC 6455 5.5.1, 7). A Close frame is answered with its own code, and everything
// behind it is ignored; one that breaks a rule is answered with the code of that rule.
#include "tests/conformance/cases.hpp"

#include <string>
#include <utility>

namespace conformance {

namespace {

const std::string kHello = "Hello World!";

Case is_answered(std::string name, std::string holds, std::vector<Frame> frames, std::uint16_t code = 1000) {
  return {
      .name = std::move(name), .holds = std::move(holds), .script = {send(std::move(frames))}, .ending = answers(code)};
}

Case is_refused(std::string name, std::string holds, Frame close, std::uint16_t code = 1002) {
  return {
      .name = std::move(name), .holds = std::move(holds), .script = {send({std::move(close)})}, .ending = fails(code)};
}

struct CodeRow {
  const char* name;
  std::uint16_t code;
};

constexpr CodeRow kSound[] = {
    {"7.7.1", 1000},  {"7.7.2", 1001},  {"7.7.3", 1002},  {"7.7.4", 1003}, {"7.7.5", 1007},
    {"7.7.6", 1008},  {"7.7.7", 1009},  {"7.7.8", 1010},  {"7.7.9", 1011}, {"7.7.10", 3000},
    {"7.7.11", 3999}, {"7.7.12", 4000}, {"7.7.13", 4999},
};

// What the RFC leaves undefined (7.13) is refused like the rest.
constexpr CodeRow kUnsound[] = {
    {"7.9.1", 0},    {"7.9.2", 999},  {"7.9.3", 1004}, {"7.9.4", 1005},  {"7.9.5", 1006},   {"7.9.6", 1016},
    {"7.9.7", 1100}, {"7.9.8", 2000}, {"7.9.9", 2999}, {"7.13.1", 5000}, {"7.13.2", 65535},
};

// close_frame() takes 1005 for "no code"; here it is on the wire.
Frame close_with_code(std::uint16_t code) {
  return close_payload({static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)});
}

}  // namespace

std::vector<Case> close_cases() {
  const Frame close = close_frame(1000);
  const std::string not_utf8 = hex("cebae1bdb9cf83cebcceb5 eda080 656469746564");
  const Frame large = text(repeated("BAsd7&jh23", 256 * 1024));
  std::vector<Case> cases = {
      {.name = "7.1.1",
       .holds = "a message is echoed, then the connection closes",
       .script = {send({text(kHello)}), expect({text(kHello)})}},
      is_answered("7.1.2", "a second Close frame is ignored", {close, close_payload("")}),
      is_answered("7.1.3", "a ping behind the Close frame is ignored", {close, ping()}),
      is_answered("7.1.4", "a message behind the Close frame is ignored", {close, text(kHello)}),
      is_answered("7.1.5", "a Close frame within a fragmented message ends it unfinished",
                  {first_part(kText, "fragment1"), close, last_part("fragment2")}),
      {.name = "7.1.6",
       .holds = "what came before the Close frame is echoed before it is answered",
       .script = {send({large, text(kHello), close, ping()}), expect({large, text(kHello)})},
       .ending = answers(1000)},
      is_answered("7.3.1", "an empty Close frame is answered with an empty one", {close_payload("")}, kNoCode),
      is_refused("7.3.2", "a Close payload of one byte is refused", close_payload("a")),
      is_answered("7.3.3", "a code", {close}),
      is_answered("7.3.4", "a code and a reason", {close_frame(1000, kHello)}),
      is_answered("7.3.5", "a reason of 123 bytes, the longest", {close_frame(1000, repeated("*", 123))}),
      is_refused("7.3.6", "a reason of 124 bytes is refused", close_frame(1000, repeated("*", 124))),
      is_refused("7.5.1", "a reason that is not UTF-8 is refused", close_frame(1000, not_utf8), 1007),
  };
  for (const CodeRow& row : kSound) {
    cases.push_back(is_answered(row.name, "the code " + std::to_string(row.code) + " comes back",
                                {close_with_code(row.code)}, row.code));
  }
  for (const CodeRow& row : kUnsound) {
    cases.push_back(
        is_refused(row.name, "the code " + std::to_string(row.code) + " is refused", close_with_code(row.code)));
  }
  return cases;
}

}  // namespace conformance
