// How many may come in: in all, and from each address; and whoever leaves makes room.
#include "reactor/admission.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace reactor::tests {
namespace {

using Verdict = Admissions::Verdict;

Address from(const std::string& host) { return *Address::numeric(host, 1234); }

TEST(Admissions, without_limits_everybody_is_admitted_and_counted) {
  Admissions admissions;
  {
    std::vector<Admission> held(1000);
    for (Admission& admission : held) ASSERT_EQ(admissions.admit(from("192.0.2.1"), admission), Verdict::kAdmitted);
    EXPECT_EQ(admissions.open(), 1000U);
  }
  EXPECT_EQ(admissions.open(), 0U);
}

TEST(Admissions, the_limit_in_all_is_exact_and_who_leaves_makes_room) {
  Admissions admissions;
  admissions.set_limits(2, 0);
  Admission first;
  Admission refused;
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), first), Verdict::kAdmitted);
  {
    Admission second;
    EXPECT_EQ(admissions.admit(from("192.0.2.2"), second), Verdict::kAdmitted);
    EXPECT_EQ(admissions.admit(from("192.0.2.3"), refused), Verdict::kFull);
    EXPECT_EQ(admissions.open(), 2U) << "a refused one does not count";
  }
  EXPECT_EQ(admissions.admit(from("192.0.2.3"), refused), Verdict::kAdmitted);
}

TEST(Admissions, the_limit_for_each_address_counts_each_address_apart) {
  Admissions admissions;
  admissions.set_limits(0, 1);
  Admission first;
  Admission second;
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), first), Verdict::kAdmitted);
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), second), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admissions.admit(from("192.0.2.2"), second), Verdict::kAdmitted);
  first = {};
  EXPECT_EQ(admissions.open(), 1U);
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), first), Verdict::kAdmitted);
}

// RFC 4291 2.5.4: the last 64 bits of an IPv6 address are the customer's own to choose.
TEST(Admissions, an_ipv6_network_of_64_bits_is_one_client_and_a_mapped_ipv4_address_is_its_own) {
  Admissions admissions;
  admissions.set_limits(0, 1);
  Admission first;
  Admission second;
  EXPECT_EQ(admissions.admit(from("2001:db8:1:2::1"), first), Verdict::kAdmitted);
  EXPECT_EQ(admissions.admit(from("2001:db8:1:2:ffff::9"), second), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admissions.admit(from("2001:db8:1:3::1"), second), Verdict::kAdmitted);
  first = {};
  second = {};
  EXPECT_EQ(admissions.admit(from("::ffff:192.0.2.1"), first), Verdict::kAdmitted);
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), second), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admissions.admit(from("::ffff:192.0.2.2"), second), Verdict::kAdmitted);
}

TEST(Admissions, a_unix_socket_is_counted_in_all_but_for_no_address) {
  Admissions admissions;
  admissions.set_limits(3, 1);
  std::vector<Admission> held(3);
  for (Admission& admission : held) {
    EXPECT_EQ(admissions.admit(Address::unix_path("/run/x"), admission), Verdict::kAdmitted);
  }
  Admission refused;
  EXPECT_EQ(admissions.admit(Address::unix_path("/run/x"), refused), Verdict::kFull);
}

TEST(Admissions, an_admission_that_moves_still_counts_once) {
  Admissions admissions;
  admissions.set_limits(0, 1);
  Admission from_here;
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), from_here), Verdict::kAdmitted);
  {
    const Admission to_there(std::move(from_here));
    EXPECT_EQ(admissions.open(), 1U);
  }
  EXPECT_EQ(admissions.open(), 0U);
  Admission again;
  EXPECT_EQ(admissions.admit(from("192.0.2.1"), again), Verdict::kAdmitted);
}

}  // namespace
}  // namespace reactor::tests
