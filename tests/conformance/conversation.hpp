// A case of the suite: what is sent, what must come back, and how it ends. The same case is played in both roles, as
// a client against our server and as a server against our client, because RFC 6455 asks the same of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/frames.hpp"
#include "tests/conformance/wire.hpp"

namespace conformance {

// How the bytes of a step are handed to TCP.
struct Chop {
  enum class Kind : std::uint8_t {
    kTogether,  // all in one
    kFrames,    // each frame by itself, when the one before it has been handled
    kOctets,    // each octet by itself, likewise
    kPieces,    // in pieces of `size` octets, one after the other
    kInTwo,     // the first `size` octets, and when they have been handled the rest
  };
  Kind kind = Kind::kTogether;
  std::size_t size = 0;
};

inline constexpr Chop kTogether = {};
inline constexpr Chop kFrames = {.kind = Chop::Kind::kFrames};
inline constexpr Chop kOctets = {.kind = Chop::Kind::kOctets};
constexpr Chop in_pieces(std::size_t size) { return {.kind = Chop::Kind::kPieces, .size = size}; }
constexpr Chop cut_at(std::size_t size) { return {.kind = Chop::Kind::kInTwo, .size = size}; }

// A message described and not written out, so that a table of messages of 16 MiB stays small.
struct Message {
  std::uint8_t opcode = kText;
  std::string pattern;  // repeated
  std::size_t size = 0;
  std::size_t fragment_size = 0;  // 0: in one frame
};

struct Step {
  enum class Kind : std::uint8_t {
    kSend,       // the frames
    kSendBytes,  // the bytes as they are
    kSendPart,   // of frames[0] the octets of its payload from `from` to `to`; from 0 on with the header
    kSendMessage,
    kExpect,         // exactly these frames come next
    kExpectMessage,  // in one frame
    kExpectQuiet,    // when all that was sent has been handled, nothing has come
  };
  Kind kind = Kind::kSend;
  std::vector<Frame> frames = {};
  std::string bytes = {};
  Message message = {};
  Chop chop = {};
  std::size_t from = 0;
  std::size_t to = 0;
};

Step send(std::vector<Frame> frames, Chop chop = kTogether);
Step send_bytes(std::string bytes);
Step send_part(Frame frame, std::size_t from, std::size_t to);
Step send_message(Message message, Chop chop = kTogether);
Step expect(std::vector<Frame> frames);
Step expect_message(Message message);
Step expect_quiet();

// The end, of the WebSocket connection and then of TCP. Nothing else may come before it, and no reset: that would
// destroy the Close frame on its way.
struct Ending {
  enum class Kind : std::uint8_t {
    kCloses,   // all was well: the suite sends Close 1000 now, and 1000 comes back
    kAnswers,  // the script has sent a Close frame: it is answered with `code`
    kFails,    // a rule was broken: a Close frame with `code` comes unasked, and the connection is closed
  };
  Kind kind = Kind::kCloses;
  std::uint16_t code = 1000;
};

inline constexpr Ending kCloses = {};
constexpr Ending answers(std::uint16_t code) { return {.kind = Ending::Kind::kAnswers, .code = code}; }
constexpr Ending fails(std::uint16_t code) { return {.kind = Ending::Kind::kFails, .code = code}; }

struct Case {
  std::string name;   // the number that the suite of the field gives it, or words
  std::string holds;  // what is true when it passes
  std::vector<Step> script;
  Ending ending = kCloses;
  int rounds = 1;  // how often the script is played before the end
  // The code of the end where compression was agreed on, which gives RSV1 a meaning; 0: the same.
  std::uint16_t compressed_code = 0;
};

// For messages of failed tests.
std::ostream& operator<<(std::ostream& out, const Case& conformance_case);

// Plays the case against the subject. With `chop` everything is sent so, whatever the steps say.
void play(const Case& conformance_case, Subject& subject, const Chop* chop = nullptr);

// The end of a conversation, of which nothing is unread.
void end(Wire& wire, Subject& subject, const Ending& ending);

// What the case sends, in octets.
std::size_t octets_sent(const Case& conformance_case);
// The same for its longest step.
std::size_t longest_step(const Case& conformance_case);

}  // namespace conformance
