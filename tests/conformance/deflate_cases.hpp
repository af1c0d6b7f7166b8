// Groups 12 and 13 of the suite: compressed messages of every size, of five kinds of content, with every set of
// parameters that a peer may ask for. A case is described and not written out, and so are the bytes of its messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

// What the suite asks of the other side (RFC 7692 7.1): to forget its context, and to keep to a window; 0: any.
struct DeflateRequest {
  bool no_context_takeover = false;
  int window_bits = 0;
};

struct DeflateCase {
  std::string name;                      // the number that the suite of the field gives it
  std::string holds;                     // what is true when it passes
  std::vector<DeflateRequest> requests;  // the favourite first
  std::string_view content;
  std::uint8_t opcode = 0;
  std::size_t size = 0;           // of each message
  std::size_t fragment_size = 0;  // of its compressed bytes; 0: in one frame
  int rounds = 0;                 // how many messages, each with the next stretch of the content
};

// For messages of failed tests.
std::ostream& operator<<(std::ostream& out, const DeflateCase& deflate_case);

std::vector<DeflateCase> deflate_cases();

// The message of a round.
std::string deflate_message(const DeflateCase& deflate_case, int round);

// The value of Sec-WebSocket-Extensions that the suite sends as a client, and the one with which it answers `offer` as
// a server.
std::string deflate_offer(const DeflateCase& deflate_case);
std::string deflate_answer(const DeflateRequest& request, std::string_view offer);

}  // namespace conformance
