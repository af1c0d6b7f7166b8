// Topics, users, and who is there. A hub hands one message to many connections:
//
//   hub.subscribe(ws, "news");                       // ends with the connection
//   hub.publish("news", ws::Publication("hello"));
//
// A publish runs nobody's code: it puts a reference to the one encoded frame into each subscriber's queue, and the end
// of the turn flushes. So several publishes leave in one system call for each subscriber, no list changes while it is
// walked, and nobody waits for a slow reader: past its bound the topic's policy decides what becomes of *him*.
//
// A user is online while one connection of his is. To the hub a user is a group of connections as a topic is, with a
// name from another space of names; presence is that such a group begins or ends.
//
// Everything here is said with names and bytes and never with a pointer to another subscriber. So what has to cross
// processes, once there are several, passes through two narrow places: hand_out() and on_presence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ws/connection.hpp"
#include "ws/publication.hpp"
#include "ws/subscriber.hpp"

namespace ws {

// What becomes of a message for a subscriber for whom too much waits already.
enum class SlowReader : std::uint8_t {
  kDisconnect,  // close with 1013 (Try Again Later): who comes again begins anew
  kDropOldest,  // the oldest of the topic that has not begun to leave makes room
  kDropNewest,  // this one is not for him
  kLatest,      // of this topic only the newest waits: right for prices and positions
};

struct TopicOptions {
  SlowReader slow_reader = SlowReader::kDisconnect;
  // Bytes that may wait for a subscriber behind the message being sent to him. So an empty queue takes one message of
  // any size. Each that waits counts reactor::OutputQueue::kPieceCost more, for the memory that it costs however small.
  std::size_t max_queue = std::size_t{1} << 20;
};

struct HubCounters {
  std::uint64_t published = 0;
  std::uint64_t delivered = 0;       // queued for a subscriber
  std::uint64_t dropped_oldest = 0;  // and dropped again, to make room
  std::uint64_t dropped_newest = 0;  // had no room
  std::uint64_t superseded = 0;      // a newer one of its topic came before it left
  std::uint64_t disconnected = 0;    // subscribers
};

class Hub {
 public:
  // Topics that were not configured, and users, are as `defaults` say.
  explicit Hub(TopicOptions defaults = {});
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // ---- Topics. They come and go with their subscribers, but for their options, which stay.

  void configure(std::string_view topic, TopicOptions options);
  // A connection leaves all its topics by ending, just before its session hears on_close. Returns whether this made a
  // difference.
  bool subscribe(Connection& connection, std::string_view topic) { return subscribe(connection.subscriber(), topic); }
  bool unsubscribe(Connection& connection, std::string_view topic);
  // Returns for how many it was queued.
  std::size_t publish(std::string_view topic, const Publication& publication, const Connection* except = nullptr);
  std::size_t subscribers(std::string_view topic) const;
  std::vector<std::string> topics() const;  // with a subscriber; sorted

  // ---- Users

  // Returns whether this made a difference.
  bool sign_in(Connection& connection, std::string_view user) { return sign_in(connection.subscriber(), user); }
  // To every connection of the user. Returns for how many it was queued.
  std::size_t send_to(std::string_view user, const Publication& publication, const Connection* except = nullptr);
  std::size_t connections(std::string_view user) const;
  bool online(std::string_view user) const { return connections(user) > 0; }
  std::vector<std::string> users() const;  // online; sorted
  // A user's first connection has come, or the last one has gone. It may publish, but not subscribe or sign in.
  std::function<void(std::string_view user, bool online)> on_presence;

  // ---- Slow readers

  const HubCounters& counters() const { return counters_; }
  // How many messages this one has missed since it was last asked.
  static std::uint64_t take_missed(Connection& connection);

  // ---- The same for subscribers that are no connections.

  bool subscribe(Subscriber& subscriber, std::string_view topic);
  bool unsubscribe(Subscriber& subscriber, std::string_view topic);
  std::size_t publish(std::string_view topic, const Publication& publication, const Subscriber* except);
  bool sign_in(Subscriber& subscriber, std::string_view user);
  std::size_t send_to(std::string_view user, const Publication& publication, const Subscriber* except);
  static std::uint64_t take_missed(Subscriber& subscriber);

 private:
  friend class Subscriber;
  using Group = Subscriber::Group;
  // Ordered, not hashed: strangers choose these names, and nobody can choose many that hash alike.
  template <class Value>
  using ByName = std::map<std::string, Value, std::less<>>;
  using Groups = ByName<std::unique_ptr<Group>>;

  Group& group(Groups& groups, std::string_view name);
  bool enter(Group& group, Subscriber& subscriber);
  static std::unique_ptr<Group> remove(Subscriber& subscriber, std::size_t membership);
  std::unique_ptr<Group> forget(const Group& group);
  void tell_presence(const Group& group, bool online) const;
  std::size_t hand_out(const Groups& groups, std::string_view name, const Publication& publication,
                       const Subscriber* except);
  bool deliver(const Group& group, Subscriber& subscriber, const Publication& publication);

  TopicOptions defaults_;
  ByName<TopicOptions> options_;
  Groups topics_;
  Groups users_;
  std::uint32_t next_tag_ = 1;
  HubCounters counters_;
};

}  // namespace ws
