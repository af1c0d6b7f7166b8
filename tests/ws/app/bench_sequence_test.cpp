// Once each, and in order: what the sequence says of numbers that do not come so, with all their bits or few.
#include "ws/app/bench_sequence.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ws::app {
namespace {

using Verdict = BenchSequence::Verdict;

// The verdicts as letters: n(ext), a(head), l(ate), r(epeated).
std::string verdicts(BenchSequence& sequence, const std::vector<std::uint64_t>& numbers, std::uint64_t sent) {
  std::string letters;
  for (const std::uint64_t number : numbers) letters += "nalr"[static_cast<int>(sequence.take(number, sent))];
  return letters;
}

TEST(BenchSequence, judges_each_number_by_those_before_it) {
  const struct {
    const char* what;
    std::vector<std::uint64_t> numbers;
    std::string verdicts;
    std::uint64_t missing;
  } rows[] = {
      {"all in order", {0, 1, 2, 3}, "nnnn", 0},
      {"two change places", {0, 2, 1, 3}, "naln", 0},
      {"one comes twice", {0, 1, 1, 2}, "nnrn", 0},
      {"one comes twice, later", {0, 1, 2, 0, 3}, "nnnrn", 0},
      {"one is lost", {0, 2, 3}, "nan", 1},
      {"several are lost and one of them comes", {4, 1, 5}, "aln", 3},
      {"a late one comes twice", {0, 2, 1, 1}, "nalr", 0},
      {"never sent", {0, 9}, "nr", 0},
      {"backwards", {3, 2, 1, 0}, "alll", 0},
  };
  for (const auto& row : rows) {
    BenchSequence sequence(40);
    EXPECT_EQ(verdicts(sequence, row.numbers, 8), row.verdicts) << row.what;
    EXPECT_EQ(sequence.missing(), row.missing) << row.what;
  }
}

TEST(BenchSequence, goes_on_where_few_bits_begin_again) {
  for (const unsigned bits : {4U, 8U}) {
    BenchSequence sequence(bits);
    const std::uint64_t mask = (1U << bits) - 1;
    for (std::uint64_t number = 0; number < 1000; ++number) {
      if (number % 50 == 7) {
        EXPECT_EQ(sequence.take((number + 1) & mask, number + 2), Verdict::kAhead);
        EXPECT_EQ(sequence.take(number & mask, number + 2), Verdict::kLate);
        ++number;
      } else {
        EXPECT_EQ(sequence.take(number & mask, number + 2), Verdict::kNext) << number;
        EXPECT_EQ(sequence.take(number & mask, number + 2), Verdict::kRepeated) << number;
      }
    }
    EXPECT_EQ(sequence.missing(), 0U);
  }
}

TEST(BenchSequence, without_bits_only_counts) {
  BenchSequence sequence(0);
  EXPECT_EQ(sequence.take(0, 2), Verdict::kNext);
  EXPECT_EQ(sequence.take(0, 2), Verdict::kNext);
  EXPECT_EQ(sequence.take(0, 2), Verdict::kRepeated);
}

TEST(BenchSequence, remembers_the_last_sixty_four) {
  BenchSequence sequence(40);
  EXPECT_EQ(sequence.take(100, 200), Verdict::kAhead);
  EXPECT_EQ(sequence.missing(), 100U);
  EXPECT_EQ(sequence.take(101 - BenchSequence::kWindow, 200), Verdict::kLate);
  EXPECT_EQ(sequence.take(100 - BenchSequence::kWindow, 200), Verdict::kRepeated);
  EXPECT_EQ(sequence.missing(), 99U);
}

}  // namespace
}  // namespace ws::app
