// The hub's book-keeping and its policies, on subscribers that only take notes: who is where, who gets what, and what
// becomes of a message for someone who does not keep up.
#include "ws/hub.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace ws {
namespace {

// Takes notes of what it is given, and has a queue that empties only when the test says so.
class Notebook final : public Subscriber {
 public:
  ~Notebook() override { leave_all(); }

  std::size_t size_of(const Publication& publication) const override { return publication.frame().size(); }
  Taken take(const Publication& publication, Tag topic, std::size_t max_queue) override {
    if (gone) return Taken::kGone;
    const std::size_t size = publication.frame().size();
    if (waiting() + size > max_queue && !queue.empty()) return Taken::kNoRoom;
    frames.push_back(publication.frame().view().data());
    queue.push_back({topic, std::string(publication.payload().begin(), publication.payload().end()), size});
    return Taken::kYes;
  }
  std::size_t drop(Tag topic, std::size_t wanted) override {
    std::size_t count = 0;
    std::size_t freed = 0;
    for (std::size_t index = 1; index < queue.size() && freed < wanted;) {  // the first one is being sent
      if (queue[index].topic != topic) {
        ++index;
        continue;
      }
      freed += queue[index].size;
      ++count;
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(index));
    }
    return count;
  }
  void cut_off() override { gone = true; }

  std::size_t waiting() const {
    std::size_t bytes = 0;
    for (const Note& note : queue) bytes += note.size;
    return queue.empty() ? 0 : bytes - queue.front().size;
  }
  // What waits, in one line; `read()` empties it as well.
  std::string all() const {
    std::string text;
    for (const Note& note : queue) text += (text.empty() ? "" : " ") + note.text;
    return text;
  }
  std::string read() {
    std::string text = all();
    queue.clear();
    return text;
  }

  bool gone = false;
  std::vector<const std::uint8_t*> frames;

 private:
  struct Note {
    Tag topic;
    std::string text;
    std::size_t size;
  };
  std::deque<Note> queue;
};

using Strings = std::vector<std::string>;

// ---- Topics

TEST(Hub, hands_a_message_to_the_subscribers_of_its_topic_and_to_nobody_else) {
  Hub hub;
  Notebook a, b, c;
  EXPECT_TRUE(hub.subscribe(a, "news"));
  EXPECT_TRUE(hub.subscribe(b, "news"));
  EXPECT_TRUE(hub.subscribe(c, "sport"));
  EXPECT_EQ(hub.publish("news", Publication("one")), 2U);
  EXPECT_EQ(hub.publish("sport", Publication("two")), 1U);
  EXPECT_EQ(hub.publish("weather", Publication("three")), 0U);
  EXPECT_EQ(hub.publish("news", Publication("four"), &a), 1U);
  EXPECT_EQ(a.read(), "one");
  EXPECT_EQ(b.read(), "one four");
  EXPECT_EQ(c.read(), "two");
  EXPECT_EQ(hub.counters().published, 4U);
  EXPECT_EQ(hub.counters().delivered, 4U);
}

TEST(Hub, a_message_is_encoded_once_for_all) {
  Hub hub;
  std::array<Notebook, 100> many;
  for (Notebook& each : many) hub.subscribe(each, "news");
  const Publication publication("the same");
  hub.publish("news", publication);
  hub.publish("news", publication);
  std::set<const std::uint8_t*> places;
  for (const Notebook& each : many) places.insert(each.frames.begin(), each.frames.end());
  EXPECT_EQ(places.size(), 1U);
  EXPECT_FALSE(publication.frame().unique() && many.empty());
}

TEST(Hub, subscribing_twice_is_once) {
  Hub hub;
  Notebook a;
  EXPECT_TRUE(hub.subscribe(a, "news"));
  EXPECT_FALSE(hub.subscribe(a, "news"));
  EXPECT_EQ(hub.publish("news", Publication("one")), 1U);
  EXPECT_EQ(a.read(), "one");
  EXPECT_TRUE(hub.unsubscribe(a, "news"));
  EXPECT_FALSE(hub.unsubscribe(a, "news"));
  EXPECT_FALSE(hub.unsubscribe(a, "never"));
  EXPECT_EQ(hub.publish("news", Publication("two")), 0U);
}

