// Settings are kept by the loop, as a route's are, so that a connection can outlive its Line.
#include "tests/ws/line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

namespace ws::tests {

namespace {

constexpr int kSmallBuffer = 4096;

Role opposite(Role role) { return role == Role::kServer ? Role::kClient : Role::kServer; }

std::string joined(const std::vector<Frame>& frames) {
  std::string text;
  for (const Frame& frame : frames) text.append(text.empty() ? "" : "; ").append(in_words(frame));
  return text;
}

}  // namespace

void FramePeer::send(std::string_view bytes) {
  EXPECT_TRUE(turn_until(loop_, [&] {
    bytes.remove_prefix(socket_.send_some(bytes));
    return bytes.empty();
  })) << "the socket takes no more";
}

void FramePeer::take(std::size_t most) {
  const std::string bytes = socket_.receive(most);
  received_ += bytes.size();
  bytes_ += bytes;
  for (Frame& frame : take_frames(bytes_)) frames_.push_back(std::move(frame));
}

Frame FramePeer::next_frame() {
  const bool came = turn_until(loop_, [&] {
    take();
    return !frames_.empty() || ended();
  });
  EXPECT_TRUE(came && !frames_.empty()) << "there is no frame";
  if (frames_.empty()) return {};
  Frame first = std::move(frames_.front());
  frames_.erase(frames_.begin());
  return first;
}

std::string FramePeer::all_to_end() {
  const bool came = turn_until(loop_, [&] {
    take();
    return ended();
  });
  const std::string frames = arrived();
  return (frames.empty() ? "" : frames + "; ") + (!came ? "no end" : socket_.reset() ? "reset" : "end");
}

std::string FramePeer::arrived() { return joined(take_all()); }

std::vector<Frame> FramePeer::take_all(std::size_t most) {
  take(most);
  return std::exchange(frames_, {});
}

void FramePeer::forget() {
  std::string().swap(bytes_);
  std::vector<Frame>().swap(frames_);
}

Line::Line(reactor::Loop& loop, LineOptions options, SocketPair pair)
    : loop_(loop), told_(std::move(options.told)), peer(loop, std::move(pair.theirs), opposite(options.role)) {
  const auto settings = std::make_shared<Settings>(Settings{.limits = options.limits,
                                                            .subprotocols = std::move(options.subprotocols),
                                                            .trace = std::move(options.trace),
                                                            .compression = options.compression});
  const bool compresses = settings->compression.mode != protocol::Compression::Mode::kOff;
  if (compresses || options.codec != nullptr) prepare_codec(*settings, std::move(options.codec));
  loop.keep(settings);
  connection_ = &loop.adopt(std::make_unique<Connection>(options.role,
                                                         std::make_unique<reactor::Stream>(loop, std::move(pair.ours)),
                                                         std::make_unique<Script>(told_), *settings, options.agreed));
  std::vector<std::uint8_t> early(options.early.begin(), options.early.end());
  connection_->open(early);
}

Connection& Line::ws() {
  EXPECT_FALSE(gone());
  return *connection_;
}

bool Line::wait_for(const std::string& entry, std::size_t times) {
  return turn_until(loop_, [&] { return told_->count(entry) >= times; });
}

bool Line::wait_until_gone() {
  return turn_until(loop_, [&] { return gone(); });
}

SocketPair narrow_pair() {
  SocketPair pair = reactor::tests::unix_pair();
  reactor::tests::set_send_buffer(pair.ours.get(), kSmallBuffer);
  return pair;
}

SocketPair narrow_tcp_pair() {
  SocketPair pair = reactor::tests::tcp_pair(8 * kSmallBuffer);
  reactor::tests::set_send_buffer(pair.ours.get(), 8 * kSmallBuffer);
  return pair;
}

bool spin_until(reactor::Loop& loop, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + reactor::tests::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.run_once(Milliseconds(0));
  }
  return true;
}

bool end_all(reactor::Loop& loop, const std::vector<Line*>& lines) {
  for (Line* line : lines) line->peer.socket().half_close();
  return turn_until(loop, [&] {
    for (Line* line : lines) line->peer.take();
    return loop.residents() == 0;
  });
}

}  // namespace ws::tests
