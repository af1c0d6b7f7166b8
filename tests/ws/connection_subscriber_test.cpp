// A hub with real connections: published frames on the wire, when they leave, and what a peer that does not read costs.
#include "ws/connection_subscriber.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/ws/heap.hpp"
#include "tests/ws/line.hpp"
#include "ws/hub.hpp"

namespace ws {
namespace {

using namespace tests;

TEST(Subscribed, what_is_published_arrives_at_the_end_of_the_turn) {
  reactor::Loop loop;
  Hub hub;
  Line alice(loop);
  Line bob(loop);
  hub.subscribe(alice.ws(), "news");
  hub.subscribe(bob.ws(), "news");
  EXPECT_EQ(hub.publish("news", Publication("hello")), 2U);
  const std::array<std::uint8_t, 3> binary = {0, 1, 255};
  EXPECT_EQ(hub.publish("news", Publication(MessageType::kBinary, binary), &bob.ws()), 1U);
  EXPECT_EQ(alice.peer.arrived(), "") << "a publish only queues";
  EXPECT_EQ(alice.peer.next(), "text hello");
  EXPECT_EQ(alice.peer.next_frame().payload, std::string("\0\1\xFF", 3));
  EXPECT_EQ(bob.peer.next(), "text hello");
  EXPECT_EQ(bob.peer.arrived(), "");
}

// RFC 6455 5.3: what a client sends is masked, with a key of its own.
TEST(Subscribed, a_client_masks_what_is_published_to_it) {
  reactor::Loop loop;
  Hub hub;
  Line client(loop, {.role = Role::kClient});
  hub.subscribe(client.ws(), "news");
  hub.publish("news", Publication("hello"));
  const Frame frame = client.peer.next_frame();
  EXPECT_TRUE(frame.masked);
  EXPECT_EQ(frame.payload, "hello");
}

TEST(Subscribed, published_and_written_messages_keep_their_order) {
  reactor::Loop loop;
  Hub hub;
  Line line(loop);
  hub.subscribe(line.ws(), "news");
  line->at_message = [&](Connection& ws, const Message& message) {
    ws.write_text("written before " + std::string(message.text()));
    hub.publish("news", Publication("published " + std::string(message.text())));
    ws.write_text("written after " + std::string(message.text()));
  };
  line.peer.send(frame(Role::kClient, Opcode::kText, "1") + frame(Role::kClient, Opcode::kText, "2"));
  for (const char* expected : {"text written before 1", "text published 1", "text written after 1",
                               "text written before 2", "text published 2", "text written after 2"}) {
    EXPECT_EQ(line.peer.next(), expected);
  }
}

TEST(Subscribed, a_connection_has_left_everything_when_its_session_hears_of_the_end) {
  reactor::Loop loop;
  Hub hub;
  std::string presence;
  Line stays(loop);
  Line leaves(loop);
  hub.subscribe(stays.ws(), "chat");
  hub.subscribe(leaves.ws(), "chat");
  hub.sign_in(leaves.ws(), "Alice");
  hub.on_presence = [&](std::string_view user, bool online) {
    presence = std::string(user) + (online ? " came" : " left");
    EXPECT_EQ(hub.publish("chat", Publication(presence)), 1U);
  };
  leaves->at_close = [&](Connection& ws, const Closed&) {
    EXPECT_EQ(presence, "Alice left");
    EXPECT_EQ(hub.subscribers("chat"), 1U);
    EXPECT_TRUE(hub.subscribe(ws, "too late")) << "allowed, and without effect";
  };
  leaves.peer.close_frame(1000);
  EXPECT_TRUE(leaves.wait_until_gone());
  EXPECT_EQ(stays.peer.next(), "text Alice left");
  EXPECT_EQ(hub.topics(), std::vector<std::string>{"chat"});
}

TEST(Subscribed, the_loop_may_end_before_the_hub_and_after_it) {
  for (const bool hub_first : {false, true}) {
    auto loop = std::make_unique<reactor::Loop>();
    auto hub = std::make_unique<Hub>();
    Line one(*loop);
    Line two(*loop);
    for (Line* line : {&one, &two}) {
      hub->subscribe(line->ws(), "chat");
      hub->sign_in(line->ws(), line == &one ? "Alice" : "Bob");
    }
    hub->on_presence = [&](std::string_view, bool) { hub->publish("chat", Publication("somebody left")); };
    hub->publish("chat", Publication("never sent"));
    if (hub_first) hub.reset();
    loop.reset();
    EXPECT_TRUE(one.gone() && two.gone());
    if (!hub_first) {
      EXPECT_TRUE(hub->topics().empty() && hub->users().empty());
    }
  }
}

// ---- A peer that does not read

struct Slow {
  const char* rule;
  SlowReader slow_reader;
};

class SlowSubscriber : public ::testing::Test {
 protected:
  static constexpr std::size_t kBound = 200'000;
  static constexpr std::size_t kMessage = 1000;
  static constexpr int kMessages = 2000;

