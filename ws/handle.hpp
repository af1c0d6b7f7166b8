// A name for a connection that may be gone: what another thread captures when it posts to the loop, or a session
// keeps of another one. It turns to nothing with the connection, where `&ws` would be freed memory.
//
//   loop.post([handle = ws.handle()] { if (auto* ws = handle.get()) ws->write_text("hello"); });
#pragma once

#include <memory>
#include <utility>

namespace ws {

class Connection;

class Handle {
 public:
  Handle() = default;
  explicit Handle(std::shared_ptr<Connection*> place) : place_(std::move(place)) {}

  // The connection, or null after its end. Only on the loop's thread; copying a handle is safe on any.
  Connection* get() const { return place_ == nullptr ? nullptr : *place_; }

 private:
  std::shared_ptr<Connection*> place_;
};

}  // namespace ws
