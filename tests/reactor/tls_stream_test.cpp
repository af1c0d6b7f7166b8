// A stream that is encrypted must be to its owner what any other is: the same bytes, the same end, the same
// backpressure, wherever the handshake, the records or the connection are cut.
#include "reactor/tls_stream.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "reactor/linger.hpp"
#include "tests/reactor/recorder.hpp"
#include "tests/reactor/sockets.hpp"
#include "tests/reactor/tls_files.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor {
namespace {

using namespace tests;

TlsContext server_context(TlsVersion lowest = TlsVersion::k12, const std::string& client_ca = {}) {
  return TlsContext::server({.certificate = tls_files().server().certificate,
                             .key = tls_files().server().key,
                             .client_ca = client_ca,
                             .lowest = lowest});
}

TlsContext client_context() { return TlsContext::client({.ca = tls_files().authority()}); }

// Both ends are streams of ours.
struct Both {
  explicit Both(SocketPair pair = tcp_pair(), TlsContext server = server_context(),
                TlsContext client = client_context(), const std::string& host = "localhost")
      : ours(std::make_unique<TlsStream>(loop, std::move(pair.ours), std::move(server))),
        theirs(std::make_unique<TlsStream>(loop, std::move(pair.theirs), std::move(client), host)) {
    ours->attach(handler);
    theirs->attach(client_handler);
  }
  bool wait(const std::function<bool()>& condition) { return turn_until(loop, condition); }