  static std::string message(int number) {
    std::string text = std::to_string(number) + " ";
    return text + std::string(kMessage - text.size(), '.');
  }
  // Publishes all messages in many turns, while `quick` reads and `slow` does not.
  void publish_all(Line& quick) {
    for (int number = 0; number < kMessages; ++number) {
      hub.publish("news", Publication(message(number)));
      if (number % 10 == 9) {
        loop.run_once(Milliseconds(0));
        for (const Frame& got : quick.peer.take_all()) quick_got.push_back(got.payload);
      }
    }
    for (const Frame& got : quick.peer.take_all()) quick_got.push_back(got.payload);
  }
  void expect_quick_got_all() const {
    ASSERT_EQ(quick_got.size(), std::size_t{kMessages});
    for (int number = 0; number < kMessages; ++number) {
      ASSERT_EQ(quick_got[static_cast<std::size_t>(number)], message(number));
    }
  }

  reactor::Loop loop;
  Hub hub;
  std::vector<std::string> quick_got;
};

TEST_F(SlowSubscriber, is_disconnected_with_1013_and_its_memory_is_free_at_once) {
  hub.configure("news", {.slow_reader = SlowReader::kDisconnect, .max_queue = kBound});
  Line quick(loop);
  Line slow(loop, {}, narrow_pair());
  hub.subscribe(quick.ws(), "news");
  hub.subscribe(slow.ws(), "news");
  publish_all(quick);
  expect_quick_got_all();
  EXPECT_FALSE(slow.ws().is_open());
  EXPECT_LT(slow.ws().unsent(), 2 * kMessage) << "what waited is given up; the one being sent and the Close are left";
  EXPECT_EQ(hub.counters().disconnected, 1U);

  // Who reads again after all finds whole messages, in order, and then why.
  int count = 0;
  std::string last;
  EXPECT_TRUE(spin_until(loop, [&] {
    for (const Frame& got : slow.peer.take_all()) {
      last = in_words(got);
      if (got.opcode == Opcode::kText) {
        EXPECT_EQ(got.payload, message(count++));
      }
    }
    return last.starts_with("close");
  }));
  EXPECT_EQ(last, "close 1013 too much waits that was not read");
  EXPECT_GT(count, 0);
  EXPECT_LT(count, kMessages);
  slow.peer.close_frame(1013);
  EXPECT_TRUE(slow.wait_until_gone());
  EXPECT_TRUE(slow.told().end().starts_with("close 1013")) << slow.told().end();
}

TEST_F(SlowSubscriber, that_never_reads_again_is_cut_off) {
  hub.configure("news", {.slow_reader = SlowReader::kDisconnect, .max_queue = kBound});
  Limits limits;
  limits.close_timeout = Milliseconds(20);
  Line quick(loop);
  Line slow(loop, {.limits = limits}, narrow_pair());
  hub.subscribe(quick.ws(), "news");
  hub.subscribe(slow.ws(), "news");
  publish_all(quick);
  EXPECT_TRUE(slow.wait_until_gone());
  EXPECT_EQ(hub.subscribers("news"), 1U);
  EXPECT_TRUE(quick.ws().is_open());
}

TEST_F(SlowSubscriber, misses_whole_messages_and_gets_the_others_in_order) {
  for (const Slow& row : {Slow{"drop_oldest", SlowReader::kDropOldest}, Slow{"drop_newest", SlowReader::kDropNewest},
                          Slow{"latest", SlowReader::kLatest}}) {
    hub.configure("news", {.slow_reader = row.slow_reader, .max_queue = kBound});
    quick_got.clear();
    Line quick(loop);
    Line slow(loop, {}, narrow_pair());
    hub.subscribe(slow.ws(), "news");
    hub.subscribe(quick.ws(), "news");
    if (row.slow_reader == SlowReader::kLatest) hub.unsubscribe(quick.ws(), "news");
    publish_all(quick);
    if (row.slow_reader != SlowReader::kLatest) expect_quick_got_all();
    EXPECT_TRUE(slow.ws().is_open()) << row.rule;
    EXPECT_LE(slow.ws().unsent(), kBound + 2 * kMessage) << row.rule;
    if (row.slow_reader == SlowReader::kLatest) {
      EXPECT_LE(slow.ws().unsent(), 2 * (kMessage + 4));
    }

    hub.publish("news", Publication("the end"), &slow.ws());
    slow.ws().write_text("the end");
    std::vector<int> numbers;
    EXPECT_TRUE(spin_until(loop, [&] {
      for (const Frame& got : slow.peer.take_all()) {
        if (got.payload == "the end") return true;
        EXPECT_EQ(got.payload.size(), kMessage) << row.rule;
        numbers.push_back(std::stoi(got.payload));
      }
      return false;
    })) << row.rule;
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << row.rule;
    EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end()) << row.rule;
    const bool last_arrived = numbers.back() == kMessages - 1;
    EXPECT_EQ(last_arrived, row.slow_reader != SlowReader::kDropNewest) << row.rule;
    const std::uint64_t missed = Hub::take_missed(slow.ws());
    if (row.slow_reader != SlowReader::kLatest) {
      EXPECT_EQ(missed + numbers.size(), std::size_t{kMessages}) << row.rule;
    }
    EXPECT_TRUE(end_all(loop, {&quick, &slow})) << row.rule;
  }
}

// What waits is counted as what it costs: a frame without payload has two bytes, and its place in the queue many more.
TEST_F(SlowSubscriber, costs_no_more_by_many_small_messages_than_by_few_large_ones) {
  hub.configure("news", {.slow_reader = SlowReader::kDropNewest, .max_queue = kBound});
  Line slow(loop, {}, narrow_pair());
  hub.subscribe(slow.ws(), "news");
  slow.ws().write_text(std::string(50'000, 'x'));
  const std::size_t before = heap_in_use();
  for (int number = 0; number < 200'000; ++number) hub.publish("news", Publication(""));
  EXPECT_GT(hub.counters().dropped_newest, 0U);
  EXPECT_LT(heap_in_use() - before, 3 * kBound);
  EXPECT_TRUE(end_all(loop, {&slow}));
}

// A reader of whom each answer of his own waits between two messages of others.
TEST_F(SlowSubscriber, costs_little_more_than_what_waits_in_whatever_order_it_came) {
  Line slow(loop, {}, narrow_pair());
  hub.subscribe(slow.ws(), "news");
  slow.ws().write_text(std::string(50'000, 'x'));
  const std::size_t before = heap_in_use();
  for (int number = 0; number < 1000; ++number) {
    slow.ws().write_text("an answer");
    hub.publish("news", Publication("a message"));
  }
  EXPECT_LT(heap_in_use() - before, 1'500'000U);
  EXPECT_TRUE(end_all(loop, {&slow}));
}

// A burst within one turn is offered to the socket before anybody is called slow.
TEST_F(SlowSubscriber, is_not_who_only_was_not_asked_yet) {
  hub.configure("news", {.slow_reader = SlowReader::kDisconnect, .max_queue = 20 * kMessage});
  Line quick(loop, {}, reactor::tests::tcp_pair());
  hub.subscribe(quick.ws(), "news");
  for (int number = 0; number < 100; ++number) hub.publish("news", Publication(message(number)));
  EXPECT_TRUE(quick.ws().is_open());
  EXPECT_EQ(hub.counters().delivered, 100U);
}

// One who has much to say to many is read as far as is fair; the rest of his input waits, and everybody else goes on.
TEST(Subscribed, what_one_peer_says_to_many_does_not_keep_the_others_waiting) {
  reactor::Loop loop;
  Hub hub;
  constexpr std::size_t kReaders = 100;
  constexpr int kMessages = 5000;
  std::vector<std::unique_ptr<Line>> readers;
  for (std::size_t count = 0; count < kReaders; ++count) {
    readers.push_back(std::make_unique<Line>(loop));
    hub.subscribe(readers.back()->ws(), "news");
  }
  Line talker(loop);
  Line other(loop);
  int published = 0;
  talker->at_message = [&](Connection&, const Message&) {
    hub.publish("news", Publication(std::to_string(published++)));
  };
  other->at_message = [](Connection& ws, const Message& message) { ws.write_text(message.text()); };
  std::string flood;
  for (int number = 0; number < kMessages; ++number) flood += frame(Role::kClient, Opcode::kText, "");
  talker.peer.send(flood + frame(Role::kClient, Opcode::kClose, close_payload(1000)));
  loop.run_once(Milliseconds(0));
  EXPECT_GT(published, 0);
  EXPECT_LT(published, kMessages / 2);

  other.peer.text("still here?");
  loop.run_once(Milliseconds(0));
  EXPECT_EQ(other.peer.arrived(), "text still here?");
  EXPECT_LT(published, kMessages / 2);

  std::vector<int> got(kReaders, 0);
  EXPECT_TRUE(spin_until(loop, [&] {
    for (std::size_t index = 0; index < kReaders; ++index) {
      for (const Frame& each : readers[index]->peer.take_all()) EXPECT_EQ(each.payload, std::to_string(got[index]++));
    }
    return std::count(got.begin(), got.end(), kMessages) == static_cast<std::ptrdiff_t>(kReaders);
  }));
  EXPECT_TRUE(talker.wait_until_gone());
  EXPECT_TRUE(talker.told().end().starts_with("close 1000")) << talker.told().end();
  std::vector<Line*> all = {&other, &talker};
  for (auto& line : readers) all.push_back(line.get());
  EXPECT_TRUE(end_all(loop, all));
}

// One frame in memory, however many wait for it.
TEST(Subscribed, a_thousand_queues_hold_one_copy) {
  reactor::Loop loop;
  Hub hub;
  std::vector<std::unique_ptr<Line>> lines;
  for (int count = 0; count < 100; ++count) {
    lines.push_back(std::make_unique<Line>(loop));
    hub.subscribe(lines.back()->ws(), "news");
  }
  const std::string large(1'000'000, 'x');
  const std::size_t before = heap_in_use();
  hub.publish("news", Publication(large));
  EXPECT_LT(heap_in_use() - before, 1'200'000U);
  std::vector<Line*> all;
  for (auto& line : lines) all.push_back(line.get());
  EXPECT_TRUE(end_all(loop, all));
}

}  // namespace
}  // namespace ws
