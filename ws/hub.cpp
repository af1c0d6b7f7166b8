// A group knows its members and each member knows its groups, both by place, so that coming and going cost the same
// however many there are.
#include "ws/hub.hpp"

#include <utility>

#include "reactor/output_queue.hpp"

namespace ws {

struct Subscriber::Group {
  struct Member {
    Subscriber* subscriber;
    std::size_t place;  // of this group in the subscriber's list
  };
  Hub* hub;
  bool of_user;
  std::string name;
  Tag tag;
  TopicOptions options;
  std::vector<Member> members = {};
};

// Presence is told when it is in no group any more: what is published then must not reach it.
void Subscriber::leave_all() {
  std::vector<std::unique_ptr<Group>> ended;
  while (!memberships_.empty()) {
    if (auto group = Hub::remove(*this, memberships_.size() - 1)) ended.push_back(std::move(group));
  }
  for (const std::unique_ptr<Group>& group : ended) group->hub->tell_presence(*group, false);
}

Hub::Hub(TopicOptions defaults) : defaults_(defaults) {}

Hub::~Hub() {
  for (Groups* groups : {&topics_, &users_}) {
    while (!groups->empty()) {
      const Group::Member last = groups->begin()->second->members.back();
      remove(*last.subscriber, last.place);
    }
  }
}

// ---- Who is where

void Hub::configure(std::string_view topic, TopicOptions options) {
  options_.insert_or_assign(std::string(topic), options);
  if (const auto found = topics_.find(topic); found != topics_.end()) found->second->options = options;
}

Hub::Group& Hub::group(Groups& groups, std::string_view name) {
  if (const auto found = groups.find(name); found != groups.end()) return *found->second;
  const bool of_user = &groups == &users_;
  const auto configured = of_user ? options_.end() : options_.find(name);
  auto made = std::make_unique<Group>(Group{.hub = this,
                                            .of_user = of_user,
                                            .name = std::string(name),
                                            .tag = next_tag_,
                                            .options = configured == options_.end() ? defaults_ : configured->second});
  next_tag_ = next_tag_ + 1 == reactor::OutputQueue::kAnyTag ? 1 : next_tag_ + 1;
  return *groups.emplace(made->name, std::move(made)).first->second;
}

bool Hub::enter(Group& group, Subscriber& subscriber) {
  for (const Subscriber::Membership& membership : subscriber.memberships_) {
    if (membership.group == &group) return false;
  }
  subscriber.memberships_.push_back({.group = &group, .place = group.members.size()});
  group.members.push_back({.subscriber = &subscriber, .place = subscriber.memberships_.size() - 1});
  return true;
}

// The last of each list takes the place that becomes free. Returns the group if that was its end.
std::unique_ptr<Hub::Group> Hub::remove(Subscriber& subscriber, std::size_t membership) {
  const auto [group, place] = subscriber.memberships_[membership];
  const Group::Member moved = group->members.back();
  group->members[place] = moved;
  moved.subscriber->memberships_[moved.place].place = place;
  group->members.pop_back();

  const Subscriber::Membership last = subscriber.memberships_.back();
  subscriber.memberships_[membership] = last;
  if (last.group != group) last.group->members[last.place].place = membership;
  subscriber.memberships_.pop_back();
  return group->members.empty() ? group->hub->forget(*group) : nullptr;
}

std::unique_ptr<Hub::Group> Hub::forget(const Group& group) {
  return std::move((group.of_user ? users_ : topics_).extract(group.name).mapped());
}

void Hub::tell_presence(const Group& group, bool online) const {
  if (group.of_user && on_presence) on_presence(group.name, online);
}

bool Hub::subscribe(Subscriber& subscriber, std::string_view topic) { return enter(group(topics_, topic), subscriber); }

bool Hub::unsubscribe(Subscriber& subscriber, std::string_view topic) {
  for (std::size_t index = 0; index < subscriber.memberships_.size(); ++index) {
    const Group& group = *subscriber.memberships_[index].group;
    if (group.hub == this && !group.of_user && group.name == topic) return remove(subscriber, index), true;
  }
  return false;
}

bool Hub::unsubscribe(Connection& connection, std::string_view topic) {
  Subscriber* subscriber = connection.subscriber_if_any();
  return subscriber != nullptr && unsubscribe(*subscriber, topic);
}

bool Hub::sign_in(Subscriber& subscriber, std::string_view user) {
  Group& group = this->group(users_, user);
  const bool comes = group.members.empty();
  if (!enter(group, subscriber)) return false;
  if (comes) tell_presence(group, true);
  return true;
}

namespace {

template <class Groups>
std::size_t count_of(const Groups& groups, std::string_view name) {
  const auto found = groups.find(name);
  return found == groups.end() ? 0 : found->second->members.size();
}

template <class Groups>
std::vector<std::string> names_of(const Groups& groups) {
  std::vector<std::string> names;
  names.reserve(groups.size());
  for (const auto& [name, group] : groups) names.push_back(name);
  return names;
}

}  // namespace

std::size_t Hub::subscribers(std::string_view topic) const { return count_of(topics_, topic); }
std::size_t Hub::connections(std::string_view user) const { return count_of(users_, user); }
std::vector<std::string> Hub::topics() const { return names_of(topics_); }
std::vector<std::string> Hub::users() const { return names_of(users_); }

// ---- Publishing

std::size_t Hub::publish(std::string_view topic, const Publication& publication, const Connection* except) {
  return publish(topic, publication, except == nullptr ? nullptr : except->subscriber_if_any());
}

std::size_t Hub::publish(std::string_view topic, const Publication& publication, const Subscriber* except) {
  return hand_out(topics_, topic, publication, except);
}

std::size_t Hub::send_to(std::string_view user, const Publication& publication, const Connection* except) {
  return send_to(user, publication, except == nullptr ? nullptr : except->subscriber_if_any());
}

std::size_t Hub::send_to(std::string_view user, const Publication& publication, const Subscriber* except) {
  return hand_out(users_, user, publication, except);
}

// The one place where a message leaves for a group.
std::size_t Hub::hand_out(const Groups& groups, std::string_view name, const Publication& publication,
                          const Subscriber* except) {
  ++counters_.published;
  const auto found = groups.find(name);
  if (found == groups.end()) return 0;
  std::size_t count = 0;
  for (const Group::Member& member : found->second->members) {
    if (member.subscriber != except && deliver(*found->second, *member.subscriber, publication)) ++count;
  }
  counters_.delivered += count;
  return count;
}

// Returns whether it is on its way. Where there is no room the topic's policy decides.
bool Hub::deliver(const Group& group, Subscriber& subscriber, const Publication& publication) {
  using Taken = Subscriber::Taken;
  const auto& [policy, max_queue] = group.options;
  std::size_t superseded = 0;
  if (policy == SlowReader::kLatest) superseded = subscriber.drop(group.tag, SIZE_MAX);
  counters_.superseded += superseded;
  // What comes in the place of an older one has its room.
  Taken taken = subscriber.take(publication, group.tag, superseded > 0 ? SIZE_MAX : max_queue);
  if (taken == Taken::kNoRoom && policy == SlowReader::kDropOldest && subscriber.size_of(publication) <= max_queue) {
    const std::size_t dropped = subscriber.drop(group.tag, subscriber.size_of(publication));
    counters_.dropped_oldest += dropped;
    subscriber.missed_ += dropped;
    taken = subscriber.take(publication, group.tag, max_queue);
  }
  if (taken != Taken::kNoRoom) return taken == Taken::kYes;
  if (policy == SlowReader::kDisconnect) {
    ++counters_.disconnected;
    subscriber.cut_off();
  } else {
    ++counters_.dropped_newest;
    ++subscriber.missed_;
  }
  return false;
}

std::uint64_t Hub::take_missed(Subscriber& subscriber) { return std::exchange(subscriber.missed_, 0); }

std::uint64_t Hub::take_missed(Connection& connection) {
  Subscriber* subscriber = connection.subscriber_if_any();
  return subscriber == nullptr ? 0 : take_missed(*subscriber);
}

}  // namespace ws
