// Opening listening sockets, accepting from them in shares, and the spare descriptor.
#include "reactor/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace reactor {

namespace {

constexpr int kAcceptsInOneTurn = 64;
constexpr Milliseconds kRetryWithoutDescriptor{100};

std::string error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

std::string remedy(int error) {
  switch (error) {
    case EADDRINUSE: return "; stop the program that has it, or choose another with --listen";
    case EACCES: return "; ports below 1024 and this path need more rights, or choose another with --listen";
    case EADDRNOTAVAIL: return "; this machine has no such address, see `ip address`";
    default: return "";
  }
}

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error("cannot listen on " + what + ": " + error_text(error) + remedy(error));
}

FileDescriptor open_spare() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// Our frames are written whole: Nagle's algorithm could only delay them. Accepted sockets inherit this.
void skip_nagle(int socket, int family) {
  const int on = 1;
  if (family != AF_UNIX) ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Returns no descriptor if the machine lacks the address's family.
FileDescriptor open_socket(const Address& address) {
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid() && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT)) return {};
  if (!socket.valid()) fail(address.to_string(), errno);
  const int on = 1;
  // A restarted server must not wait for the old one's connections to leave TIME_WAIT; a port that is in use is
  // an error all the same.
  if (address.family() != AF_UNIX) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // `:port` opens one socket for IPv6 and one for IPv4, so neither may take the other's.
  if (address.family() == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  skip_nagle(socket.get(), address.family());
  if (::bind(socket.get(), address.data(), address.size()) != 0) {
    if (errno == EADDRNOTAVAIL && address.family() == AF_INET6) return {};
    fail(address.to_string(), errno);
  }
  if (::listen(socket.get(), SOMAXCONN) != 0) fail(address.to_string(), errno);
  return socket;
}

// A socket file that nobody listens on is left over from a process that was killed: it may go.
void remove_stale(const Address& address, const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
}

std::vector<FileDescriptor> open_tcp(const ListenAddress& wanted) {
  std::vector<FileDescriptor> sockets;
  const std::string name = wanted.host + ":" + std::to_string(wanted.port);
  std::uint16_t port = wanted.port;
  for (Address address : resolve(wanted.host, port, true)) {
    // Where the system chooses the port, the name's second address gets the same one.
    if (port != address.port()) address.set_port(port);
    FileDescriptor socket = open_socket(address);
    if (!socket.valid()) continue;
    port = Address::of_socket(socket.get()).port();
    sockets.push_back(std::move(socket));
  }
  if (sockets.empty()) fail(name, EADDRNOTAVAIL);
  return sockets;
}

FileDescriptor open_inherited(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    throw std::runtime_error("cannot listen on fd:" + std::to_string(fd) +
                             ": it is not a listening socket; the parent process must bind, listen and pass it on");
  }
  FileDescriptor socket(fd);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  skip_nagle(fd, Address::of_socket(fd).family());
  return socket;
}

}  // namespace

std::vector<Listener*> Listener::open(Loop& loop, const ListenAddress& address, const AcceptHandler& handler,
                                      std::string refusal) {
  std::vector<FileDescriptor> sockets;
  switch (address.kind) {
    case ListenAddress::Kind::kTcp: sockets = open_tcp(address); break;
    case ListenAddress::Kind::kUnix: {
      const Address path = Address::unix_path(address.path);
      remove_stale(path, address.path);
      sockets.push_back(open_socket(path));
      break;
    }
    case ListenAddress::Kind::kInherited: sockets.push_back(open_inherited(address.fd)); break;
  }
  std::vector<Listener*> listeners;
  for (FileDescriptor& socket : sockets) {
    auto listener = std::make_unique<Listener>(loop, std::move(socket), handler, refusal);
    listener->unlink_path_ = address.path;
    listeners.push_back(&loop.adopt(std::move(listener)));
  }
  return listeners;
}

Listener::Listener(Loop& loop, FileDescriptor socket, AcceptHandler handler, std::string refusal)
    : loop_(loop),
      socket_(std::move(socket)),
      spare_(open_spare()),
      handler_(std::move(handler)),
      refusal_(std::move(refusal)) {
  loop_.watch(socket_.get(), *this, EPOLLIN | EPOLLET);
}

Listener::~Listener() {
  loop_.forget(*this);
  close_socket();
}

void Listener::close() {
  close_socket();
  loop_.retire(*this);
}

void Listener::close_socket() {
  if (!socket_.valid()) return;
  socket_.close();
  retry_.disarm();
  if (!unlink_path_.empty()) ::unlink(unlink_path_.c_str());
}

void Listener::wind_down() { close(); }
void Listener::on_events(std::uint32_t) { accept_some(); }
void Listener::on_again() { accept_some(); }

void Listener::accept_some() {
  for (int count = 0; count < kAcceptsInOneTurn; ++count) {
    if (!socket_.valid() || !accept_one()) return;
  }
  loop_.again(*this);
}

// Returns whether it is worth trying again at once.
bool Listener::accept_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  FileDescriptor socket(
      ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    handler_(std::move(socket), Address(reinterpret_cast<const sockaddr*>(&peer), size));
    return true;
  }
  if (errno == EAGAIN) return false;
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return refuse_one();
  return true;  // that caller is gone already (ECONNABORTED and its like); the next one may not be
}

// There is no descriptor for the caller: gives the spare one up to tell him so, and takes it back. Returns false if
// even that did not work; then the callers wait in the kernel's queue and we look again soon.
bool Listener::refuse_one() {
  spare_.close();
  {
    const FileDescriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      static_cast<void>(!::send(socket.get(), refusal_.data(), refusal_.size(), MSG_NOSIGNAL));
      ::shutdown(socket.get(), SHUT_WR);
    } else if (errno == EAGAIN) {
      spare_ = open_spare();
      return false;
    }
  }
  spare_ = open_spare();
  if (spare_.valid()) return true;
  loop_.arm(retry_, kRetryWithoutDescriptor);
  return false;
}

}  // namespace reactor