  Loop loop;
  Recorder handler;
  Recorder client_handler;
  std::unique_ptr<TlsStream> ours;
  std::unique_ptr<TlsStream> theirs;
};

// The client's end is OpenSSL with memory for a network, so that a test decides which bytes come when.
class HandMade {
 public:
  explicit HandMade(int version = 0) : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    if (version != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), version);
      SSL_CTX_set_max_proto_version(context_.get(), version);
    }
    session_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(session_.get(), in_, out_);
    SSL_set_connect_state(session_.get());
  }
  SSL* session() { return session_.get(); }
  bool shake_hands() { return SSL_do_handshake(session_.get()) == 1; }
  void write(std::string_view text) { SSL_write(session_.get(), text.data(), static_cast<int>(text.size())); }
  // What goes out to the other end.
  std::string take() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    const int size = BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }
  void feed(std::string_view bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }
  std::string read() {
    std::string text;
    std::array<char, 4096> part;
    for (int size = 0; (size = SSL_read(session_.get(), part.data(), part.size())) > 0;)
      text.append(part.data(), static_cast<std::size_t>(size));
    return text;
  }
  bool notified() const { return (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  struct Free {
    void operator()(SSL* session) const { SSL_free(session); }
  };
  std::unique_ptr<SSL, Free> session_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

// A stream of ours, and a client made by hand at the other end of the socket.
struct Half {
  explicit Half(int version = 0, SocketPair pair = tcp_pair(), TlsContext context = server_context())
      : client(version),
        stream(std::make_unique<TlsStream>(loop, std::move(pair.ours), std::move(context))),
        peer(std::move(pair.theirs)) {
    stream->attach(handler);
  }
  // Carries bytes both ways until the client's handshake is done.
  bool shake_hands() {
    return turn_until(loop, [this] {
      const bool done = client.shake_hands();
      carry();
      return done;
    });
  }
  void carry() {
    peer.send(client.take());
    loop.run_once(Milliseconds(0));
    client.feed(peer.receive());
  }

  Loop loop;
  Recorder handler;
  HandMade client;
  std::unique_ptr<TlsStream> stream;
  Peer peer;
};

// ---- The handshake

TEST(TlsStream, bytes_arrive_in_both_directions_in_order) {
  Both both;
  EXPECT_TRUE(both.ours->secure());
  const std::string question = pattern(100'000, 1);
  const std::string answer = pattern(300'000, 2);
  both.theirs->write(bytes(question));
  EXPECT_TRUE(both.wait([&] { return both.handler.input.size() == question.size(); }));
  EXPECT_TRUE(both.handler.input == question);
  both.ours->write(bytes(answer.substr(0, 10)), bytes(answer.substr(10)));
  EXPECT_TRUE(both.wait([&] { return both.client_handler.input.size() == answer.size(); }));
  EXPECT_TRUE(both.client_handler.input == answer);
}

TEST(TlsStream, what_is_written_before_the_handshake_waits_for_it) {
  Both both;
  both.ours->write(bytes("from the server, "));
  both.theirs->write(bytes("from the client, "));
  both.ours->write(bytes("twice"));
  both.theirs->write(bytes("twice"));
  EXPECT_TRUE(both.wait([&] { return both.handler.input == "from the client, twice"; })) << both.handler.input;
  EXPECT_TRUE(both.wait([&] { return both.client_handler.input == "from the server, twice"; }));
}

TEST(TlsStream, a_caller_who_says_nothing_has_no_session) {
  Half half;
  turn(half.loop);
  EXPECT_EQ(half.handler.calls, 0);
  EXPECT_TRUE(half.handler.ends.empty());
  half.peer.close();
  EXPECT_TRUE(turn_until(half.loop, [&] { return !half.handler.ends.empty(); }));
  EXPECT_TRUE(half.handler.lost());
}

TEST(TlsStream, a_handshake_may_come_byte_by_byte) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Half half(version);
    bool done = false;
    for (int round = 0; round < 20 && !done; ++round) {
      done = half.client.shake_hands();
      for (const char byte : half.client.take()) {
        half.peer.send({&byte, 1});
        half.loop.run_once(Milliseconds(0));
        half.loop.run_once(Milliseconds(0));
      }
      for (const char byte : half.peer.receive()) {
        half.client.feed({&byte, 1});
        done = half.client.shake_hands();
      }
    }
    ASSERT_TRUE(done) << version;
    half.client.write("hello");
    for (const char byte : half.client.take()) {
      half.peer.send({&byte, 1});
      half.loop.run_once(Milliseconds(0));
    }
    EXPECT_EQ(half.handler.input, "hello");
  }
}

TEST(TlsStream, a_handshake_may_be_cut_off_at_every_byte) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsContext context = server_context();
    // Both flights of the client, as they are when nothing is cut.
    Half whole(version, tcp_pair(), context);
    ASSERT_TRUE(whole.shake_hands());
    for (std::size_t flight = 0; flight < 2; ++flight) {
      for (std::size_t cut = 0, size = 1; cut < size; cut += cut < 16 ? 1 : 13) {
        for (const bool reset : {false, true}) {
          Half half(version, tcp_pair(), context);
          half.client.shake_hands();
          std::string bytes = half.client.take();
          if (flight == 1) {
            half.peer.send(bytes);
            ASSERT_TRUE(turn_until(half.loop, [&] {
              half.client.feed(half.peer.receive());
              half.client.shake_hands();
              bytes = half.client.take();
              return !bytes.empty();
            }));
          }
          size = bytes.size();
          half.peer.send(bytes.substr(0, cut));
          turn(half.loop, 2);
          reset ? half.peer.close_by_reset() : half.peer.close();
          ASSERT_TRUE(turn_until(half.loop, [&] { return !half.handler.ends.empty(); })) << cut;
          EXPECT_TRUE(half.handler.lost());
          EXPECT_EQ(half.handler.calls, 0);
        }
      }
    }
  }
}

TEST(TlsStream, what_is_no_tls_is_lost_with_a_reason) {
  for (const char* words : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\xFF\xFF", "\0\0\0\0\0\0\0\0\0\0\0"}) {
    Half half;
    half.peer.send(std::string(words).append(600, 'x'));
    EXPECT_TRUE(turn_until(half.loop, [&] { return half.handler.lost(); }));
    EXPECT_FALSE(half.stream->failure().empty());
    EXPECT_TRUE(half.handler.input.empty());
  }
}

