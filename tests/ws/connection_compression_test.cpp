// Connections that compress (RFC 7692), each against another one of ours in the other role, and as a hub sees them.
// What is on the wire is watched by a trace.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/ws/heap.hpp"
#include "tests/ws/line.hpp"
#include "ws/codec.hpp"
#include "ws/hub.hpp"

namespace ws {
namespace {

using namespace tests;
using Mode = protocol::Compression::Mode;

// A server and a client at the two ends of one line.
struct Ends {
  explicit Ends(protocol::Compression compression, Limits limits = {}) {
    settings.compression = compression;
    settings.limits = limits;
    settings.decoder.max_message = limits.max_message;
    settings.trace = [this](const Connection& connection, bool received, const protocol::TracedFrame& frame) {
      if (!received && connection.role() == Role::kServer) sent.push_back(to_string(frame));
    };
    prepare_codec(settings);
    const std::string offer = protocol::write_deflate_offer(compression);
    std::vector<protocol::Extension> offers;
    EXPECT_TRUE(protocol::parse_extension_list(offer, offers));
    const auto accepted = protocol::accept_deflate(offers, compression);
    EXPECT_TRUE(accepted.has_value());
    Agreed agreed;
    agreed.compression = accepted->agreed;
    SocketPair pair = reactor::tests::unix_pair();
    server = &adopt(Role::kServer, std::move(pair.ours), server_told, agreed);
    client = &adopt(Role::kClient, std::move(pair.theirs), client_told, agreed);
  }
  Connection& adopt(Role role, reactor::FileDescriptor socket, const std::shared_ptr<Told>& told,
                    const Agreed& agreed) {
    auto& connection =
        loop.adopt(std::make_unique<Connection>(role, std::make_unique<reactor::Stream>(loop, std::move(socket)),
                                                std::make_unique<Script>(told), settings, agreed));
    connection.open({});
    return connection;
  }
  bool wait_for(const std::shared_ptr<Told>& told, const std::string& entry) {
    return turn_until(loop, [&] { return told->has(entry); });
  }

