// Groups 12 and 13, in both roles and in every mode of ours: the other end is zlib, which refuses what reaches back
// further than was agreed on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/client_role.hpp"
#include "tests/conformance/conversation.hpp"
#include "tests/conformance/deflate_cases.hpp"
#include "tests/conformance/server_role.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/utf8.hpp"

namespace conformance {

namespace {

using Mode = ws::protocol::Compression::Mode;

// Over a wire that is compressed itself the cases would be the same once more.
std::vector<DeflateCase> cases_up_to(std::size_t size) {
  std::vector<DeflateCase> cases;
  if (chosen_wire().compressed()) return cases;
  for (const DeflateCase& each : deflate_cases()) {
    if (each.size <= size) cases.push_back(each);
  }
  return cases;
}

const std::vector<ws::protocol::Compression>& modes() {
  static const std::vector<ws::protocol::Compression> modes = {
      {.mode = Mode::kShared, .min_size = 0},
      {.mode = Mode::kDedicated, .min_size = 0},
      {.mode = Mode::kDedicated, .window_bits = 10, .min_size = 0}};
  return modes;
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// RFC 7692 7.1.1.1, 7.1.2.1: the server has accepted what it was asked, or a smaller window.
bool is_kept(const DeflateRequest& request, const std::string& answer) {
  const auto names = [&answer](const std::string& parameter) { return answer.find(parameter) != std::string::npos; };
  if (request.no_context_takeover && !names("server_no_context_takeover")) return false;
  bool window = request.window_bits == 0;
  for (int bits = ws::protocol::kMinWindowBits; bits <= request.window_bits; ++bits) {
    window = window || names("server_max_window_bits=" + std::to_string(bits));
  }
  return window;
}

std::string encoded(const DeflateCase& row, int round, Wire& wire) {
  std::vector<Frame> frames =
      fragments(row.opcode, wire.deflate().compress(deflate_message(row, round)), row.fragment_size);
  frames.front().reserved_bits = kRsv1;
  std::string bytes;
  for (const Frame& frame : frames) wire.append_encoded(frame, bytes);
  return bytes;
}

void expect_echo(const DeflateCase& row, int round, Wire& wire) {
  const Frame wanted = {.opcode = row.opcode, .payload = deflate_message(row, round)};
  const Frame got = wire.receive();
  if (same(wanted, got)) return;
  throw Broken("in round " + std::to_string(round) + " " + describe(wanted) + " was wanted, and what came is " +
               describe(got));
}

// The first messages each when the one before it came back, the others as many together as fit in a few packets.
void play(const DeflateCase& row, Wire& wire, Subject& subject) {
  constexpr int kOneByOne = 4;
  const int together = std::max(1, static_cast<int>(8192 / row.size));
  for (int round = 0; round < row.rounds;) {
    const int end = std::min(row.rounds, round + (round < kOneByOne ? 1 : together));
    std::string bytes;
    for (int each = round; each < end; ++each) bytes += encoded(row, each, wire);
    wire.send(bytes);
    for (; round < end; ++round) expect_echo(row, round, wire);
  }
  // What is written so evenly is always worth compressing, unless it is too short.
  if (row.opcode == kText && row.size >= 256) {
    EXPECT_EQ(wire.compressed_count(), static_cast<std::size_t>(row.rounds));
  }
  end(wire, subject, kCloses);
}

void play_octet_by_octet(const DeflateCase& row, Wire& wire, Subject& subject) {
  for (int round = 0; round < 3; ++round) {
    for (const char octet : encoded(row, round, wire)) {
      wire.send(std::string_view(&octet, 1));
      subject.settle();
    }
    expect_echo(row, round, wire);
  }
  end(wire, subject, kCloses);
}

class OurServerDeflates : public testing::TestWithParam<DeflateCase> {
 protected:
  static void SetUpTestSuite() {
    for (const auto& mode : modes()) servers_.push_back(std::make_unique<ServerRole>(std::vector<std::string>(), mode));
  }
  static void TearDownTestSuite() {
    for (const auto& server : servers_) {
      server->check_descriptors();
      EXPECT_EQ(server->stop(), 0);
    }
    servers_.clear();
  }

  template <class Play>
  void in_every_mode(Play play) {
    for (const auto& server : servers_) {
      Wire wire = server->open(deflate_offer(GetParam()));
      EXPECT_TRUE(is_kept(GetParam().requests.front(), wire.extensions())) << wire.extensions();
      play(GetParam(), wire, *server);
    }
  }

  static inline std::vector<std::unique_ptr<ServerRole>> servers_;
};

class OurClientDeflates : public testing::TestWithParam<DeflateCase> {
 protected:
  template <class Play>
  void in_every_mode(Play play) {
    ClientRole client;
    for (const auto& mode : modes()) {
      Wire wire = client.connect({.compression = mode});
      wire.send(answer_to(wire, GetParam().requests.front()));
      play(GetParam(), wire, client);
    }
  }
};

class OurServerDeflatesOctets : public OurServerDeflates {};
class OurClientDeflatesOctets : public OurClientDeflates {};

TEST_P(OurServerDeflates, what_it_echoes_in_every_mode) { in_every_mode(play); }
TEST_P(OurClientDeflates, what_it_echoes_in_every_mode) { in_every_mode(play); }
TEST_P(OurServerDeflatesOctets, what_comes_octet_by_octet) { in_every_mode(play_octet_by_octet); }
TEST_P(OurClientDeflatesOctets, what_comes_octet_by_octet) { in_every_mode(play_octet_by_octet); }

std::string test_name(const testing::TestParamInfo<DeflateCase>& info) {
  std::string name = "case_" + info.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(suite, OurServerDeflates, testing::ValuesIn(cases_up_to(SIZE_MAX)), test_name);
INSTANTIATE_TEST_SUITE_P(suite, OurClientDeflates, testing::ValuesIn(cases_up_to(SIZE_MAX)), test_name);
INSTANTIATE_TEST_SUITE_P(small, OurServerDeflatesOctets, testing::ValuesIn(cases_up_to(64)), test_name);
INSTANTIATE_TEST_SUITE_P(small, OurClientDeflatesOctets, testing::ValuesIn(cases_up_to(64)), test_name);

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OurServerDeflates);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OurClientDeflates);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OurServerDeflatesOctets);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OurClientDeflatesOctets);

