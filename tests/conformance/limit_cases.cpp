// Groups 9 and 10: large messages whole, in fragments and in pieces, and many messages one after the other. 16 MiB is
// the largest message that the default limit lets through.
#include "tests/conformance/cases.hpp"

#include <string>
#include <utility>

namespace conformance {

namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

struct MessageRow {
  const char* name;
  std::uint8_t opcode;
  std::size_t size;
  std::size_t fragment_size = 0;
  std::size_t piece_size = 0;
  int rounds = 1;
};

constexpr MessageRow kRows[] = {
    {"9.1.1", kText, 64 * kKiB},
    {"9.1.2", kText, 256 * kKiB},
    {"9.1.3", kText, 1 * kMiB},
    {"9.1.4", kText, 4 * kMiB},
    {"9.1.5", kText, 8 * kMiB},
    {"9.1.6", kText, 16 * kMiB},
    {"9.2.1", kBinary, 64 * kKiB},
    {"9.2.2", kBinary, 256 * kKiB},
    {"9.2.3", kBinary, 1 * kMiB},
    {"9.2.4", kBinary, 4 * kMiB},
    {"9.2.5", kBinary, 8 * kMiB},
    {"9.2.6", kBinary, 16 * kMiB},

    {"9.3.1", kText, 4 * kMiB, 64},
    {"9.3.2", kText, 4 * kMiB, 256},
    {"9.3.3", kText, 4 * kMiB, 1 * kKiB},
    {"9.3.4", kText, 4 * kMiB, 4 * kKiB},
    {"9.3.5", kText, 4 * kMiB, 16 * kKiB},
    {"9.3.6", kText, 4 * kMiB, 64 * kKiB},
    {"9.3.7", kText, 4 * kMiB, 256 * kKiB},
    {"9.3.8", kText, 4 * kMiB, 1 * kMiB},
    {"9.3.9", kText, 4 * kMiB, 4 * kMiB},
    {"9.4.1", kBinary, 4 * kMiB, 64},
    {"9.4.2", kBinary, 4 * kMiB, 256},
    {"9.4.3", kBinary, 4 * kMiB, 1 * kKiB},
    {"9.4.4", kBinary, 4 * kMiB, 4 * kKiB},
    {"9.4.5", kBinary, 4 * kMiB, 16 * kKiB},
    {"9.4.6", kBinary, 4 * kMiB, 64 * kKiB},
    {"9.4.7", kBinary, 4 * kMiB, 256 * kKiB},
    {"9.4.8", kBinary, 4 * kMiB, 1 * kMiB},
    {"9.4.9", kBinary, 4 * kMiB, 4 * kMiB},

    {"9.5.1", kText, 1 * kMiB, 0, 64},
    {"9.5.2", kText, 1 * kMiB, 0, 128},
    {"9.5.3", kText, 1 * kMiB, 0, 256},
    {"9.5.4", kText, 1 * kMiB, 0, 512},
    {"9.5.5", kText, 1 * kMiB, 0, 1024},
    {"9.5.6", kText, 1 * kMiB, 0, 2048},
    {"9.6.1", kBinary, 1 * kMiB, 0, 64},
    {"9.6.2", kBinary, 1 * kMiB, 0, 128},
    {"9.6.3", kBinary, 1 * kMiB, 0, 256},
    {"9.6.4", kBinary, 1 * kMiB, 0, 512},
    {"9.6.5", kBinary, 1 * kMiB, 0, 1024},
    {"9.6.6", kBinary, 1 * kMiB, 0, 2048},

    {"9.7.1", kText, 0, 0, 0, 1000},
    {"9.7.2", kText, 16, 0, 0, 1000},
    {"9.7.3", kText, 64, 0, 0, 1000},
    {"9.7.4", kText, 256, 0, 0, 1000},
    {"9.7.5", kText, 1024, 0, 0, 1000},
    {"9.7.6", kText, 4096, 0, 0, 1000},
    {"9.8.1", kBinary, 0, 0, 0, 1000},
    {"9.8.2", kBinary, 16, 0, 0, 1000},
    {"9.8.3", kBinary, 64, 0, 0, 1000},
    {"9.8.4", kBinary, 256, 0, 0, 1000},
    {"9.8.5", kBinary, 1024, 0, 0, 1000},
    {"9.8.6", kBinary, 4096, 0, 0, 1000},

    {"10.1.1", kText, 65536, 1300},
};

std::string words_for(const MessageRow& row) {
  std::string words = std::to_string(row.size) + (row.opcode == kText ? " bytes of text" : " bytes");
  if (row.fragment_size > 0) words += " in fragments of " + std::to_string(row.fragment_size);
  if (row.piece_size > 0) words += " in pieces of " + std::to_string(row.piece_size);
  if (row.rounds > 1) words += ", " + std::to_string(row.rounds) + " times";
  return words + ": echoed as they were";
}

}  // namespace

std::vector<Case> limit_cases() {
  std::vector<Case> cases;
  for (const MessageRow& row : kRows) {
    // A pattern whose size is no power of two, so that no piece and no fragment begins as the one before it.
    Message message = {.opcode = row.opcode,
                       .pattern = row.opcode == kText ? "BAsd7&jh23" : hex("00 fe 23 fa f0"),
                       .size = row.size,
                       .fragment_size = row.fragment_size};
    const Chop chop = row.piece_size > 0 ? in_pieces(row.piece_size) : kTogether;
    cases.push_back({.name = row.name,
                     .holds = words_for(row),
                     .script = {send_message(message, chop), expect_message(message)},
                     .rounds = row.rounds});
  }
  return cases;
}

}  // namespace conformance
