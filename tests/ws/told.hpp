// A session that writes down what it is told, and then does what the test wants done from inside the call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ws/connection.hpp"

namespace ws::tests {

// It outlives the session, because the test and the session share it.
struct Told {
  std::vector<std::string> log;  // `open`, `text Hello`, `drain`, `close 1000 bye, by us, clean`, `gone`
  std::function<void(Connection&)> at_open;
  std::function<void(Connection&, const Message&)> at_message;
  std::function<void(Connection&)> at_drain;
  std::function<void(Connection&, const Closed&)> at_close;
  std::function<void()> at_gone;  // in the session's destructor

  std::string all() const;
  std::size_t count(const std::string& entry) const;
  bool has(const std::string& entry) const { return count(entry) > 0; }
  bool gone() const { return has("gone"); }
  // The entry of on_close, or empty.
  std::string end() const;
};

std::string in_words(const Closed& how);

class Script final : public Session {
 public:
  explicit Script(std::shared_ptr<Told> told) : told_(std::move(told)) {}
  ~Script() override;

  void on_open(Connection& ws) override;
  void on_message(Connection& ws, const Message& message) override;
  void on_drain(Connection& ws) override;
  void on_close(Connection& ws, const Closed& how) override;

 private:
  std::shared_ptr<Told> told_;
};

}  // namespace ws::tests
