// What can go wrong while a server is measured: how often, by kind, and the first of each kind in words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ws::app {

enum class BenchError : std::uint8_t {
  kConnect,     // no TCP connection
  kHandshake,   // no WebSocket
  kLost,        // the connection broke
  kClosed,      // the server closed it
  kProtocol,    // the server broke a rule of RFC 6455
  kUnanswered,  // a message did not come back in time
  kCorrupted,   // from here on by --verify: not what was sent
  kWrongType,   // text for binary, or binary for text
  kOutOfOrder,  // it came before one that was sent earlier
  kRepeated,    // it came twice, or was never sent
  kMissing,     // it never came, though later ones did
  kUnexpected,  // of another size
};

class BenchErrors {
 public:
  static constexpr std::size_t kKinds = 12;
  // The name in JSON, which stays as it is.
  static std::string_view name(BenchError kind) {
    constexpr std::array<std::string_view, kKinds> kNames = {
        "connect_failed", "handshake_failed", "lost",         "closed_by_server", "protocol", "unanswered",
        "corrupted",      "wrong_type",       "out_of_order", "repeated",         "missing",  "unexpected"};
    return kNames[static_cast<std::size_t>(kind)];
  }

  void add(BenchError kind, std::string_view first, std::uint64_t count = 1) {
    Entry& entry = entries_[static_cast<std::size_t>(kind)];
    if (entry.count == 0) entry.first = first;
    entry.count += count;
  }
  std::uint64_t count(BenchError kind) const { return entries_[static_cast<std::size_t>(kind)].count; }
  const std::string& first(BenchError kind) const { return entries_[static_cast<std::size_t>(kind)].first; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const Entry& entry : entries_) sum += entry.count;
    return sum;
  }

 private:
  struct Entry {
    std::uint64_t count = 0;
    std::string first;
  };
  std::array<Entry, kKinds> entries_;
};

}  // namespace ws::app
