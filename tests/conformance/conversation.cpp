// Plays a case step by step. A failure tells the case, the step, what was wanted and what came.
#include "tests/conformance/conversation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/conformance/chosen_wire.hpp"

namespace conformance {

namespace {

constexpr Key kPartKey = {0x5A, 0x00, 0xFF, 0x81};  // the same for all parts of one frame

// Where the pieces end in which `size` octets are sent.
std::vector<std::size_t> piece_ends(std::size_t size, const std::vector<std::size_t>& frame_ends, Chop chop) {
  std::vector<std::size_t> ends;
  const auto every = [&](std::size_t step) {
    for (std::size_t at = step; at < size; at += step) ends.push_back(at);
  };
  switch (chop.kind) {
    case Chop::Kind::kTogether: break;
    case Chop::Kind::kFrames: ends = frame_ends; break;
    case Chop::Kind::kOctets: every(1); break;
    case Chop::Kind::kPieces: every(chop.size); break;
    case Chop::Kind::kInTwo:
      if (chop.size < size) ends.push_back(chop.size);
      break;
  }
  if (ends.empty() || ends.back() != size) ends.push_back(size);
  return ends;
}

class Player {
 public:
  Player(Subject& subject, const Chop* chop) : subject_(subject), chop_(chop), wire_(subject.open()) {}

  void play(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kSend: return send(step.frames, step.chop);
      case Step::Kind::kSendBytes: return send_chopped(step.bytes, {}, step.chop);
      case Step::Kind::kSendPart: return send_part(step);
      case Step::Kind::kSendMessage:
        return send(fragments(step.message.opcode, repeated(step.message.pattern, step.message.size),
                              step.message.fragment_size),
                    step.chop);
      case Step::Kind::kExpect:
        for (const Frame& frame : step.frames) expect(frame);
        return;
      case Step::Kind::kExpectMessage:
        return expect({.opcode = step.message.opcode, .payload = repeated(step.message.pattern, step.message.size)});
      case Step::Kind::kExpectQuiet:
        subject_.settle();
        EXPECT_FALSE(wire_.has_received()) << "something came too early";
        return;
    }
  }

  void end(const Ending& ending) { conformance::end(wire_, subject_, ending); }

 private:
  void send(const std::vector<Frame>& frames, Chop chop) {
    std::string bytes;
    std::vector<std::size_t> ends;
    for (const Frame& frame : frames) {
      wire_.append_encoded(frame, bytes);
      ends.push_back(bytes.size());
    }
    send_chopped(bytes, ends, chop);
  }

  void send_part(const Step& step) {
    Frame frame = step.frames.at(0);
    frame.key = kPartKey;
    const std::string bytes = wire_.encoded(frame);
    const std::size_t header = header_size(frame, wire_.side());
    const std::size_t from = step.from == 0 ? 0 : header + step.from;
    send_chopped(bytes.substr(from, header + step.to - from), {}, step.chop);
  }

  // `frame_ends` tells where the frames end.
  void send_chopped(std::string_view bytes, const std::vector<std::size_t>& frame_ends, Chop chop) {
    if (chop_ != nullptr) chop = *chop_;
    std::size_t from = 0;
    for (const std::size_t end : piece_ends(bytes.size(), frame_ends, chop)) {
      if (from > 0 && chop.kind != Chop::Kind::kPieces) subject_.settle();
      wire_.send(bytes.substr(from, end - from));
      from = end;
    }
  }

  void expect(const Frame& wanted) {
    const Frame got = wire_.receive();
    if (!same(wanted, got)) throw Broken("wanted " + describe(wanted) + ", and what came is " + describe(got));
  }

  Subject& subject_;
  const Chop* chop_;
  Wire wire_;
};

std::size_t octets_of(const Step& step) {
  std::size_t size = step.bytes.size();
  switch (step.kind) {
    case Step::Kind::kSend:
      for (const Frame& frame : step.frames) size += header_size(frame, Side::kClient) + frame.payload.size();
      break;
    case Step::Kind::kSendMessage: size += step.message.size; break;
    case Step::Kind::kSendPart: size += step.to - step.from; break;
    case Step::Kind::kSendBytes:
    case Step::Kind::kExpect:
    case Step::Kind::kExpectMessage:
    case Step::Kind::kExpectQuiet: break;
  }
  return size;
}

}  // namespace

Step send(std::vector<Frame> frames, Chop chop) {
  return {.kind = Step::Kind::kSend, .frames = std::move(frames), .chop = chop};
}
Step send_bytes(std::string bytes) { return {.kind = Step::Kind::kSendBytes, .bytes = std::move(bytes)}; }
Step send_part(Frame frame, std::size_t from, std::size_t to) {
  return {.kind = Step::Kind::kSendPart, .frames = {std::move(frame)}, .from = from, .to = to};
}
Step send_message(Message message, Chop chop) {
  return {.kind = Step::Kind::kSendMessage, .message = std::move(message), .chop = chop};
}
Step expect(std::vector<Frame> frames) { return {.kind = Step::Kind::kExpect, .frames = std::move(frames)}; }
Step expect_message(Message message) { return {.kind = Step::Kind::kExpectMessage, .message = std::move(message)}; }
Step expect_quiet() { return {.kind = Step::Kind::kExpectQuiet}; }

std::ostream& operator<<(std::ostream& out, const Case& conformance_case) {
  return out << conformance_case.name << ": " << conformance_case.holds;
}

void play(const Case& conformance_case, Subject& subject, const Chop* chop) {
  SCOPED_TRACE(testing::Message() << conformance_case);
  Player player(subject, chop);
  for (int round = 0; round < conformance_case.rounds; ++round) {
    for (const Step& step : conformance_case.script) player.play(step);
  }
  Ending ending = conformance_case.ending;
  if (chosen_wire().compressed() && conformance_case.compressed_code != 0) {
    ending.code = conformance_case.compressed_code;
  }
  player.end(ending);
}

void end(Wire& wire, Subject& subject, const Ending& ending) {
  if (ending.kind == Ending::Kind::kCloses) wire.send(close_frame(1000));
  const Frame close = wire.receive();
  EXPECT_EQ(close.opcode, kClose) << "a Close frame was wanted, and what came is " << describe(close);
  EXPECT_EQ(code_of(close), ending.code) << "what came is " << describe(close);
  EXPECT_TRUE(close.final && close.reserved_bits == 0 && !close.wrong_mask_bit && close.payload.size() <= 125)
      << "what came is " << describe(close);
  // RFC 6455 7.1.1: after a clean close it is the server that closes TCP first.
  const bool client_waits = wire.side() == Side::kServer && ending.kind != Ending::Kind::kFails;
  if (client_waits) {
    subject.settle();
    EXPECT_FALSE(wire.has_received()) << "the client did not wait for the server to close TCP";
    wire.finish();
  }
  EXPECT_EQ(wire.receive_end(), Wire::End::kFinished) << "the connection was reset and not closed";
  if (!client_waits) wire.finish();
  subject.check_end(ending);
}

std::size_t octets_sent(const Case& conformance_case) {
  std::size_t size = 0;
  for (const Step& step : conformance_case.script) size += octets_of(step);
  return size * static_cast<std::size_t>(conformance_case.rounds);
}

std::size_t longest_step(const Case& conformance_case) {
  std::size_t size = 0;
  for (const Step& step : conformance_case.script) size = std::max(size, octets_of(step));
  return size;
}

}  // namespace conformance
