// What a connection writes: every size with the shortest header, a client's with a key of its own each, small writes
// together, large ones from where they lie, and all in order.
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "tests/ws/heap.hpp"
#include "tests/ws/line.hpp"
#include "ws/codec.hpp"
#include "ws/connection.hpp"

namespace ws {
namespace {

using namespace tests;

constexpr std::array kRoles = {Role::kServer, Role::kClient};

void echo(Connection& ws, const Message& message) { ws.write_message(message.type, message.payload); }

std::shared_ptr<Told> echoing() {
  auto told = std::make_shared<Told>();
  told->at_message = echo;
  return told;
}

// ---- Messages out

TEST(Connection, writes_every_size_with_the_shortest_header) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role});
    for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 17UL, 31UL, 32UL, 33UL, 125UL, 126UL, 2033UL, 2034UL, 2035UL,
                                   2048UL, 2049UL, 32768UL, 65535UL, 65536UL, 150000UL}) {
      const std::string payload = reactor::tests::pattern(size);
      line.ws().write_binary(reactor::tests::bytes(payload));
      const Frame got = line.peer.next_frame();
      EXPECT_EQ(got.opcode, Opcode::kBinary);
      EXPECT_TRUE(got.final);
      EXPECT_EQ(got.masked, role == Role::kClient) << "RFC 6455 5.1";
      EXPECT_EQ(got.payload, payload) << size;
    }
    line.ws().write_text(
        "Gr\xC3\xBC\xC3\x9F"
        "e");
    EXPECT_EQ(line.peer.next(),
              "text Gr\xC3\xBC\xC3\x9F"
              "e");
    line.ws().ping();
    EXPECT_EQ(line.peer.next(), "ping");
    line.ws().ping("payload");
    EXPECT_EQ(line.peer.next(), "ping payload");
    line.ws().ping(std::string(126, 'p'));
    EXPECT_EQ(line.peer.next(), "ping " + std::string(125, 'p')) << "RFC 6455 5.5: at most 125 bytes";
  }
}

TEST(Connection, keeps_the_order_of_small_and_large_writes) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    auto told = std::make_shared<Told>();
    const auto write_some = [](Connection& ws) {
      for (const std::size_t size : {1UL, 3000UL, 5UL, 2048UL, 40000UL, 7UL, 2049UL, 100UL}) {
        ws.write_text(std::string(size, 'a'));
        ws.ping("p");
      }
    };
    told->at_message = [&](Connection& ws, const Message&) { write_some(ws); };
    Line line(loop, {.role = role, .told = told});
    const std::string once =
        "text a; ping p; text 3000 bytes; ping p; text aaaaa; ping p; text 2048 bytes; ping p; text 40000 bytes; ping "
        "p; "
        "text aaaaaaa; ping p; text 2049 bytes; ping p; text " +
        std::string(100, 'a') + "; ping p";
    write_some(line.ws());  // in nobody's turn
    line.peer.text("go");   // in its own
    EXPECT_TRUE(line.wait_for("text go"));
    turn(loop);
    EXPECT_EQ(line.peer.arrived(), std::string(once).append("; ").append(once));
  }
}

TEST(Connection, a_clients_frames_have_each_a_key_of_its_own) {
  reactor::Loop loop;
  Line line(loop, {.role = Role::kClient});
  constexpr std::size_t kFrames = 10000;
  for (std::size_t each = 0; each < kFrames; ++each) {
    line.ws().write_text("the same payload");
    if (each % 500 == 0) turn(loop);
  }
  std::set<protocol::MaskingKey> keys;
  std::set<std::uint8_t> first_bytes;
  for (std::size_t each = 0; each < kFrames; ++each) {
    const Frame got = line.peer.next_frame();
    ASSERT_EQ(got.payload, "the same payload");
    keys.insert(got.key);
    first_bytes.insert(got.key[0]);
  }
  EXPECT_GE(keys.size(), kFrames - 3) << "RFC 6455 5.3: a fresh masking key for each frame";
  EXPECT_EQ(first_bytes.size(), 256U);
}