TEST(Hub, a_topic_ends_with_its_last_subscriber) {
  Hub hub;
  Notebook a;
  {
    Notebook b;
    hub.subscribe(a, "news");
    hub.subscribe(b, "news");
    hub.subscribe(b, "a song");
    EXPECT_EQ(hub.topics(), (Strings{"a song", "news"}));
    EXPECT_EQ(hub.subscribers("news"), 2U);
  }
  EXPECT_EQ(hub.topics(), Strings{"news"}) << "who is destroyed leaves everything";
  EXPECT_EQ(hub.subscribers("news"), 1U);
  hub.unsubscribe(a, "news");
  EXPECT_EQ(hub.topics(), Strings{});
  EXPECT_EQ(hub.subscribers("news"), 0U);
}

TEST(Hub, may_end_before_its_subscribers) {
  Notebook a, b;
  {
    Hub hub;
    hub.on_presence = [](std::string_view, bool online) { EXPECT_TRUE(online) << "nobody left; the hub did"; };
    for (const char* topic : {"one", "two", "three"}) {
      hub.subscribe(a, topic);
      hub.subscribe(b, topic);
    }
    hub.sign_in(a, "Alice");
  }
  Hub another;
  EXPECT_TRUE(another.subscribe(a, "one"));
  EXPECT_EQ(another.publish("one", Publication("still here")), 1U);
}

TEST(Hub, one_subscriber_may_be_in_several_hubs) {
  Hub one, two;
  Notebook a;
  EXPECT_TRUE(one.subscribe(a, "news"));
  EXPECT_TRUE(two.subscribe(a, "news"));
  two.publish("news", Publication("of two"));
  EXPECT_TRUE(two.unsubscribe(a, "news"));
  EXPECT_EQ(two.publish("news", Publication("not this")), 0U);
  EXPECT_EQ(one.publish("news", Publication("of one")), 1U);
  EXPECT_EQ(a.read(), "of two of one");
}

// ---- Users

TEST(Hub, a_user_is_online_while_one_connection_of_his_is) {
  Hub hub;
  Strings seen;
  hub.on_presence = [&](std::string_view user, bool online) {
    seen.push_back(std::string(user) + (online ? "+" : "-"));
  };
  auto laptop = std::make_unique<Notebook>();
  auto phone = std::make_unique<Notebook>();
  Notebook bob;
  EXPECT_TRUE(hub.sign_in(*laptop, "Alice"));
  EXPECT_TRUE(hub.sign_in(*phone, "Alice"));
  EXPECT_TRUE(hub.sign_in(bob, "Bob"));
  EXPECT_FALSE(hub.sign_in(bob, "Bob"));
  EXPECT_EQ(seen, (Strings{"Alice+", "Bob+"}));
  EXPECT_EQ(hub.users(), (Strings{"Alice", "Bob"}));
  EXPECT_EQ(hub.connections("Alice"), 2U);

  EXPECT_EQ(hub.send_to("Alice", Publication("hey")), 2U);
  EXPECT_EQ(hub.send_to("Alice", Publication("from the phone"), phone.get()), 1U);
  EXPECT_EQ(hub.send_to("Charlie", Publication("hey")), 0U);
  EXPECT_EQ(laptop->read(), "hey from the phone");
  EXPECT_EQ(phone->read(), "hey");
  EXPECT_EQ(bob.read(), "");

  laptop.reset();
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_TRUE(hub.online("Alice"));
  phone.reset();
  EXPECT_EQ(seen, (Strings{"Alice+", "Bob+", "Alice-"}));
  EXPECT_FALSE(hub.online("Alice"));
  EXPECT_EQ(hub.users(), Strings{"Bob"});
}

TEST(Hub, users_and_topics_have_names_of_their_own) {
  Hub hub;
  Notebook a;
  hub.subscribe(a, "Alice");
  EXPECT_FALSE(hub.online("Alice"));
  EXPECT_EQ(hub.send_to("Alice", Publication("to the user")), 0U);
  hub.sign_in(a, "Alice");
  EXPECT_TRUE(hub.unsubscribe(a, "Alice"));
  EXPECT_FALSE(hub.unsubscribe(a, "Alice"));
  EXPECT_TRUE(hub.online("Alice"));
}

