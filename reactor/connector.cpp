// One attempt to connect: resolve on a thread, then try address after address, all before one deadline. The thread
// owns nothing of ours but a letter box: it may outlive both the attempt and the loop. An address in digits needs none.
#include "reactor/connector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "reactor/error_text.hpp"

namespace reactor {

namespace {

constexpr const char* kShuttingDown = "the program is shutting down";

class Attempt final : public Resident, private EventSource, private Timer {
 public:
  Attempt(Loop& loop, std::string name, ConnectHandler handler)
      : loop_(loop), name_(std::move(name)), handler_(std::move(handler)) {}
  ~Attempt() override { loop_.forget(*this); }

  void start(Milliseconds timeout) {
    give_up_at_ = loop_.now() + static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
    loop_.arm(*this, timeout);
  }

  void leave_from(const Address& source) { source_ = source; }

  // What the resolver found, or why it found nothing.
  void on_resolved(std::vector<Address> addresses, const std::string& failure) {
    addresses_ = std::move(addresses);
    failure_ = failure;
    try_next();
  }
  std::weak_ptr<Attempt*> handle() const { return self_; }

 private:
  void try_next() {
    while (next_ < addresses_.size()) {
      arm_for_next();
      const Address& address = addresses_[next_++];
      socket_ = FileDescriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (!socket_.valid()) {
        failure_ = "cannot make a socket: " + error_text(errno);
        continue;
      }
      const int on = 1;
      if (address.family() != AF_UNIX) ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (!bind_to_source(address.family())) continue;
      int result = ::connect(socket_.get(), address.data(), address.size());
      // On this machine it is done before the call returns that says EINPROGRESS. To ask again spares the socket two
      // changes of its registration with epoll, and a turn.
      if (result != 0 && errno == EINPROGRESS && address.is_loopback()) {
        result = ::connect(socket_.get(), address.data(), address.size());
      }
      if (result == 0) return finish("");
      const bool going_on = errno == EINPROGRESS || errno == EALREADY;
      if (going_on && loop_.try_watch(socket_.get(), *this, EPOLLOUT | EPOLLET)) return;
      failure_ = of_address(address, error_text(errno));
    }
    finish("cannot connect to " + name_ + ": " + failure_);
  }

  // Without IP_BIND_ADDRESS_NO_PORT bind would choose the port, before it is known to which destination, and no two of
  // ours could have the same one.
  bool bind_to_source(int family) {
    if (!source_ || source_->family() != family) return true;
    const int on = 1;
    if (family != AF_UNIX) ::setsockopt(socket_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(socket_.get(), source_->data(), source_->size()) == 0) return true;
    failure_ = "not from " + source_->to_string() + ": " + error_text(errno);
    return false;
  }

  // Which of the name's addresses it was, where it has several or another spelling.
  std::string of_address(const Address& address, const std::string& what) const {
    const std::string text = address.to_string();
    return text == name_ ? what : text + ": " + what;
  }

  // An address that never answers uses up its part of the time, and not that of those after it.
  void arm_for_next() {
    const std::uint64_t now = loop_.now();
    const std::uint64_t left = give_up_at_ > now ? give_up_at_ - now : 0;
    loop_.arm(*this, Milliseconds(left / (addresses_.size() - next_)));
  }

  void on_events(std::uint32_t) override {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    loop_.unwatch(socket_.get());
    if (error == 0) return finish("");
    failure_ = of_address(addresses_[next_ - 1], error_text(error));
    try_next();
  }

  void on_timer() override {
    failure_ =
        next_ == 0 ? "its address was not found in time" : of_address(addresses_[next_ - 1], "no answer in time");
    try_next();
  }
  void wind_down() override { finish(kShuttingDown); }

  void finish(std::string failure) {
    if (!handler_) return;
    disarm();
    self_.reset();
    if (!failure.empty()) socket_.close();
    const ConnectHandler handler = std::exchange(handler_, nullptr);
    loop_.retire(*this);
    handler(Connected{.socket = std::move(socket_), .failure = std::move(failure)});
  }

  Loop& loop_;
  std::string name_;
  ConnectHandler handler_;
  std::vector<Address> addresses_;
  std::optional<Address> source_;
  std::size_t next_ = 0;
  std::uint64_t give_up_at_ = 0;
  FileDescriptor socket_;
  std::string failure_;
  std::shared_ptr<Attempt*> self_ = std::make_shared<Attempt*>(this);  // ends with us: letters find out by it
};

// Begins an attempt. What it gets is empty if the loop is shutting down: then nobody is connected any more.
std::weak_ptr<Attempt*> begin(Loop& loop, std::string name, Milliseconds timeout, ConnectHandler handler) {
  if (loop.shutting_down()) {
    loop.post([handler = std::move(handler)] { handler({.socket = {}, .failure = kShuttingDown}); });
    return {};
  }
  auto& attempt = loop.adopt(std::make_unique<Attempt>(loop, std::move(name), std::move(handler)));
  attempt.start(timeout);
  return attempt.handle();
}

void deliver(const std::weak_ptr<Attempt*>& attempt, std::vector<Address> addresses, const std::string& failure) {
  if (const auto alive = attempt.lock()) (*alive)->on_resolved(std::move(addresses), failure);
}

// Runs on a thread of its own.
void look_up(const std::string& host, std::uint16_t port, Mailbox& mailbox, const std::weak_ptr<Attempt*>& attempt) {
  std::vector<Address> addresses;
  std::string failure;
  try {
    addresses = resolve(host, port, false);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  mailbox.post([attempt, addresses, failure] { deliver(attempt, addresses, failure); });
}

}  // namespace

void connect_tcp(Loop& loop, const std::string& host, std::uint16_t port, Milliseconds timeout,
                 ConnectHandler handler) {
  const auto attempt = begin(loop, host_and_port(host, port), timeout, std::move(handler));
  if (const auto address = Address::numeric(host, port)) {
    return loop.post([attempt, address] { deliver(attempt, {*address}, ""); });
  }
  try {
    std::thread([host, port, mailbox = loop.mailbox(), attempt] { look_up(host, port, *mailbox, attempt); }).detach();
  } catch (const std::system_error& error) {
    loop.post([attempt, failure = std::string("no thread to look it up: ") + error.what()] {
      deliver(attempt, {}, failure);
    });
  }
}

void connect_to(Loop& loop, std::vector<Address> addresses, Milliseconds timeout, ConnectHandler handler,
                std::optional<Address> source) {
  const auto attempt =
      begin(loop, addresses.empty() ? "nowhere" : addresses.front().to_string(), timeout, std::move(handler));
  if (const auto alive = attempt.lock(); alive && source) (*alive)->leave_from(*source);
  loop.post([attempt, addresses = std::move(addresses)] { deliver(attempt, addresses, "there is no address"); });
}

void connect_unix(Loop& loop, const std::string& path, Milliseconds timeout, ConnectHandler handler) {
  const auto attempt = begin(loop, "unix:" + path, timeout, std::move(handler));
  loop.post([attempt, path] {
    try {
      deliver(attempt, {Address::unix_path(path)}, "");
    } catch (const std::invalid_argument& error) {
      deliver(attempt, {}, error.what());
    }
  });
}

}  // namespace reactor