TEST(Connection, answers_to_one_receive_leave_in_one_send) {
  reactor::Loop loop;
  Line line(loop, {.told = echoing()}, reactor::tests::packet_pair());
  std::string three;
  for (const char* text : {"one", "two", "three"}) three += frame(Role::kClient, Opcode::kText, text);
  line.peer.send(three + frame(Role::kClient, Opcode::kPing, "four"));
  EXPECT_TRUE(line.wait_for("text three"));
  turn(loop);
  const std::string packet = line.peer.socket().receive_packet();
  EXPECT_EQ(packet, frame(Role::kServer, Opcode::kText, "one") + frame(Role::kServer, Opcode::kText, "two") +
                        frame(Role::kServer, Opcode::kText, "three") + frame(Role::kServer, Opcode::kPong, "four"));
}

TEST(Connection, what_is_written_in_nobodys_turn_leaves_with_the_turn_in_one_send) {
  reactor::Loop loop;
  Line line(loop, {}, reactor::tests::packet_pair());
  loop.post([&] {
    line.ws().write_text("one");
    line.ws().write_text("two");
  });
  turn_until(loop, [&] { return line.ws().unsent() == 0 && loop.residents() == 1; });
  turn(loop);
  EXPECT_EQ(line.peer.socket().receive_packet(),
            frame(Role::kServer, Opcode::kText, "one") + frame(Role::kServer, Opcode::kText, "two"));
}

// ---- Large messages without a second copy

struct Reply {
  const char* what;
  void (*write)(Connection& ws, const Message& message);
  std::string (*wanted)(const std::string& payload);
  double copies;  // of the message, that may be in memory behind a full socket
};

TEST(LargeEcho, against_a_full_socket_is_queued_by_reference_and_stays_intact) {
  constexpr std::size_t kSize = 8000000;
  const Reply replies[] = {
      {"all of it", [](Connection& ws, const Message& message) { ws.write_binary(message.payload); },
       [](const std::string& payload) { return payload; }, 1.05},
      {"its last bytes", [](Connection& ws, const Message& message) { ws.write_binary(message.payload.last(5000000)); },
       [](const std::string& payload) { return payload.substr(payload.size() - 5000000); }, 1.05},
      {"its first bytes",
       [](Connection& ws, const Message& message) { ws.write_binary(message.payload.first(5000000)); },
       [](const std::string& payload) { return payload.substr(0, 5000000); }, 1.05},
      {"a middle part",
       [](Connection& ws, const Message& message) { ws.write_binary(message.payload.subspan(77, 6000001)); },
       [](const std::string& payload) { return payload.substr(77, 6000001); }, 1.05},
      {"twice",
       [](Connection& ws, const Message& message) {
         ws.write_binary(message.payload);
         ws.write_binary(message.payload);
       },
       [](const std::string& payload) { return payload + payload; }, 1.05},
      {"parts out of order",
       [](Connection& ws, const Message& message) {
         ws.write_binary(message.payload.last(4000000));
         ws.write_text("between");
         ws.write_binary(message.payload.first(4000000));
       },
       [](const std::string& payload) {
         return payload.substr(payload.size() - 4000000).append("between").append(payload, 0, 4000000);
       },
       1.05},
      {"something of its own instead",
       [](Connection& ws, const Message& message) {
         ws.write_binary(std::vector<std::uint8_t>(message.payload.size(), 'o'));
       },
       [](const std::string& payload) { return std::string(payload.size(), 'o'); }, 1.05},
      {"something of its own, and then the message",
       [](Connection& ws, const Message& message) {
         ws.write_binary(std::vector<std::uint8_t>(2000000, 'o'));
         ws.write_binary(message.payload);
       },
       [](const std::string& payload) { return std::string(2000000, 'o') + payload; }, 1.3},
  };
  for (const Reply& reply : replies) {
    reactor::Loop loop;
    Line line(loop, {}, narrow_pair());
    line->at_message = [&](Connection& ws, const Message& message) { reply.write(ws, message); };
    const Handle handle = line.ws().handle();  // so that the connection has extras to keep
    const std::string payload = reactor::tests::pattern(kSize);
    const std::string request = frame(Role::kClient, Opcode::kBinary, payload);
    const std::string wanted = reply.wanted(payload);
    std::string returned;
    returned.reserve(wanted.size());
    const std::size_t before = heap_in_use();
    line.peer.send(request);
    EXPECT_TRUE(turn_until(loop, [&] { return line.told().log.size() == 2; }));
    turn(loop);
    EXPECT_GT(line.ws().unsent(), 2000000U) << "the socket is not full: " << reply.what;
    const std::size_t held = heap_in_use() - before;
    EXPECT_LE(static_cast<double>(held), reply.copies * kSize) << reply.what;
    EXPECT_TRUE(turn_until(loop, [&] {
      for (const Frame& got : line.peer.take_all()) returned += got.payload;
      return returned.size() >= wanted.size();
    })) << reply.what;
    EXPECT_TRUE(returned == wanted) << reply.what;
    turn(loop);
    line.peer.forget();
    EXPECT_LE(heap_in_use(), before + 20000) << "kept behind: " << reply.what;
  }
}