// What is published about a leaving goes to those that stay, and never to the one that is being destroyed.
TEST(Hub, presence_is_told_when_the_one_who_leaves_is_nowhere_any_more) {
  Hub hub;
  Notebook stays;
  auto leaves = std::make_unique<Notebook>();
  for (Notebook* each : {&stays, leaves.get()}) hub.subscribe(*each, "chat");
  hub.sign_in(*leaves, "Alice");
  hub.subscribe(*leaves, "room");
  std::size_t reached = 0;
  hub.on_presence = [&](std::string_view user, bool) {
    EXPECT_FALSE(hub.online(user));
    EXPECT_EQ(hub.subscribers("room"), 0U);
    reached = hub.publish("chat", Publication("she left"));
  };
  leaves.reset();
  EXPECT_EQ(reached, 1U);
  EXPECT_EQ(stays.read(), "she left");
}

// ---- Who does not keep up

struct Policy {
  const char* rule;
  SlowReader slow_reader;
  const char* waits;  // of 1 to 9, three of which have room behind the one being sent
  bool cut_off;
  HubCounters counters;
  std::uint64_t missed;
};

// Each message is a frame of three bytes: two of header and a digit.
const std::array kPolicies = {
    Policy{"disconnect, at the first that has no room",
           SlowReader::kDisconnect,
           "1 2 3 4",
           true,
           {.published = 9, .delivered = 4, .disconnected = 1},
           0},
    Policy{"the oldest make room",
           SlowReader::kDropOldest,
           "1 7 8 9",
           false,
           {.published = 9, .delivered = 9, .dropped_oldest = 5},
           5},
    Policy{"the newest find no room",
           SlowReader::kDropNewest,
           "1 2 3 4",
           false,
           {.published = 9, .delivered = 4, .dropped_newest = 5},
           5},
    Policy{"only the latest waits",
           SlowReader::kLatest,
           "1 9",
           false,
           {.published = 9, .delivered = 9, .superseded = 7},
           0},
};

TEST(Hub, the_topic_decides_what_becomes_of_a_slow_reader_and_the_others_get_everything) {
  for (const Policy& policy : kPolicies) {
    Hub hub;
    hub.configure("prices", {.slow_reader = policy.slow_reader, .max_queue = 9});
    Notebook slow, quick;
    hub.subscribe(slow, "prices");
    for (const char* digit : {"1", "2", "3", "4", "5", "6", "7", "8", "9"}) hub.publish("prices", Publication(digit));
    EXPECT_EQ(slow.all(), policy.waits) << policy.rule;
    EXPECT_EQ(slow.gone, policy.cut_off) << policy.rule;
    EXPECT_EQ(hub.counters().published, policy.counters.published) << policy.rule;
    EXPECT_EQ(hub.counters().delivered, policy.counters.delivered) << policy.rule;
    EXPECT_EQ(hub.counters().dropped_oldest, policy.counters.dropped_oldest) << policy.rule;
    EXPECT_EQ(hub.counters().dropped_newest, policy.counters.dropped_newest) << policy.rule;
    EXPECT_EQ(hub.counters().superseded, policy.counters.superseded) << policy.rule;
    EXPECT_EQ(hub.counters().disconnected, policy.counters.disconnected) << policy.rule;
    EXPECT_EQ(Hub::take_missed(slow), policy.missed) << policy.rule;
    EXPECT_EQ(Hub::take_missed(slow), 0U) << policy.rule;

    hub.subscribe(quick, "prices");
    for (const char* digit : {"1", "2", "3"}) {
      hub.publish("prices", Publication(digit));
      EXPECT_EQ(quick.read(), digit) << policy.rule;
    }
    EXPECT_EQ(Hub::take_missed(quick), 0U) << policy.rule;
  }
}

TEST(Hub, an_empty_queue_takes_one_message_of_any_size) {
  for (const Policy& policy : kPolicies) {
    Hub hub({.slow_reader = policy.slow_reader, .max_queue = 9});
    Notebook reader;
    hub.subscribe(reader, "files");
    const std::string large(5000, 'x');
    EXPECT_EQ(hub.publish("files", Publication(large)), 1U) << policy.rule;
    EXPECT_EQ(hub.publish("files", Publication("y")), 1U) << policy.rule;
    EXPECT_EQ(reader.read(), large + " y") << policy.rule;
    EXPECT_FALSE(reader.gone) << policy.rule;
  }
}

