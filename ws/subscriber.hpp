// What a hub needs of whom it publishes to. A connection is one (ws/connection_subscriber.hpp), and so is a test's
// notebook. It knows in which groups of which hubs it is, and leaves them all when it is destroyed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ws {

class Hub;
class Publication;

class Subscriber {
 public:
  using Tag = std::uint32_t;  // names a topic

  enum class Taken : std::uint8_t {
    kYes,
    kNoRoom,  // more would wait behind the message being sent than may
    kGone,    // it closes, or is closed: it wants nothing any more
  };

  Subscriber() = default;
  virtual ~Subscriber() { leave_all(); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // None of these four may call anybody's code.
  // Bytes that the message takes in this subscriber's queue.
  virtual std::size_t size_of(const Publication& publication) const = 0;
  // Queues the message by reference, if no more than `max_queue` bytes wait behind the one being sent.
  virtual Taken take(const Publication& publication, Tag topic, std::size_t max_queue) = 0;
  // Drops the oldest messages of the topic that have not begun to leave, until `wanted` bytes are free. Returns how
  // many messages that were.
  virtual std::size_t drop(Tag topic, std::size_t wanted) = 0;
  // It does not keep up, and will not be waited for.
  virtual void cut_off() = 0;

  // REQUIRES, of a derived class whose hub has an on_presence: it calls this in its destructor, while it still can take
  // what is published there.
  void leave_all();

 private:
  friend class Hub;
  struct Group;
  struct Membership {
    Group* group;
    std::size_t place;  // of this subscriber in the group's list
  };

  std::vector<Membership> memberships_;
  std::uint64_t missed_ = 0;  // messages dropped since somebody asked
};

}  // namespace ws
