// A stream's handler that writes down what it is told, and then does what the test wants done from inside the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/stream.hpp"

namespace reactor::tests {

class Recorder final : public StreamHandler {
 public:
  std::string input;
  int calls = 0;
  int drained = 0;
  int shares = 0;
  std::vector<StreamEnd> ends;

  std::function<void(std::string_view)> at_input;
  std::function<void(StreamEnd)> at_end;
  std::function<void()> at_drained;
  std::function<void()> at_share;
  std::function<std::span<std::uint8_t>()> land;

  bool finished() const { return ends == std::vector{StreamEnd::kFinished}; }
  bool lost() const { return ends == std::vector{StreamEnd::kLost}; }

  // Each copies the function it calls, which may put another in its place.
  void on_input(std::span<std::uint8_t> bytes) override {
    ++calls;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    input += text;
    if (const auto action = at_input) action(text);
  }
  void on_end(StreamEnd end) override {
    ends.push_back(end);
    if (const auto action = at_end) action(end);
  }
  void on_drained() override {
    ++drained;
    if (const auto action = at_drained) action();
  }
  void on_share() override {
    ++shares;
    if (const auto action = at_share) action();
  }
  std::span<std::uint8_t> landing() override { return land ? land() : std::span<std::uint8_t>(); }
};

}  // namespace reactor::tests
