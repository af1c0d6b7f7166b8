// Every case of the tables, in both roles: against our server and against our client. The small ones once more, octet
// by octet, because no result may depend on how TCP cut the bytes. And the count: no case of the suite may be missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/cases.hpp"
#include "tests/conformance/chosen_wire.hpp"
#include "tests/conformance/client_role.hpp"
#include "tests/conformance/conversation.hpp"
#include "tests/conformance/server_role.hpp"

namespace conformance {

std::vector<Case> suite_cases() {
  std::vector<Case> all;
  for (const auto& group : {framing_cases(), control_cases(), header_cases(), fragmentation_cases(), utf8_cases(),
                            close_cases(), limit_cases()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

namespace {

std::vector<Case> extra_cases() {
  std::vector<Case> all = own_cases();
  const std::vector<Case> more = fail_fast_cases();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Those that send at most so many octets, and send them once.
std::vector<Case> cases_up_to(std::size_t octets) {
  std::vector<Case> all;
  for (const auto& cases : {suite_cases(), extra_cases()}) {
    std::copy_if(cases.begin(), cases.end(), std::back_inserter(all),
                 [octets](const Case& each) { return each.rounds == 1 && octets_sent(each) <= octets; });
  }
  return all;
}

std::string test_name(const testing::TestParamInfo<Case>& info) {
  std::string name = "case_" + info.param.name;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

// A connection for each cut, which takes ten times as long where it begins with a handshake of TLS.
std::size_t most_octets_cut() { return chosen_wire().tls ? 40 : 120; }

// Cuts every step of the case in two, at every octet.
void play_at_every_cut(const Case& conformance_case, Subject& subject) {
  const std::size_t size = longest_step(conformance_case);
  for (std::size_t cut = 1; cut < size && !testing::Test::HasFailure(); ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    const Chop chop = cut_at(cut);
    play(conformance_case, subject, &chop);
  }
}

// One server process serves the cases of one suite, a connection for each. When it has served them it must have let go
// of all of them, and end as it was asked to.
class OurServer : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<ServerRole>(); }
  static void TearDownTestSuite() {
    if (server_ == nullptr) return;  // it did not start, which is a failure already
    server_->check_descriptors();
    EXPECT_EQ(server_->stop(), 0);
    server_.reset();
  }
  static inline std::unique_ptr<ServerRole> server_;
};

class OurServerOctetByOctet : public OurServer {};
class OurServerAtEveryCut : public OurServer {};

class OurClient : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() { client_ = std::make_unique<ClientRole>(); }
  static void TearDownTestSuite() { client_.reset(); }
  static inline std::unique_ptr<ClientRole> client_;
};

class OurClientOctetByOctet : public OurClient {};
class OurClientAtEveryCut : public OurClient {};

TEST_P(OurServer, does_as_the_rfc_says) { play(GetParam(), *server_); }
TEST_P(OurServerOctetByOctet, does_as_the_rfc_says) { play(GetParam(), *server_, &kOctets); }
TEST_P(OurServerAtEveryCut, does_as_the_rfc_says) { play_at_every_cut(GetParam(), *server_); }
TEST_P(OurClient, does_as_the_rfc_says) { play(GetParam(), *client_); }
TEST_P(OurClientOctetByOctet, does_as_the_rfc_says) { play(GetParam(), *client_, &kOctets); }
TEST_P(OurClientAtEveryCut, does_as_the_rfc_says) { play_at_every_cut(GetParam(), *client_); }

INSTANTIATE_TEST_SUITE_P(suite, OurServer, testing::ValuesIn(suite_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(suite, OurClient, testing::ValuesIn(suite_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(own, OurServer, testing::ValuesIn(extra_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(own, OurClient, testing::ValuesIn(extra_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(small, OurServerOctetByOctet, testing::ValuesIn(cases_up_to(600)), test_name);
INSTANTIATE_TEST_SUITE_P(small, OurClientOctetByOctet, testing::ValuesIn(cases_up_to(600)), test_name);
INSTANTIATE_TEST_SUITE_P(small, OurServerAtEveryCut, testing::ValuesIn(cases_up_to(most_octets_cut())), test_name);
INSTANTIATE_TEST_SUITE_P(small, OurClientAtEveryCut, testing::ValuesIn(cases_up_to(most_octets_cut())), test_name);

// The groups of the suite, with the number of cases in each.
struct Group {
  const char* number;
  int case_count;
};
constexpr Group kGroups[] = {
    {"1.1", 8},  {"1.2", 8},  {"2", 11},   {"3", 7},    {"4.1", 5},   {"4.2", 5},  {"5", 20},   {"6.1", 3},
    {"6.2", 4},  {"6.3", 2},  {"6.4", 4},  {"6.5", 5},  {"6.6", 11},  {"6.7", 4},  {"6.8", 2},  {"6.9", 4},
    {"6.10", 3}, {"6.11", 5}, {"6.12", 8}, {"6.13", 5}, {"6.14", 10}, {"6.15", 1}, {"6.16", 3}, {"6.17", 5},
    {"6.18", 5}, {"6.19", 5}, {"6.20", 7}, {"6.21", 8}, {"6.22", 34}, {"6.23", 7}, {"7.1", 6},  {"7.3", 6},
    {"7.5", 1},  {"7.7", 13}, {"7.9", 9},  {"7.13", 2}, {"9.1", 6},   {"9.2", 6},  {"9.3", 9},  {"9.4", 9},
    {"9.5", 6},  {"9.6", 6},  {"9.7", 6},  {"9.8", 6},  {"10.1", 1},
};

TEST(Tables, have_every_case_of_the_suite_once_and_no_other) {
  std::map<std::string, int> rows;
  for (const Case& each : suite_cases()) ++rows[each.name];
  int wanted = 0;
  for (const Group& group : kGroups) {
    for (int each = 1; each <= group.case_count; ++each, ++wanted) {
      const std::string number = std::string(group.number) + "." + std::to_string(each);
      EXPECT_EQ(rows[number], 1) << "rows of case " << number;
    }
  }
  EXPECT_EQ(wanted, 301);
  EXPECT_EQ(rows.size(), 301U) << "there are rows with numbers that the suite does not have";
}

TEST(Tables, name_each_own_case_once_and_say_what_it_holds) {
  std::map<std::string, int> rows;
  for (const Case& each : extra_cases()) {
    EXPECT_EQ(++rows[each.name], 1) << each.name;
    EXPECT_FALSE(each.holds.empty()) << each.name;
  }
}

}  // namespace
}  // namespace conformance