// The message may be in memory that was lent for a larger one.
TEST(LargeEcho, from_spare_memory_stays_intact_and_gives_it_back) {
  for (const std::size_t size : {300'000U, 3'000'000U}) {
    reactor::Loop loop;
    const auto codec = std::make_shared<Codec>();
    Line line(loop, {.codec = codec}, narrow_pair());
    protocol::MessageBuffer spare;
    ASSERT_TRUE(spare.reserve(4'000'000));
    codec->spare.buffers.give(std::move(spare));
    line->at_message = echo;
    for (int each = 0; each < 3; ++each) {
      const std::string payload = reactor::tests::pattern(size + static_cast<std::size_t>(each));
      line.peer.send(frame(Role::kClient, Opcode::kBinary, payload));
      EXPECT_TRUE(turn_until(loop, [&] { return line.ws().unsent() > 65536; })) << "the socket is not full";
      EXPECT_EQ(codec->spare.buffers.lent(), 0U) << "while the peer does not read";
      EXPECT_EQ(line.peer.next_frame().payload, payload) << size;
    }
  }
}

TEST(LargeEcho, of_a_client_is_masked_once_and_queued_as_it_is) {
  reactor::Loop loop;
  Line line(loop, {.role = Role::kClient}, narrow_pair());
  line->at_message = echo;
  const std::string payload = reactor::tests::pattern(5000000);
  line.peer.send(Opcode::kBinary, payload);
  EXPECT_EQ(line.peer.next_frame().payload, payload);
}

TEST(LargeEcho, goes_intact_through_writes_that_are_cut_anywhere) {
  reactor::Loop loop;
  Line line(loop, {}, narrow_pair());
  line->at_message = [&](Connection& ws, const Message& message) {
    ws.write_message(message.type, message.payload);
    ws.ping("p");
    ws.write_message(message.type, message.payload.first(message.payload.size() / 2));
    line->log.clear();
  };
  std::string sent;
  std::string wanted;
  for (std::uint32_t each = 0; each < 300; ++each) {
    const std::string payload = reactor::tests::pattern(each * 97, each + 1);
    sent += frame(Role::kClient, Opcode::kBinary, payload);
    wanted += payload + "p" + payload.substr(0, payload.size() / 2);
  }
  std::string returned;
  std::size_t frames = 0;
  std::string_view rest = sent;
  // The peer reads little at a time, so that the cuts fall everywhere.
  EXPECT_TRUE(spin_until(loop, [&] {
    rest.remove_prefix(line.peer.socket().send_some(rest.substr(0, 5000)));
    for (const Frame& got : line.peer.take_all(1013)) {
      returned += got.payload;
      ++frames;
    }
    return frames == 900;
  })) << frames;
  EXPECT_TRUE(returned == wanted);
}

}  // namespace
}  // namespace ws
