// First the note, then the action: an action that ends the connection must not come before what led to it.
#include "tests/ws/told.hpp"

#include <algorithm>

namespace ws::tests {

namespace {

constexpr std::size_t kShown = 160;

}  // namespace

std::string Told::all() const {
  std::string text;
  for (const std::string& entry : log) text.append(text.empty() ? "" : "; ").append(entry);
  return text;
}

std::size_t Told::count(const std::string& entry) const {
  return static_cast<std::size_t>(std::count(log.begin(), log.end(), entry));
}

std::string Told::end() const {
  const auto found =
      std::find_if(log.begin(), log.end(), [](const std::string& entry) { return entry.starts_with("close "); });
  return found == log.end() ? std::string() : *found;
}

std::string in_words(const Closed& how) {
  std::string words = "close " + std::to_string(how.code);
  if (!how.reason.empty()) words.append(" ").append(how.reason);
  switch (how.by) {
    case Closed::By::kUs: words += ", by us"; break;
    case Closed::By::kPeer: words += ", by the peer"; break;
    case Closed::By::kNetwork: words += ", lost"; break;
  }
  return words + (how.clean ? ", clean" : "");
}

Script::~Script() {
  told_->log.emplace_back("gone");
  if (told_->at_gone) told_->at_gone();
}

void Script::on_open(Connection& ws) {
  told_->log.emplace_back("open");
  if (told_->at_open) told_->at_open(ws);
}

void Script::on_message(Connection& ws, const Message& message) {
  const std::string_view text = message.text();
  told_->log.push_back((message.is_text() ? "text " : "binary ") +
                       (text.size() > kShown ? std::to_string(text.size()) + " bytes" : std::string(text)));
  if (told_->at_message) told_->at_message(ws, message);
}

void Script::on_drain(Connection& ws) {
  told_->log.emplace_back("drain");
  if (told_->at_drain) told_->at_drain(ws);
}

void Script::on_close(Connection& ws, const Closed& how) {
  told_->log.push_back(in_words(how));
  if (told_->at_close) told_->at_close(ws, how);
}

}  // namespace ws::tests
