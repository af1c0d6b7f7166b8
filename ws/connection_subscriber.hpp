// A connection as a hub sees it. It exists, in the connection's Extras, only for those that have subscribed to
// something.
#pragma once

#include "ws/connection.hpp"
#include "ws/subscriber.hpp"

namespace ws {

class ConnectionSubscriber final : public Subscriber {
 public:
  explicit ConnectionSubscriber(Connection& connection) : connection_(connection) {}
  ~ConnectionSubscriber() override { leave_all(); }

  std::size_t size_of(const Publication& publication) const override;
  Taken take(const Publication& publication, Tag topic, std::size_t max_queue) override;
  std::size_t drop(Tag topic, std::size_t wanted) override;
  void cut_off() override;

 private:
  const reactor::SharedBytes& frame_of(const Publication& publication) const;

  Connection& connection_;
};

}  // namespace ws
