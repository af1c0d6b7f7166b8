// The BIO between OpenSSL and the socket, without any TLS: when it asks the socket, and what becomes of what it
// refuses.
#include "reactor/tls_wire.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>

#include <array>
#include <memory>
#include <string>

#include "tests/reactor/sockets.hpp"

namespace reactor {
namespace {

using namespace tests;

struct Wired {
  explicit Wired(SocketPair pair = unix_pair())
      : ours(std::move(pair.ours)),
        wire(ours.get()),
        bio(wire.make_bio(), BIO_free_all),
        peer(std::move(pair.theirs)) {}

  // What is read, or `wait`, `end`, `error`.
  std::string read(std::size_t most = 100) {
    std::string text(most, '\0');
    const int size = BIO_read(bio.get(), text.data(), static_cast<int>(most));
    if (size > 0) return text.substr(0, static_cast<std::size_t>(size));
    return BIO_should_retry(bio.get()) ? "wait" : size == 0 ? "end" : "error";
  }
  bool write(std::string_view text) {
    return BIO_write(bio.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }

  FileDescriptor ours;
  TlsWire wire;
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio;
  Peer peer;
};

TEST(TlsWire, a_short_read_has_emptied_the_socket_until_there_is_news) {
  Wired wired;
  wired.peer.send("hello");
  EXPECT_EQ(wired.read(), "hello");
  wired.peer.send("more");
  EXPECT_EQ(wired.read(), "wait") << "the socket is not asked";
  wired.wire.wake(false);
  EXPECT_EQ(wired.read(2), "mo") << "a full read says nothing about what is left";
  EXPECT_EQ(wired.read(2), "re");
  EXPECT_EQ(wired.read(2), "wait");
}

TEST(TlsWire, after_a_hang_up_it_is_read_to_the_end) {
  Wired wired;
  wired.peer.send("the last");
  wired.peer.close();
  wired.wire.wake(true);
  EXPECT_EQ(wired.read(), "the last");
  EXPECT_EQ(wired.read(), "end");
  EXPECT_EQ(BIO_eof(wired.bio.get()), 1);
}

TEST(TlsWire, what_the_socket_refuses_is_kept_in_order) {
  Wired wired(small_tcp_pair());
  const std::string text = pattern(400'000);
  std::size_t written = 0;
  std::string got;
  while (wired.wire.sealed() == 0) {
    ASSERT_TRUE(wired.write(std::string_view(text).substr(written, 10'000)));
    written += 10'000;
    ASSERT_LT(written, text.size());
  }
  ASSERT_TRUE(wired.write("behind it")) << "it never refuses";
  for (int round = 0; round < 10'000 && got.size() < written + 9; ++round) {
    got += wired.peer.receive();
    wired.wire.send_sealed();
  }
  EXPECT_TRUE(got == text.substr(0, written) + "behind it");
  EXPECT_EQ(wired.wire.sealed(), 0U);
  EXPECT_FALSE(wired.wire.failed());
}

TEST(TlsWire, it_keeps_no_more_than_an_honest_peer_can_cause) {
  Wired wired(small_tcp_pair());
  const std::string text = pattern(10'000);
  int count = 0;
  while (wired.write(text)) ASSERT_LT(++count, 1000);
  EXPECT_TRUE(wired.wire.failed());
  EXPECT_LT(wired.wire.sealed(), 200'000U);
}

// A write to a peer that is gone would else be a signal that ends the program.
TEST(TlsWire, a_peer_that_is_gone_is_an_error) {
  Wired wired;
  wired.peer.close();
  bool written = true;
  for (int count = 0; count < 10 && written; ++count) written = wired.write("hello");
  EXPECT_FALSE(written);
  EXPECT_TRUE(wired.wire.failed());
}

}  // namespace
}  // namespace reactor
