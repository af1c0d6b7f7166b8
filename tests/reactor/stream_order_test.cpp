// The order of bytes is exact, whichever way each write took: corked, queued, sent at once, by reference, or behind a
// full socket. A random writer in all the places from which one can write, sockets with tiny buffers, and a slow
// reader. (RFC 6455 5.4 lets no frame be torn apart by another; two ways out that overtake each other would do just
// that.)
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "reactor/shared_bytes.hpp"
#include "reactor/stream.hpp"
#include "reactor/ticker.hpp"
#include "tests/reactor/wire.hpp"

namespace reactor::tests {
namespace {

class Chaos {
 public:
  Chaos(SocketPair pair, std::uint32_t seed)
      : random_(seed),
        material_(pattern(kLargest, seed)),
        wire_(std::move(pair)),
        other_(loop(), unix_end(other_peer_)) {
    set_send_buffer(wire_.stream->fd(), 4096);
    other_.attach(other_handler_);
    wire_.handler.at_input = [this](std::string_view) { write_some_things(); };
    wire_.handler.at_drained = [this] { write_some_things(); };
    other_handler_.at_input = [this](std::string_view) { write_some_things(); };
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (below(6)) {
        case 0: wire_.peer.send_some("?"); break;
        case 1: other_peer_->send_some("?"); break;
        case 2: deadline_.start(loop(), Milliseconds(below(3)), [this] { write_some_things(); }); break;
        case 3: loop().post([this] { write_some_things(); }); break;
        case 4: write_some_things(); break;
        default: break;
      }
      loop().run_once(Milliseconds(0));
      read(below(40'000));
      if (testing::Test::HasFailure()) return;
    }
    writing_ = false;
    wire_.stream->finish_output();
    ASSERT_TRUE(turn_until(loop(), [this] {
      read(200'000);
      return wire_.peer.finished();
    }));
    EXPECT_EQ(checked_, expected_.size()) << "the end came before the last byte";
    EXPECT_TRUE(wire_.handler.ends.empty());
  }

  std::size_t written() const { return expected_.size(); }

 private:
  static constexpr std::size_t kLargest = 200'000;
  static constexpr std::size_t kEnoughWaits = 1'000'000;

  static FileDescriptor unix_end(std::unique_ptr<Peer>& peer) {
    SocketPair pair = unix_pair();
    peer = std::make_unique<Peer>(std::move(pair.theirs));
    return std::move(pair.ours);
  }

  Loop& loop() { return wire_.loop; }
  std::size_t below(std::size_t end) { return random_() % end; }

  // Mostly small, but every way to write has sizes of its own.
  std::size_t size() {
    switch (below(12)) {
      case 0: return 0;
      case 1: return 2040 + below(16);
      case 2: return Loop::kCorkSize - 8 + below(16);
      case 3: return below(kLargest);
      case 4: return below(20'000);
      default: return below(300);
    }
  }
  std::string_view some(std::size_t size) { return std::string_view(material_).substr(below(kLargest - size), size); }

  void write_some_things() {
    if (!writing_) return;
    for (std::size_t count = 1 + below(6); count > 0; --count) {
      if (wire_.stream->unsent() < kEnoughWaits) write_one_thing();
    }
  }

  void write_one_thing() {
    Stream& stream = *wire_.stream;
    const std::string_view header = some(below(4) == 0 ? size() : below(15));
    const std::string_view payload = some(size());
    switch (below(7)) {
      case 0: stream.flush(); return;
      case 1:
        if (std::uint8_t* room = stream.cork_room(header.size())) {
          std::memcpy(room, header.data(), header.size());
          stream.add_corked(header.size());
          expected_ += header;
        }
        return;
      case 2: {
        const SharedBytes shared = SharedBytes::copy_of(bytes(payload));
        const std::size_t offset = below(payload.size() + 1);
        const std::size_t most = size();
        stream.write_shared(shared, offset, most);
        expected_ += payload.substr(offset, most);
        return;
      }
      case 3: {
        const std::size_t refused = stream.write_some(bytes(header), bytes(payload));
        if (refused > 0) stream.write_shared(SharedBytes::copy_of(bytes(payload)), payload.size() - refused);
        break;
      }
      default: stream.write(bytes(header), bytes(payload)); break;
    }
    expected_.append(header).append(payload);
  }

  void read(std::size_t most) {
    const std::string received = wire_.peer.receive(most);
    ASSERT_LE(checked_ + received.size(), expected_.size()) << "more came out than went in";
    ASSERT_TRUE(std::string_view(expected_).substr(checked_, received.size()) == received)
        << "wrong bytes behind the first " << checked_;
    checked_ += received.size();
  }

  std::mt19937 random_;
  std::string material_;
  Wire wire_;
  Recorder other_handler_;
  std::unique_ptr<Peer> other_peer_;
  Stream other_;
  Deadline deadline_;
  bool writing_ = true;
  std::string expected_;
  std::size_t checked_ = 0;
};

TEST(StreamOrder, it_is_exact_for_random_writes_from_everywhere_and_a_slow_reader) {
  std::size_t written = 0;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chaos chaos(seed % 2 == 0 ? unix_pair() : tcp_pair(4096), seed);
    chaos.run(150);
    written += chaos.written();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(written, 10'000'000U);
}

// How much a fresh socket with a small buffer takes in one send.
std::size_t capacity() {
  Wire wire;
  set_send_buffer(wire.stream->fd(), 4096);
  const std::string much = pattern(100'000);
  return much.size() - wire.stream->write_some({}, bytes(much));
}

// The short write comes at every byte of a frame's header and of its payload's beginning, on each way out.
TEST(StreamOrder, it_is_exact_wherever_a_frame_is_cut_by_a_short_write) {
  enum class Way { kCorked, kLarge, kQueued };
  const std::size_t taken = capacity();
  const std::string header = "a header";
  for (const Way way : {Way::kCorked, Way::kLarge, Way::kQueued}) {
    for (std::size_t cut = 0; cut <= header.size() + 8; ++cut) {
      SCOPED_TRACE("cut at " + std::to_string(cut));
      Wire wire;
      set_send_buffer(wire.stream->fd(), 4096);
      const std::string filler = pattern(taken - cut, 1);
      const std::string payload = pattern(way == Way::kCorked ? 100 : 3000, 2);
      const auto write = [&] {
        if (way == Way::kQueued) wire.stream->write_shared(SharedBytes::copy_of(bytes(filler)));
        for (std::size_t done = 0; way != Way::kQueued && done < filler.size(); done += 1000) {
          wire.stream->write(bytes(std::string_view(filler).substr(done, 1000)));
        }
        wire.stream->write(bytes(header), bytes(payload));
        wire.stream->flush();
        EXPECT_EQ(wire.stream->unsent(), header.size() + payload.size() - cut) << "not cut where this test means to";
        wire.stream->write(bytes("the next frame"));
      };
      if (way == Way::kQueued) {
        write();
      } else {
        wire.in_own_turn(write);
      }
      std::string expected = filler;
      expected.append(header).append(payload).append("the next frame");
      std::string received;
      ASSERT_TRUE(turn_until(wire.loop, [&] {
        received += wire.peer.receive();
        return received.size() >= expected.size();
      }));
      ASSERT_TRUE(received == expected);
    }
  }
}

}  // namespace
}  // namespace reactor::tests