// A crowd of callers must not stop the messages of those who are in.
TEST(TlsStream, only_a_few_handshakes_are_done_in_one_turn) {
  Loop loop;
  const TlsContext context = server_context();
  constexpr std::size_t kCrowd = 40;
  std::vector<Recorder> handlers(kCrowd);
  std::vector<std::unique_ptr<TlsStream>> streams;
  std::vector<Peer> peers;
  for (std::size_t index = 0; index < kCrowd; ++index) {
    SocketPair pair = tcp_pair();
    streams.push_back(std::make_unique<TlsStream>(loop, std::move(pair.ours), context));
    streams.back()->attach(handlers[index]);
    peers.emplace_back(std::move(pair.theirs));
    HandMade client;
    client.shake_hands();
    peers.back().send(client.take());
  }
  const auto answered = [&] {
    return std::count_if(peers.begin(), peers.end(), [](Peer& peer) { return !peer.receive().empty(); });
  };
  std::ptrdiff_t in_all = 0;
  int turns = 0;
  for (; in_all < static_cast<std::ptrdiff_t>(kCrowd) && turns < 200; ++turns) {
    loop.run_once(Milliseconds(0));
    const std::ptrdiff_t now = answered();
    EXPECT_LE(now, 4);
    in_all += now;
  }
  EXPECT_EQ(in_all, static_cast<std::ptrdiff_t>(kCrowd));
  EXPECT_LE(turns, 15);
}

// ---- Records

TEST(TlsStream, records_of_one_byte_are_received_together) {
  Half half;
  ASSERT_TRUE(half.shake_hands());
  turn(half.loop);
  const int before = half.handler.calls;
  const std::string text = pattern(400);
  for (const char byte : text) half.client.write({&byte, 1});
  half.peer.send(half.client.take());
  EXPECT_TRUE(turn_until(half.loop, [&] { return half.handler.input.size() == text.size(); }));
  EXPECT_EQ(half.handler.input, text);
  EXPECT_LE(half.handler.calls - before, 2) << "all that is there is one input";
}

TEST(TlsStream, a_request_glued_to_the_handshake_is_not_forgotten) {
  Half half;
  half.client.shake_hands();
  half.peer.send(half.client.take());
  ASSERT_TRUE(turn_until(half.loop, [&] {
    half.client.feed(half.peer.receive());
    return half.client.shake_hands();
  }));
  half.client.write("hello");
  half.peer.send(half.client.take());
  EXPECT_TRUE(turn_until(half.loop, [&] { return half.handler.input == "hello"; }));
}

TEST(TlsStream, input_lands_where_the_handler_wants_it) {
  Half half;
  std::array<std::uint8_t, 1000> landing{};
  half.handler.land = [&] { return std::span<std::uint8_t>(landing); };
  half.stream->use_landing(true);
  ASSERT_TRUE(half.shake_hands());
  half.client.write("hello");
  half.carry();
  EXPECT_TRUE(turn_until(half.loop, [&] { return half.handler.input == "hello"; }));
  EXPECT_EQ(landing[0], 'h');
}