  std::vector<std::string> sent;  // frames of the server
  Settings settings;
  reactor::Loop loop;
  std::shared_ptr<Told> server_told = std::make_shared<Told>();
  std::shared_ptr<Told> client_told = std::make_shared<Told>();
  Connection* server = nullptr;
  Connection* client = nullptr;
};

const std::string kWords =
    "the same words again and again, the same words again and again, the same words again and again";

TEST(Compressed, messages_arrive_as_they_were_in_both_directions_and_modes) {
  for (const Mode mode : {Mode::kShared, Mode::kDedicated}) {
    Ends ends({.mode = mode});
    ends.server_told->at_message = [](Connection& ws, const Message& message) {
      ws.write_message(message.type, message.payload);
    };
    for (int round = 0; round < 3; ++round) {
      const std::string text = kWords + std::to_string(round);
      ends.client->write_text(text);
      EXPECT_TRUE(ends.wait_for(ends.server_told, "text " + text));
      EXPECT_TRUE(ends.wait_for(ends.client_told, "text " + text));
    }
    ASSERT_EQ(ends.sent.size(), 3U);
    EXPECT_NE(ends.sent[0].find("RSV1"), std::string::npos) << ends.sent[0];
    // RFC 7692 7.1.1: only who keeps its context can say that it said so before.
    EXPECT_EQ(ends.sent[2].size() < ends.sent[0].size(), mode == Mode::kDedicated) << ends.sent[2];
  }
}

TEST(Compressed, small_messages_and_control_frames_go_as_they_are) {
  Ends ends({.mode = Mode::kShared, .min_size = 64});
  ends.server->write_text(std::string(63, 'x'));
  ends.server->ping(std::string(100, 'x'));
  ends.server->write_text(std::string(64, 'x'));
  ends.server->close(1000, std::string(100, 'x'));
  EXPECT_TRUE(turn_until(ends.loop, [&] { return ends.client_told->gone() && ends.server_told->gone(); }));
  ASSERT_EQ(ends.sent.size(), 4U);
  for (std::size_t index = 0; index < ends.sent.size(); ++index) {
    EXPECT_EQ(ends.sent[index].find("RSV1") != std::string::npos, index == 2) << ends.sent[index];
  }
}

TEST(Compressed, a_bomb_is_a_1009) {
  Limits limits;
  limits.max_message = 100'000;
  Ends ends({.mode = Mode::kShared}, limits);
  ends.client->write_text(std::string(200'000, 'x'));
  EXPECT_TRUE(turn_until(ends.loop, [&] { return ends.server_told->gone(); }));
  EXPECT_TRUE(ends.server_told->end().starts_with("close 1009")) << ends.server_told->end();
}

TEST(Compressed, in_shared_mode_an_idle_connection_holds_nothing_for_it) {
  Ends ends({.mode = Mode::kShared});
  ends.settings.trace = [](const Connection&, bool, const protocol::TracedFrame&) {};
  const auto exchange = [&] {
    ends.client->write_text(kWords);
    EXPECT_TRUE(ends.wait_for(ends.server_told, "text " + kWords));
    ends.server_told->log.clear();
  };
  exchange();
  EXPECT_TRUE(ends.server->compressed());
  const std::size_t before = heap_in_use();
  for (int round = 0; round < 10; ++round) exchange();
  EXPECT_LE(heap_in_use(), before + 1000);
}

// A server and a client that keep no compressor for longer than `idle`, and ping so often.
struct IdleEnds : Ends {
  IdleEnds(int idle, int ping_interval)
      : Ends({.mode = Mode::kDedicated}, {.ping_interval = Milliseconds(ping_interval)}) {
    settings.compressor_idle = Milliseconds(idle);
    settings.trace = [](const Connection&, bool, const protocol::TracedFrame&) {};
  }
  // Returns how much of the heap is in use with the server's compressor.
  std::size_t say(const std::string& text) {
    const std::size_t before = heap_in_use();
    server->write_text(text);
    EXPECT_GT(heap_in_use(), before + 40'000);
    const std::size_t used = heap_in_use();
    EXPECT_TRUE(wait_for(client_told, "text " + text));
    return used;
  }
};

TEST(Compressed, a_dedicated_compressor_is_freed_when_it_is_not_used) {
  for (const int ping_interval : {0, 50, 25'000}) {
    IdleEnds ends(30, ping_interval);
    for (const char* mark : {"", "!"}) {
      const std::size_t used = ends.say(kWords + mark);
      EXPECT_TRUE(turn_until(ends.loop, [&] { return heap_in_use() + 40'000 < used; })) << ping_interval;
    }
  }
}

TEST(Compressed, a_dedicated_compressor_is_kept_while_it_is_used) {
  for (const int ping_interval : {0, 5}) {
    IdleEnds ends(200, ping_interval);
    const std::size_t used = ends.say(kWords);
    const std::uint64_t start = ends.loop.now();
    EXPECT_TRUE(turn_until(ends.loop, [&] { return ends.loop.now() >= start + 100; }));
    ends.server->write_text(kWords);
    const std::uint64_t last = ends.loop.now();
    EXPECT_TRUE(turn_until(ends.loop, [&] { return heap_in_use() + 40'000 < used; }));
    EXPECT_GE(ends.loop.now(), last + 200) << ping_interval;
  }
}

// ---- In a hub

TEST(Compressed, what_is_published_is_compressed_once_for_all_who_agreed_on_the_same) {
  Codec codec;
  const protocol::DeflateDirection alone = {.window_bits = 15, .context_takeover = false, .final_blocks = true};
  const protocol::DeflateDirection narrow = {.window_bits = 10, .context_takeover = false, .final_blocks = true};
  const Publication publication(kWords);
  const auto* place = publication.frame(alone, codec.deflater).view().data();
  EXPECT_EQ(publication.frame(alone, codec.deflater).view().data(), place);
  EXPECT_NE(publication.frame(narrow, codec.deflater).view().data(), place);
  EXPECT_EQ(publication.frame(alone, codec.deflater).view().data(), place);
  EXPECT_LT(publication.frame(alone, codec.deflater).size(), publication.frame().size());
  EXPECT_NE(publication.frame().view()[0], publication.frame(alone, codec.deflater).view()[0]) << "RSV1";
}

TEST(Compressed, subscribers_with_and_without_compression_hear_the_same) {
  Hub hub;
  Ends shared({.mode = Mode::kShared});
  Ends dedicated({.mode = Mode::kDedicated});
  Line plain(shared.loop);
  for (Connection* each : {shared.server, dedicated.server, &plain.ws(), dedicated.client})
    hub.subscribe(*each, "news");
  for (int round = 0; round < 3; ++round) {
    const std::string text = kWords + std::to_string(round);
    EXPECT_EQ(hub.publish("news", Publication(text)), 4U);
    EXPECT_TRUE(shared.wait_for(shared.client_told, "text " + text));
    EXPECT_TRUE(dedicated.wait_for(dedicated.client_told, "text " + text));
    EXPECT_TRUE(dedicated.wait_for(dedicated.server_told, "text " + text)) << "a client publishes masked";
    EXPECT_EQ(plain.peer.next(), "text " + text);
  }
}

}  // namespace
}  // namespace ws
