// The suite's end of a TCP connection (or of TLS on it, see chosen_wire.hpp), and what it needs of the side under test
// (the Subject): the socket does not block, every wait has a deadline, and while it sends it also reads, so neither
// side can wait for the other for ever. A deadline that passes is an exception, which GoogleTest reports as the failure
// of that test.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "reactor/file_descriptor.hpp"
#include "tests/conformance/deflate_peer.hpp"
#include "tests/conformance/frames.hpp"
#include "tests/conformance/tls_layer.hpp"

namespace conformance {

// The conversation did not go as it must.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Deadline {
 public:
  // Throws when the time is over, which is long enough for a busy machine and a slow build.
  void check(std::string_view awaited) const;

 private:
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + std::chrono::seconds(20);
};

class Wire;
struct Ending;

// The side under test: our server in its own process, or our client on a loop of this thread.
class Subject {
 public:
  virtual ~Subject() = default;
  // A new connection with its handshake done.
  virtual Wire open() = 0;
  // Lets it work, for a moment or until `fd` is ready for one of `events` (of poll).
  virtual void wait(int fd, short events) = 0;
  // Lets it take notice of what was sent.
  virtual void turn() = 0;
  // Returns when it has handled all that was sent.
  virtual void settle() = 0;
  // The connection has ended as the suite sees it: does the subject see it so too?
  virtual void check_end(const Ending& ending) = 0;
};

class Wire {
 public:
  // kTruncated: TCP ended, and TLS did not.
  enum class End : std::uint8_t { kNone, kFinished, kTruncated, kReset };

  // With TLS it shakes hands at once.
  Wire(reactor::FileDescriptor socket, Side side, Subject& subject);

  // Sends all of `bytes`, reading what comes meanwhile.
  void send(std::string_view bytes);
  void send(const Frame& frame) { send(encoded(frame)); }
  // Sends as much as the socket takes without anything being read. Returns how much that was; with TLS, how much was
  // sealed to be sent before all else.
  std::size_t send_unread(std::string_view bytes);
  // The frame as this side sends it, with a masking key of its own.
  std::string encoded(const Frame& frame);
  void append_encoded(const Frame& frame, std::string& out);
  // No more will be sent. With TLS it says so there too.
  void finish();

  // `extensions`, the server's answer, was agreed on: from now on messages may come compressed.
  void agree(std::string_view extensions);
  const std::string& extensions() const { return extensions_; }
  // REQUIRES: agree() was called.
  DeflatePeer& deflate() { return *deflate_; }

  // Waits for the next whole frame. One that is compressed is taken for what it was before.
  Frame receive();
  // Waits for a head of HTTP, with the empty line that ends it.
  std::string receive_head();
  // Waits for the peer to end the connection. Throws if it sends anything before that.
  End receive_end();
  // Reads what there is. True if something has been received that was not taken yet, or the end.
  bool has_received();

  Side side() const { return side_; }
  // How many of the frames were compressed.
  std::size_t compressed_count() const { return compressed_count_; }

 private:
  void shake_hands();
  void send_all(std::string_view bytes);
  std::size_t send_some(std::string_view bytes);
  void inflate(Frame& frame);
  void read_what_there_is();
  void await_more(const Deadline& deadline, std::string_view awaited);
  std::string_view unread() const { return std::string_view(received_).substr(taken_); }
  void take(std::size_t size);

  reactor::FileDescriptor socket_;
  Side side_;
  Subject* subject_;
  std::unique_ptr<TlsLayer> tls_;
  std::string extensions_;
  std::unique_ptr<DeflatePeer> deflate_;
  std::size_t compressed_count_ = 0;
  std::string sealed_;  // and not sent yet
  std::string received_;
  std::size_t taken_ = 0;  // of the received bytes
  End end_ = End::kNone;
  std::uint32_t key_ = 0x3D21FA37;  // of the next frame
};

// The value of the field `name` in a head of HTTP, or nothing.
std::optional<std::string> field_of(const std::string& head, const std::string& name);

}  // namespace conformance