TEST(TlsStream, a_pause_keeps_what_openssl_has_decrypted) {
  Half half;
  ASSERT_TRUE(half.shake_hands());
  half.handler.at_input = [&](std::string_view) { half.stream->pause_reading(); };
  const std::string text = pattern(200'000);
  std::size_t sent = 0;
  EXPECT_TRUE(turn_until(half.loop, [&] {
    if (sent < text.size()) {
      half.client.write(std::string_view(text).substr(sent, 10'000));
      sent += 10'000;
    }
    half.peer.send(half.client.take());
    half.loop.run_once(Milliseconds(0));
    if (half.stream->reading_paused()) half.stream->resume_reading();
    return half.handler.input.size() == text.size();
  }));
  EXPECT_TRUE(half.handler.input == text);
}

TEST(TlsStream, small_pieces_become_one_record_and_a_header_is_with_its_payload) {
  for (const bool large : {false, true}) {
    Half half;
    ASSERT_TRUE(half.shake_hands());
    turn(half.loop);
    half.client.feed(half.peer.receive());
    half.client.read();
    std::string expected;
    if (large) {
      expected = "head" + pattern(10'000);
      half.stream->write(bytes("head"), bytes(expected.substr(4)));
    } else {
      for (int count = 0; count < 50; ++count) half.stream->write_shared(SharedBytes::copy_of(bytes("piece ")));
      for (int count = 0; count < 50; ++count) expected += "piece ";
    }
    half.loop.run_once(Milliseconds(0));
    const std::string wire = half.peer.receive();
    ASSERT_GT(wire.size(), 5U);
    const std::size_t record = static_cast<std::uint8_t>(wire[3]) * 256U + static_cast<std::uint8_t>(wire[4]);
    EXPECT_EQ(wire.size(), record + 5);
    half.client.feed(wire);
    EXPECT_TRUE(half.client.read() == expected);
  }
}

// ---- Backpressure

TEST(TlsStream, a_full_socket_loses_nothing_in_either_direction) {
  for (const std::size_t piece : {std::size_t{100}, std::size_t{5'000}, std::size_t{100'000}}) {
    Both both(small_tcp_pair());
    const std::string text = pattern(3'000'000);
    ASSERT_TRUE((both.theirs->write(bytes("!")), both.wait([&] { return both.handler.calls == 1; })));
    both.theirs->pause_reading();
    std::size_t written = 0;
    while (written < text.size()) {
      const std::string_view part = std::string_view(text).substr(written, piece);
      both.ours->write(bytes(part.substr(0, 4)), bytes(part.substr(std::min<std::size_t>(4, part.size()))));
      written += part.size();
      if (written % 7 == 0) both.loop.run_once(Milliseconds(0));
    }
    turn(both.loop);
    EXPECT_TRUE(both.ours->full());
    EXPECT_GT(both.ours->unsent(), 1'000'000U);
    EXPECT_EQ(both.handler.drained, 1) << "the handshake's own";
    both.theirs->resume_reading();
    EXPECT_TRUE(both.wait([&] { return both.client_handler.input.size() == text.size(); }));
    EXPECT_TRUE(both.client_handler.input == text);
    EXPECT_EQ(both.ours->unsent(), 0U);
    EXPECT_TRUE(both.wait([&] { return both.handler.drained == 2; }));
  }
}

// What is encrypted is out of the queue, so that taking back other pieces leaves the order of the records alone.
TEST(TlsStream, what_waits_can_be_taken_back_but_not_what_was_encrypted) {
  Both both(small_tcp_pair());
  ASSERT_TRUE((both.theirs->write(bytes("!")), both.wait([&] { return both.handler.calls == 1; })));
  both.theirs->pause_reading();
  std::string expected;
  for (int count = 0; count < 3000; ++count) {
    const std::string text = std::to_string(count) + std::string(1000, '.');
    both.ours->write_shared(SharedBytes::copy_of(bytes(text)), 0, SIZE_MAX, 7);
    both.loop.run_once(Milliseconds(0));
  }
  const std::size_t unsent = both.ours->unsent();
  EXPECT_GT(both.ours->take_back(7), 0U);
  EXPECT_LT(both.ours->unsent(), unsent);
  both.ours->write(bytes(" the end"));
  both.theirs->resume_reading();
  ASSERT_TRUE(both.wait([&] { return both.client_handler.input.ends_with(" the end"); }));
  const std::string& got = both.client_handler.input;
  std::size_t at = 0;
  for (int count = 0; at + 8 < got.size(); ++count) {
    const std::string text = std::to_string(count) + std::string(1000, '.');
    ASSERT_EQ(got.compare(at, text.size(), text), 0) << count;
    at += text.size();
  }
}

// ---- The end

TEST(TlsStream, close_notify_is_the_end_of_one_direction) {
  Half half;
  ASSERT_TRUE(half.shake_hands());
  SSL_shutdown(half.client.session());
  half.carry();
  EXPECT_TRUE(turn_until(half.loop, [&] { return half.handler.finished(); }));
  half.stream->write(bytes("still heard"));
  turn(half.loop);
  half.stream->finish_output();
  EXPECT_TRUE(turn_until(half.loop, [&] {
    half.client.feed(half.peer.receive());
    return half.peer.finished();
  }));
  EXPECT_EQ(half.client.read(), "still heard");
  EXPECT_TRUE(half.client.notified());
}

// OpenSSL's queue of errors is one for the thread, and others use OpenSSL too.
TEST(TlsStream, an_error_that_somebody_else_left_is_not_ours) {
  Half half;
  ASSERT_TRUE(half.shake_hands());
  const auto leave_error = [] { ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); };
  half.client.write("still here");
  const std::string record = half.client.take();
  for (const std::string& piece : {record.substr(0, 10), record.substr(10)}) {
    leave_error();
    half.peer.send(piece);
    turn(half.loop);
  }
  EXPECT_EQ(half.handler.input, "still here");
  leave_error();
  half.stream->write(bytes("and here"));
  half.stream->flush();
  SSL_shutdown(half.client.session());
  leave_error();
  half.carry();
  EXPECT_TRUE(turn_until(half.loop, [&] { return !half.handler.ends.empty(); }));
  EXPECT_TRUE(half.handler.finished()) << half.stream->failure();
  ERR_clear_error();
}

TEST(TlsStream, it_says_with_what_it_is_encrypted_once_it_is) {
  Half half(TLS1_3_VERSION);
  EXPECT_EQ(half.stream->cipher(), "");
  ASSERT_TRUE(half.shake_hands());
  EXPECT_TRUE(turn_until(half.loop, [&] { return !half.stream->cipher().empty(); }));
  EXPECT_EQ(half.stream->cipher(), "TLSv1.3 TLS_AES_128_GCM_SHA256");
}

// RFC 8446 6.1: without close_notify nobody knows whether that was all.
TEST(TlsStream, an_end_without_close_notify_is_a_loss) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Half half(version);
    ASSERT_TRUE(half.shake_hands());
    half.client.write("hello");
    half.peer.send(half.client.take());
    half.peer.half_close();
    EXPECT_TRUE(turn_until(half.loop, [&] { return !half.handler.ends.empty(); }));
    EXPECT_EQ(half.handler.input, "hello") << "what came before is handed on";
    EXPECT_TRUE(half.handler.lost());
    EXPECT_EQ(half.stream->failure(), "unexpected eof while reading");
  }
}

TEST(TlsStream, a_record_that_was_tampered_with_is_a_loss) {
  Half half;
  ASSERT_TRUE(half.shake_hands());
  half.client.write("hello");
  std::string record = half.client.take();
  record.back() = static_cast<char>(record.back() ^ 1);
  half.peer.send(record);
  EXPECT_TRUE(turn_until(half.loop, [&] { return half.handler.lost(); }));
  EXPECT_EQ(half.handler.input, "");
}

TEST(TlsStream, closing_says_goodbye) {
  Half half;
  ASSERT_TRUE(half.shake_hands());
  half.stream->close();
  half.client.feed(half.peer.receive());
  EXPECT_EQ(half.client.read(), "");
  EXPECT_TRUE(half.client.notified());
}

TEST(TlsStream, what_waits_behind_a_full_socket_arrives_before_the_end) {
  Both both(small_tcp_pair());
  ASSERT_TRUE((both.theirs->write(bytes("!")), both.wait([&] { return both.handler.calls == 1; })));
  const std::string text = pattern(2'000'000);
  both.ours->write(bytes(text));
  EXPECT_TRUE(both.ours->full());
  linger(std::move(both.ours));
  EXPECT_TRUE(both.wait([&] { return both.client_handler.finished(); }));
  EXPECT_TRUE(both.client_handler.input == text);
}

// A peer who asks for key updates without end, and does not read the answers, must not fill our memory.
TEST(TlsStream, answers_to_key_updates_are_bounded) {
  Half half(TLS1_3_VERSION, small_tcp_pair());
  ASSERT_TRUE(half.shake_hands());
  EXPECT_TRUE(turn_until(half.loop, [&] {
    if (half.peer.fd() >= 0 && half.handler.ends.empty()) {
      SSL_key_update(half.client.session(), SSL_KEY_UPDATE_REQUESTED);
      half.client.write("x");
      half.peer.send_some(half.client.take());
    }
    return !half.handler.ends.empty() || half.handler.input.size() > 20'000;
  }));
  EXPECT_LT(half.stream->unsent(), 200'000U);
}

// ---- Who may come in, and whom we believe

struct Trust {
  const char* rule;
  std::string host;
  std::string ca;
  Pair server;
  const char* failure;
  bool insecure = false;
};

TEST(TlsStream, a_client_believes_only_who_it_meant_to_reach) {
  const TlsFiles& files = tls_files();
  const std::array rows = {
      Trust{"a name", "localhost", files.authority(), files.server(), ""},
      Trust{"an address", "127.0.0.1", files.authority(), files.server(), ""},
      Trust{"an IPv6 address", "::1", files.authority(), files.server(), ""},
      Trust{"another name", "example.org", files.authority(), files.server(),
            "the server's certificate is not good: hostname mismatch"},
      Trust{"another address", "127.0.0.2", files.authority(), files.server(),
            "the server's certificate is not good: IP address mismatch"},
      Trust{"signed by itself", "localhost", files.authority(), files.stranger(),
            "the server's certificate is not good: self-signed certificate"},
      Trust{"by nobody whom the system knows", "localhost", "", files.server(),
            "the server's certificate is not good: unable to get local issuer certificate"},
      Trust{"any, because we said so", "example.org", "", files.stranger(), "", true},
      Trust{"itself, because we said so", "localhost", files.stranger().certificate, files.stranger(), ""},
  };
  for (const Trust& row : rows) {
    Both both(tcp_pair(), TlsContext::server({.certificate = row.server.certificate, .key = row.server.key}),
              TlsContext::client({.ca = row.ca, .insecure = row.insecure}), row.host);
    both.theirs->write(bytes("hello"));
    EXPECT_TRUE(both.wait([&] { return both.handler.input == "hello" || both.client_handler.lost(); })) << row.rule;
    EXPECT_EQ(both.theirs->failure(), row.failure) << row.rule;
    EXPECT_EQ(both.client_handler.lost(), !std::string(row.failure).empty()) << row.rule;
  }
}

TEST(TlsStream, with_mutual_tls_only_clients_that_the_authority_has_signed_come_in) {
  const TlsFiles& files = tls_files();
  struct Row {
    const char* rule;
    Pair client;
    bool comes_in;
  };
  for (const Row& row :
       {Row{"signed", files.client(), true}, Row{"a stranger", files.stranger(), false}, Row{"without", {}, false}}) {
    Both both(
        tcp_pair(), server_context(TlsVersion::k12, files.authority()),
        TlsContext::client({.ca = files.authority(), .certificate = row.client.certificate, .key = row.client.key}));
    both.theirs->write(bytes("hello"));
    EXPECT_TRUE(both.wait([&] { return both.handler.input == "hello" || both.handler.lost(); })) << row.rule;
    EXPECT_EQ(both.handler.input == "hello", row.comes_in) << row.rule;
  }
}

TEST(TlsStream, the_lowest_version_is_kept) {
  for (const TlsVersion lowest : {TlsVersion::k12, TlsVersion::k13}) {
    for (const int version : {TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
      const bool allowed = version == TLS1_3_VERSION || (version == TLS1_2_VERSION && lowest == TlsVersion::k12);
      Half half(version, tcp_pair(), server_context(lowest));
      SSL_set_security_level(half.client.session(), 0);  // else OpenSSL itself would not offer 1.1
      bool done = false;
      EXPECT_TRUE(turn_until(half.loop, [&] {
        done = half.client.shake_hands();
        half.carry();
        return done || !half.handler.ends.empty();
      }));
      EXPECT_EQ(done, allowed) << version;
    }
  }
}

TEST(TlsStream, of_the_protocols_that_a_client_offers_ours_is_chosen_or_none) {
  struct Row {
    std::string offer;
    bool accepted;
    std::string chosen;
  };
  for (const Row& row : {Row{"\x08http/1.1", true, "http/1.1"}, Row{"\x02h2\x08http/1.1", true, "http/1.1"},
                         Row{"\x08http/1.0", true, "http/1.0"}, Row{"\x08http/1.0\x08http/1.1", true, "http/1.1"},
                         Row{"\x02h2", false, ""}, Row{"", true, ""}}) {
    Half half;
    if (!row.offer.empty())
      SSL_set_alpn_protos(half.client.session(), reinterpret_cast<const unsigned char*>(row.offer.data()),
                          static_cast<unsigned>(row.offer.size()));
    bool done = false;
    EXPECT_TRUE(turn_until(half.loop, [&] {
      done = half.client.shake_hands();
      half.carry();
      return done || !half.handler.ends.empty();
    }));
    EXPECT_EQ(done, row.accepted) << row.offer;
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(half.client.session(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), row.chosen);
  }
}

}  // namespace
}  // namespace reactor
