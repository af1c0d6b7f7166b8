// A listening socket: connections come out of it. It survives running out of descriptors: it holds a spare one,
// gives it up to accept the caller whom it must refuse, and takes it back; so the loop neither spins on a
// connection that it cannot accept nor leaves the caller waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reactor/address.hpp"
#include "reactor/file_descriptor.hpp"
#include "reactor/loop.hpp"

namespace reactor {

// Gets each accepted socket: non-blocking, close-on-exec, TCP_NODELAY.
using AcceptHandler = std::function<void(FileDescriptor socket, const Address& peer)>;

class Listener final : public Resident, private EventSource {
 public:
  // Opens every socket that `address` names and gives them to `loop`; a host such as localhost may be several.
  // `refusal` is sent to a caller for whom there is no descriptor left.
  // Throws std::runtime_error with one line that names the address, the reason and the remedy.
  static std::vector<Listener*> open(Loop& loop, const ListenAddress& address, const AcceptHandler& handler,
                                     const std::string& refusal);

  Listener(Loop& loop, FileDescriptor socket, AcceptHandler handler, std::string refusal);
  ~Listener() override;

  Address address() const { return Address::of_socket(socket_.get()); }
  // Accepts nobody any more; the listener is retired.
  void close();

 private:
  static constexpr Milliseconds kRetryTime{100};

  class Retry final : public Timer {
   public:
    explicit Retry(Listener& listener) : listener_(listener) {}

   private:
    void on_timer() override { listener_.look_again(); }
    Listener& listener_;
  };

  void on_events(std::uint32_t) override { accept_some(); }
  void wind_down() override;
  void accept_some();
  bool accept_one();
  bool go_on_after(int error);
  bool refuse_one();
  void look_away();
  void look_again();
  void close_socket();

  Loop& loop_;
  FileDescriptor socket_;
  FileDescriptor spare_;
  AcceptHandler handler_;
  std::string refusal_;
  std::string unlink_path_;                      // of a unix socket that we made
  std::uint64_t nobody_waited_at_ = UINT64_MAX;  // the loop's time when all had been let in
  Retry retry_{*this};
};

}  // namespace reactor