// Nothing is won by dropping what waits for a message that would still find no room.
TEST(Hub, a_message_larger_than_the_bound_drives_out_no_older_ones) {
  Hub hub({.slow_reader = SlowReader::kDropOldest, .max_queue = 9});
  Notebook reader;
  hub.subscribe(reader, "files");
  for (const char* digit : {"1", "2", "3"}) hub.publish("files", Publication(digit));
  EXPECT_EQ(hub.publish("files", Publication("a large one")), 0U);
  EXPECT_EQ(reader.all(), "1 2 3");
  EXPECT_EQ(Hub::take_missed(reader), 1U);
}

// A price that waits is replaced by the newer one also when other topics have filled the queue meanwhile.
TEST(Hub, the_latest_takes_the_place_of_its_older_one_in_a_full_queue) {
  Hub hub;
  hub.configure("price", {.slow_reader = SlowReader::kLatest, .max_queue = 9});
  hub.configure("talk", {.slow_reader = SlowReader::kDropNewest, .max_queue = 9});
  Notebook reader;
  hub.subscribe(reader, "price");
  hub.subscribe(reader, "talk");
  hub.publish("talk", Publication("a"));
  hub.publish("price", Publication("1"));
  for (const char* word : {"b", "c", "d"}) hub.publish("talk", Publication(word));
  EXPECT_EQ(hub.publish("price", Publication("2")), 1U);
  EXPECT_EQ(reader.all(), "a b c 2");
}

TEST(Hub, options_of_a_topic_count_from_now_on_and_outlive_its_subscribers) {
  Hub hub({.slow_reader = SlowReader::kDropNewest, .max_queue = 6});
  Notebook reader;
  hub.subscribe(reader, "news");
  for (const char* digit : {"1", "2", "3", "4"}) hub.publish("news", Publication(digit));
  EXPECT_EQ(reader.all(), "1 2 3");
  hub.configure("news", {.slow_reader = SlowReader::kDropOldest, .max_queue = 6});
  hub.publish("news", Publication("5"));
  EXPECT_EQ(reader.read(), "1 3 5");
  hub.unsubscribe(reader, "news");
  hub.subscribe(reader, "news");
  for (const char* digit : {"1", "2", "3", "4"}) hub.publish("news", Publication(digit));
  EXPECT_EQ(reader.read(), "1 3 4");
}

TEST(Hub, who_closes_is_given_nothing_and_blocks_nobody) {
  Hub hub;
  Notebook closes, stays;
  hub.subscribe(closes, "news");
  hub.subscribe(stays, "news");
  closes.gone = true;
  EXPECT_EQ(hub.publish("news", Publication("one")), 1U);
  EXPECT_EQ(closes.all(), "");
  EXPECT_EQ(hub.counters().disconnected, 0U);
  EXPECT_EQ(Hub::take_missed(closes), 0U);
}

// Against sets that do the same: random coming, going and ending.
TEST(Hub, keeps_the_books_as_a_set_of_sets_would) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    std::mt19937 random(seed);
    Hub hub;
    std::vector<std::unique_ptr<Notebook>> all(12);
    for (auto& each : all) each = std::make_unique<Notebook>();
    std::map<std::string, std::set<std::size_t>> topics;
    std::map<std::string, std::set<std::size_t>> users;
    for (int step = 0; step < 4000; ++step) {
      const std::size_t who = random() % all.size();
      const std::string name(1, static_cast<char>('a' + random() % 8));
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: ASSERT_EQ(hub.subscribe(*all[who], name), topics[name].insert(who).second); break;
        case 3:
        case 4: ASSERT_EQ(hub.unsubscribe(*all[who], name), topics[name].erase(who) > 0); break;
        case 5: ASSERT_EQ(hub.sign_in(*all[who], name), users[name].insert(who).second); break;
        case 6:
          all[who] = std::make_unique<Notebook>();
          for (auto* groups : {&topics, &users}) {
            for (auto& [key, members] : *groups) members.erase(who);
          }
          break;
        default:
          for (const bool to_user : {false, true}) {
            std::set<std::size_t>& members = to_user ? users[name] : topics[name];
            const std::size_t count =
                to_user ? hub.send_to(name, Publication("x")) : hub.publish(name, Publication("x"));
            ASSERT_EQ(count, members.size());
            for (std::size_t each = 0; each < all.size(); ++each) {
              ASSERT_EQ(all[each]->read(), members.contains(each) ? "x" : "") << "seed " << seed << ", step " << step;
            }
          }
          break;
      }
    }
  }
}

}  // namespace
}  // namespace ws
