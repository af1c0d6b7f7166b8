// Groups 12 and 13, played against the codec alone: it negotiates, inflates what the suite compressed and compresses
// what the suite inflates, as a server and as a client, in every mode, the frames cut as TCP might cut them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/conformance/deflate_cases.hpp"
#include "tests/conformance/deflate_peer.hpp"
#include "tests/conformance/wire.hpp"
#include "ws/protocol/decoder.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/deflater.hpp"
#include "ws/protocol/inflater.hpp"
#include "ws/protocol/utf8.hpp"

namespace conformance {

namespace {

using namespace ws::protocol;

// The size of a packet on most networks, less what is before the bytes.
constexpr std::size_t kPiece = 1448;

std::vector<Extension> extensions_of(std::string_view value) {
  std::vector<Extension> extensions;
  EXPECT_TRUE(parse_extension_list(value, extensions)) << value;
  return extensions;
}

struct Agreed {
  DeflateAgreement agreement;
  std::string answer;
};

Agreed negotiate(const DeflateCase& row, const Compression& mode, Role ours) {
  if (ours == Role::kServer) {
    const auto accepted = accept_deflate(extensions_of(deflate_offer(row)), mode);
    if (!accepted) throw Broken("none of " + deflate_offer(row) + " was accepted");
    return {.agreement = accepted->agreed, .answer = accepted->answer};
  }
  const std::string answer = deflate_answer(row.requests.front(), write_deflate_offer(mode));
  const DeflateAnswer checked = check_deflate_answer(extensions_of(answer), mode);
  if (!checked.agreed) throw Broken("refused: " + answer);
  return {.agreement = *checked.agreed, .answer = answer};
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// One connection to our codec, with the suite at the other end.
class Connection {
 public:
  Connection(const DeflateCase& row, const Compression& mode, Role ours)
      : row_(row),
        ours_(ours),
        side_(ours == Role::kServer ? Side::kClient : Side::kServer),
        agreed_(negotiate(row, mode, ours)),
        peer_(side_, agreed_.answer),
        decoder_(ours, limits_),
        context_(agreed_.agreement.ours(ours).window_bits) {
    decoder_.expect_compressed(agreed_.agreement.theirs(ours));
  }

  // Sends the message to our codec, and returns what the suite makes of the answer.
  std::string echo(const std::string& message) {
    std::vector<Frame> frames = fragments(row_.opcode, peer_.compress(message), row_.fragment_size);
    frames.front().reserved_bits = kCompressedBit;
    std::string bytes;
    for (const Frame& frame : frames) encode(frame, side_, {1, 2, 3, 4}, bytes);
    std::optional<std::string> back;
    for (std::size_t from = 0; from < bytes.size(); from += kPiece) {
      std::string piece = bytes.substr(from, kPiece);
      std::span<std::uint8_t> input(reinterpret_cast<std::uint8_t*>(piece.data()), piece.size());
      while (!input.empty()) {
        const Decoder::Event event = decoder_.next(input);
        if (event.kind == Decoder::Event::Kind::kNeedMore) break;
        if (event.kind != Decoder::Event::Kind::kMessage) throw Broken(std::string(describe(event.error)));
        if (as_text(event.payload) != message) throw Broken("not what was sent has arrived");
        back = answer(event.payload);
      }
    }
    if (!back) throw Broken("no message has arrived");
    return *back;
  }

 private:
  std::string answer(std::span<const std::uint8_t> message) {
    const DeflateDirection& ours = agreed_.agreement.ours(ours_);
    const CompressedMessage compressed =
        ours.context_takeover ? deflater_.compress(message, context_) : deflater_.compress(message, ours);
    if (!compressed) return std::string(as_text(message));  // it would not be smaller
    return peer_.decompress(as_text(compressed.payload()));
  }

  const DeflateCase& row_;
  Role ours_;
  Side side_;
  Agreed agreed_;
  DeflatePeer peer_;
  Inflater inflater_;
  DecoderLimits limits_ = {.inflater = &inflater_};
  Decoder decoder_;
  Deflater deflater_;
  DeflateContext context_;
};

class Deflate : public testing::TestWithParam<DeflateCase> {};

TEST_P(Deflate, messages_come_back_in_every_mode_and_role) {
  const DeflateCase& row = GetParam();
  const Compression modes[] = {{.mode = Compression::Mode::kShared},
                               {.mode = Compression::Mode::kDedicated},
                               {.mode = Compression::Mode::kDedicated, .window_bits = 10}};
  for (const Compression& mode : modes) {
    for (const Role ours : {Role::kServer, Role::kClient}) {
      Connection connection(row, mode, ours);
      for (int round = 0; round < row.rounds; ++round) {
        const std::string message = deflate_message(row, round);
        ASSERT_EQ(connection.echo(message) == message, true) << row << ", round " << round;
      }
    }
  }
}

std::string test_name(const testing::TestParamInfo<DeflateCase>& info) {
  std::string name = "case_" + info.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(suite, Deflate, testing::ValuesIn(deflate_cases()), test_name);

TEST(DeflateTables, have_every_case_of_the_suite_once_and_no_other) {
  std::map<std::string, int> rows;
  for (const DeflateCase& each : deflate_cases()) ++rows[each.name];
  for (const auto& [group, parts] : {std::pair{12, 5}, std::pair{13, 7}}) {
    for (int part = 1; part <= parts; ++part) {
      for (int each = 1; each <= 18; ++each) {
        const std::string number = std::to_string(group) + "." + std::to_string(part) + "." + std::to_string(each);
        EXPECT_EQ(rows[number], 1) << "rows of case " << number;
      }
    }
  }
  EXPECT_EQ(rows.size(), 216U) << "there are rows with numbers that the suite does not have";
}

TEST(DeflateTables, ask_for_what_the_suite_asks_for) {
  std::set<std::string> offers;
  std::map<std::string, DeflateCase> cases;
  for (const DeflateCase& each : deflate_cases()) cases.emplace(each.name, each);
  EXPECT_EQ(deflate_offer(cases.at("12.1.1")),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits");
  EXPECT_EQ(deflate_offer(cases.at("13.5.1")),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; "
            "server_max_window_bits=9");
  EXPECT_EQ(extensions_of(deflate_offer(cases.at("13.7.1"))).size(), 3U);
  EXPECT_EQ(deflate_answer(cases.at("13.5.1").requests.front(),
                           "permessage-deflate; server_max_window_bits=10; client_max_window_bits, x"),
            "permessage-deflate; server_max_window_bits=10; client_no_context_takeover; client_max_window_bits=9");
  EXPECT_EQ(deflate_answer(cases.at("13.1.1").requests.front(), "permessage-deflate; server_no_context_takeover"),
            "permessage-deflate; server_no_context_takeover");
}

TEST(DeflateTables, have_contents_of_the_kind_that_they_say) {
  for (const DeflateCase& each : deflate_cases()) {
    EXPECT_EQ(deflate_message(each, each.rounds - 1).size(), each.size) << each;
    EXPECT_TRUE(each.opcode == kBinary || is_valid_utf8(as_bytes(each.content))) << each;
  }
}

}  // namespace

}  // namespace conformance
