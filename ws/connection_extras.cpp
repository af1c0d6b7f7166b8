// What few connections have: a compressor, and those who know of them, handles and hubs.
#include "ws/connection_extras.hpp"

#include <utility>

namespace ws {

Connection::Extras& Connection::extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<Extras>();
  return *extras_;
}

std::string_view Connection::subprotocol() const {
  if (subprotocol_ >= settings_.subprotocols.size()) return {};
  return settings_.subprotocols[subprotocol_];
}

void Connection::keep(std::shared_ptr<const Settings> settings) { extras().settings = std::move(settings); }

Handle Connection::handle() {
  if (state_ == State::kEnded) return {};
  if (extras().place == nullptr) extras_->place = std::make_shared<Connection*>(this);
  return Handle(extras_->place);
}

Subscriber& Connection::subscriber() {
  if (extras().subscriber == nullptr) extras_->subscriber = std::make_unique<ConnectionSubscriber>(*this);
  return *extras_->subscriber;
}

Subscriber* Connection::subscriber_if_any() const { return extras_ == nullptr ? nullptr : extras_->subscriber.get(); }

// Nobody finds it from here on, by a handle or in a hub.
void Connection::leave_company() {
  if (extras_ == nullptr) return;
  extras_->subscriber.reset();
  if (extras_->place != nullptr) *std::exchange(extras_->place, nullptr) = nullptr;
}

}  // namespace ws