TEST(DeflateTables, are_played_unless_the_wire_is_compressed_itself) {
  EXPECT_EQ(cases_up_to(SIZE_MAX).size(), chosen_wire().compressed() ? 0U : 216U);
  EXPECT_EQ(cases_up_to(64).size(), chosen_wire().compressed() ? 0U : 24U);
}

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
  std::map<std::string, DeflateCase> cases;
  for (const DeflateCase& each : deflate_cases()) cases.emplace(each.name, each);
  EXPECT_EQ(deflate_offer(cases.at("12.1.1")),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits");
  EXPECT_EQ(deflate_offer(cases.at("13.5.1")),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; "
            "server_max_window_bits=9");
  EXPECT_EQ(std::ranges::count(deflate_offer(cases.at("13.7.1")), ','), 2);
  EXPECT_EQ(deflate_answer(cases.at("13.5.1").requests.front(),
                           "permessage-deflate; server_max_window_bits=10; client_max_window_bits, x"),
            "permessage-deflate; server_max_window_bits=10; client_no_context_takeover; client_max_window_bits=9");
  EXPECT_EQ(deflate_answer(cases.at("13.1.1").requests.front(), "permessage-deflate; server_no_context_takeover"),
            "permessage-deflate; server_no_context_takeover");
}

TEST(DeflateTables, have_contents_of_the_kind_that_they_say) {
  for (const DeflateCase& each : deflate_cases()) {
    EXPECT_EQ(deflate_message(each, each.rounds - 1).size(), each.size) << each;
    EXPECT_TRUE(each.opcode == kBinary || ws::protocol::is_valid_utf8(as_bytes(each.content))) << each;
  }
}

}  // namespace

}  // namespace conformance
