// RFC 6455 5.3: "The masking key needs to be unpredictable ... a fresh masking key" for each frame. Whether a source is
// unpredictable cannot be tested; that it is not constant, not counted and not skewed can.
#include "ws/masking_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <vector>

namespace ws {
namespace {

constexpr std::size_t kKeys = 10000;

std::vector<protocol::MaskingKey> draw(MaskingKeys& keys, std::size_t count) {
  std::vector<protocol::MaskingKey> drawn;
  for (std::size_t each = 0; each < count; ++each) drawn.push_back(keys.next());
  return drawn;
}

TEST(MaskingKeys, do_not_repeat_beyond_chance) {
  MaskingKeys keys;
  const auto drawn = draw(keys, kKeys);
  const std::set<protocol::MaskingKey> different(drawn.begin(), drawn.end());
  // Of 10,000 numbers of 32 bits about 0.01 pairs are equal: that 4 are has a chance below one in a billion.
  EXPECT_GE(different.size(), kKeys - 3);
}

TEST(MaskingKeys, use_every_value_of_every_byte_about_equally_often) {
  MaskingKeys keys;
  const auto drawn = draw(keys, kKeys);
  for (std::size_t position = 0; position < 4; ++position) {
    std::array<double, 256> counts{};
    for (const protocol::MaskingKey& key : drawn) ++counts[key[position]];
    const double expected = static_cast<double>(kKeys) / 256;
    double chi_square = 0;
    for (const double count : counts) chi_square += (count - expected) * (count - expected) / expected;
    // 255 degrees of freedom: mean 255, standard deviation 22.6. Eight deviations either way.
    EXPECT_LT(chi_square, 436) << "byte " << position;
    EXPECT_GT(chi_square, 74) << "byte " << position << " is too regular to be random";
  }
}

TEST(MaskingKeys, one_says_nothing_about_the_next) {
  MaskingKeys keys;
  const auto drawn = draw(keys, kKeys);
  // The differences of a counter or of a simple generator would repeat.
  std::set<protocol::MaskingKey> differences;
  for (std::size_t index = 1; index < drawn.size(); ++index) {
    protocol::MaskingKey difference{};
    std::transform(drawn[index].begin(), drawn[index].end(), drawn[index - 1].begin(), difference.begin(),
                   [](std::uint8_t one, std::uint8_t other) { return static_cast<std::uint8_t>(one ^ other); });
    differences.insert(difference);
  }
  EXPECT_GE(differences.size(), kKeys - 4);
}

TEST(MaskingKeys, of_two_connections_have_nothing_in_common) {
  MaskingKeys one;
  MaskingKeys other;
  auto all = draw(one, 1000);
  const auto more = draw(other, 1000);
  all.insert(all.end(), more.begin(), more.end());
  EXPECT_GE(std::set<protocol::MaskingKey>(all.begin(), all.end()).size(), 1999U);
}

TEST(MaskingKeys, randomness_fills_all_of_what_it_is_asked_for) {
  for (const std::size_t size : {1U, 2U, 16U, 1000U}) {
    std::vector<std::uint8_t> seen(size);
    for (int each = 0; each < 20; ++each) {
      std::vector<std::uint8_t> bytes(size);
      fill_random(bytes);
      for (std::size_t index = 0; index < size; ++index)
        seen[index] = static_cast<std::uint8_t>(seen[index] | bytes[index]);
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0) << size;
  }
  fill_random({});
}

}  // namespace
}  // namespace ws
