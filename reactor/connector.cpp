// One attempt to connect: resolve on a thread, then try address after address, all before one deadline. The thread
// owns nothing of ours but a letter box: it may outlive both the attempt and the loop.
#include "reactor/connector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace reactor {

namespace {

std::string error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

class Attempt final : public Resident, private EventSource, private Timer {
 public:
  Attempt(Loop& loop, std::string name, ConnectHandler handler)
      : loop_(loop), name_(std::move(name)), handler_(std::move(handler)) {}
  ~Attempt() override { loop_.forget(*this); }

  void start(Milliseconds timeout) { loop_.arm(*this, timeout); }

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
      const Address& address = addresses_[next_++];
      socket_ = FileDescriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (!socket_.valid()) {
        failure_ = "cannot make a socket: " + error_text(errno);
        continue;
      }
      const int on = 1;
      if (address.family() != AF_UNIX) ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (::connect(socket_.get(), address.data(), address.size()) == 0) return finish("");
      if (errno == EINPROGRESS) return loop_.watch(socket_.get(), *this, EPOLLOUT | EPOLLET);
      failure_ = address.to_string() + ": " + error_text(errno);
    }
    finish("cannot connect to " + name_ + ": " + failure_);
  }

  void on_events(std::uint32_t) override {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    loop_.unwatch(socket_.get());
    if (error == 0) return finish("");
    failure_ = addresses_[next_ - 1].to_string() + ": " + error_text(error);
    try_next();
  }

  void on_timer() override { finish("cannot connect to " + name_ + ": no answer in time"); }
  void wind_down() override { finish("the program is shutting down"); }

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
  std::size_t next_ = 0;
  FileDescriptor socket_;
  std::string failure_;
  std::shared_ptr<Attempt*> self_ = std::make_shared<Attempt*>(this);  // ends with us: letters find out by it
};

void deliver(const std::weak_ptr<Attempt*>& attempt, std::vector<Address> addresses, const std::string& failure) {
  if (const auto alive = attempt.lock()) (*alive)->on_resolved(std::move(addresses), failure);
}

}  // namespace

void connect_tcp(Loop& loop, const std::string& host, std::uint16_t port, Milliseconds timeout,
                      ConnectHandler handler) {
  auto& attempt = loop.adopt(
      std::make_unique<Attempt>(loop, host + ":" + std::to_string(port), std::move(handler)));
  attempt.start(timeout);
  std::thread([host, port, mailbox = loop.mailbox(), handle = attempt.handle()] {
    std::vector<Address> addresses;
    std::string failure;
    try {
      addresses = resolve(host, port, false);
    } catch (const std::runtime_error& error) {
      failure = error.what();
    }
    mailbox->post([handle, addresses, failure] { deliver(handle, addresses, failure); });
  }).detach();
}

void connect_unix(Loop& loop, const std::string& path, Milliseconds timeout, ConnectHandler handler) {
  auto& attempt = loop.adopt(std::make_unique<Attempt>(loop, "unix:" + path, std::move(handler)));
  attempt.start(timeout);
  loop.post([handle = attempt.handle(), path] {
    std::vector<Address> addresses;
    std::string failure;
    try {
      addresses.push_back(Address::unix_path(path));
    } catch (const std::invalid_argument& error) {
      failure = error.what();
    }
    deliver(handle, std::move(addresses), failure);
  });
}

}  // namespace reactor
