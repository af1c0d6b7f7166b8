// The verdicts stand in trouble_of(): RFC 6455 7.4.1 says what the codes mean, and a script must know by the exit
// status whether it got all there was.
#include "ws/app/connect_link.hpp"

#include <array>
#include <cstring>

#include "ws/app/escape.hpp"
#include "ws/app/quantities.hpp"
#include "ws/masking_keys.hpp"

namespace ws::app {

namespace {

std::uint64_t random_number() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes;
  fill_random(bytes);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// A server that refuses us as such will do so again; one that is busy or not there yet may not.
bool may_change(const ConnectFailure& failure) {
  constexpr int kRequestTimeout = 408;
  constexpr int kTooEarly = 425;
  constexpr int kTooMany = 429;
  if (failure.status < 400 || failure.status >= 500) return true;
  return failure.status == kRequestTimeout || failure.status == kTooEarly || failure.status == kTooMany;
}

}  // namespace

// What the library drives; it only passes on.
class Link::Line final : public Session {
 public:
  explicit Line(Link& link) : link_(link) {}

  void on_open(Connection& ws) override { link_.on_open(ws); }
  void on_message(Connection&, const Message& message) override { link_.user_.on_message(message); }
  void on_drain(Connection&) override { link_.user_.on_drain(); }
  void on_close(Connection&, const Closed& how) override { link_.on_close(how); }

 private:
  Link& link_;
};

std::string close_in_words(std::uint16_t code, std::string_view reason) {
  std::string words = std::to_string(code) + " (" + std::string(protocol::describe_close_code(code)) + ")";
  if (!reason.empty()) words += ": " + printable(reason);
  return words;
}

void Link::watch_frames() {
  options_.trace = [this](const Connection& ws, bool received, const protocol::TracedFrame& frame) {
    user_.on_frame(ws, received, frame);
  };
}

void Link::connect() {
  ConnectOptions options = options_;
  options.on_failure = [this](const ConnectFailure& failure) { go_on_after(failure.text, may_change(failure)); };
  ws::connect(loop_, flags_.url, std::make_unique<Line>(*this), std::move(options));
}

void Link::on_open(Connection& ws) {
  if (leaving_) return ws.close();
  ws_ = &ws;
  up_since_ = loop_.now();
  user_.on_up(ws);
}

void Link::leave(std::uint16_t code, std::string_view reason) {
  if (leaving_ || over_) return;
  leaving_ = true;
  left_at_ = loop_.now();
  if (ws_ == nullptr) return end("");
  ws_->close(code, reason);
}

void Link::on_close(const Closed& how) {
  if (ws_ == nullptr) return;
  ws_ = nullptr;
  farewell_ = close_in_words(how.code, how.reason);
  if (loop_.now() - up_since_ >= static_cast<std::uint64_t>(kStable.count())) backoff_.reset();
  go_on_after(trouble_of(how), true);
}

std::string Link::trouble_of(const Closed& how) const {
  using protocol::kNormal;
  using protocol::kNoStatus;
  switch (how.by) {
    case Closed::By::kPeer:
      // A Close frame without a code is how many programs say that they are done.
      if (how.code == kNormal || how.code == kNoStatus) return "";
      return "the server closed the connection with " + close_in_words(how.code, how.reason);
    case Closed::By::kUs:
      if (!leaving_) return "the server broke a rule, " + close_in_words(how.code, how.reason);
      if (how.clean) return "";
      if (flags_.wait.count() > 0 && loop_.now() - left_at_ >= static_cast<std::uint64_t>(flags_.wait.count()))
        return "the server did not close the connection within " + format_duration(flags_.wait) + " (--wait)";
      return "the connection was lost before the server had closed it";
    case Closed::By::kNetwork: break;
  }
  return how.reason.empty() ? "the connection was lost: the server sent no Close frame (1006)"
                            : "the connection was lost: " + printable(how.reason) + " (1006)";
}

void Link::go_on_after(const std::string& trouble, bool worth_trying) {
  if (over_) return;
  if (trouble.empty() || leaving_ || !flags_.reconnect || !worth_trying) return end(trouble);
  const reactor::Milliseconds delay = backoff_.next(random_number());
  next_try_.start(loop_, delay, [this] { connect(); });
  user_.on_down(trouble, delay, backoff_.failures());
}

void Link::end(const std::string& trouble) {
  over_ = true;
  next_try_.stop();
  user_.on_over(trouble);
}

}  // namespace ws::app
