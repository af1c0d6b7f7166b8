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

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "reactor/error_text.hpp"

namespace reactor {

namespace {

constexpr int kAcceptsInOneTurn = 64;
// Where the system chooses a port for the first address of a name, it may be taken at the second.
constexpr int kPortsToTry = 16;

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
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  // Non-blocking: a living server with a full queue must not hold us up.
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
}

// One socket for each address; where the system chooses the port, it is the same one for all.
std::vector<FileDescriptor> open_each(std::vector<Address> addresses) {
  std::vector<FileDescriptor> sockets;
  for (Address& address : addresses) {
    if (!sockets.empty()) address.set_port(Address::of_socket(sockets.front().get()).port());
    FileDescriptor socket = open_socket(address);
    if (socket.valid()) sockets.push_back(std::move(socket));
  }
  return sockets;
}

std::vector<FileDescriptor> open_tcp(const ListenAddress& wanted) {
  const std::vector<Address> addresses = resolve(wanted.host, wanted.port, true);
  std::vector<FileDescriptor> sockets;
  for (int tries = wanted.port == 0 ? kPortsToTry : 1; tries > 0 && sockets.empty(); --tries) {
    try {
      sockets = open_each(addresses);
    } catch (const std::runtime_error&) {
      if (tries == 1) throw;
    }
  }
  if (sockets.empty()) fail(host_and_port(wanted.host, wanted.port), EADDRNOTAVAIL);
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
                                      const std::string& refusal) {
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
  loop_.watch(socket_.get(), *this, EPOLLIN);
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
  // In this order: once the socket is closed the path may be another server's.
  if (!unlink_path_.empty()) ::unlink(unlink_path_.c_str());
  // Who else holds an inherited socket would keep it in our epoll.
  loop_.unwatch(socket_.get());
  socket_.close();
  retry_.disarm();
}

void Listener::wind_down() { close(); }

// Whoever is not let in now is reported again in the next turn. A call that finds nobody costs the kernel as much as
// one that finds somebody, so it is made once in a millisecond; until then each turn lets one in, and asks no further.
void Listener::accept_some() {
  const int most = loop_.now() == nobody_waited_at_ ? 1 : kAcceptsInOneTurn;
  for (int count = 0; count < most; ++count) {
    if (!socket_.valid() || !accept_one()) return;
  }
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
  return go_on_after(errno);
}

bool Listener::go_on_after(int error) {
  switch (error) {
    case EAGAIN: nobody_waited_at_ = loop_.now(); return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return refuse_one();
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
      // Somebody else who holds this socket has shut it down: nothing will come out of it, and asking on would spin.
      loop_.log(LogLevel::kError, "no longer listening on " + address().to_string() + ": " + error_text(error));
      close();
      return false;
    // accept(2): that caller is gone already; the next one may not be.
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET: return true;
    // The caller is still there, and we may not have him.
    default: look_away(); return false;
  }
}

// There is no descriptor for the caller: gives the spare one up to tell him so, and takes it back. Returns false if
// even that did not work; then the callers wait in the kernel's queue and we look again soon.
bool Listener::refuse_one() {
  spare_.close();
  FileDescriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const bool refused = socket.valid();
  const bool nobody_waits = !refused && errno == EAGAIN;
  if (refused) {
    static_cast<void>(!::send(socket.get(), refusal_.data(), refusal_.size(), MSG_NOSIGNAL));
    ::shutdown(socket.get(), SHUT_WR);
    // A request that is left unread would turn the close into a reset, which can destroy the refusal on its way.
    std::array<char, 16 * 1024> request;
    static_cast<void>(!::recv(socket.get(), request.data(), request.size(), 0));
    socket.close();
  }
  spare_ = open_spare();
  if (nobody_waits) return false;
  if (refused && spare_.valid()) return true;
  look_away();
  return false;
}

// Callers who can be neither accepted nor refused would be reported in every turn.
void Listener::look_away() {
  loop_.unwatch(socket_.get());
  loop_.arm(retry_, kRetryTime);
}

void Listener::look_again() {
  if (!loop_.try_watch(socket_.get(), *this, EPOLLIN)) loop_.arm(retry_, kRetryTime);
}

}  // namespace reactor
