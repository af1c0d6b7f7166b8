// The limit: what an echo and a broadcast cost when nothing is done but the system calls. It speaks no WebSocket: after
// a fixed answer to the first request head it sends back the bytes that come, or sends them to everybody (the path
// /broadcast). Level-triggered epoll, one epoll_ctl for a connection, recv into one buffer, and a direct send. The
// fixed answer is right for the sample key of RFC 6455 1.3 alone, which is what `ws101 bench --raw` sends; so no SHA-1.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

enum class Stage : unsigned char { kHead, kEcho, kFanOut };

// All that is known of a connection on the way of a message is one byte, found by its descriptor.
class BareServer {
 public:
  explicit BareServer(int listener) : listener_(listener) { watch(listener_); }

  [[noreturn]] void run() {
    for (;;) {
      const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          accept_one();
        } else if ((event.events & EPOLLOUT) != 0) {
          send_unsent(event.data.fd);
        } else {
          receive(event.data.fd);
        }
      }
    }
  }

 private:
  void watch(int fd) const {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) std::abort();
  }

  void change(int fd, unsigned events) const {
    epoll_event event{.events = events, .data = {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
  }

  // One for each turn: who is left is still there in the next, and no call is made to hear that nobody is.
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (static_cast<std::size_t>(fd) >= stages_.size()) stages_.resize(static_cast<std::size_t>(fd) * 2);
    stage(fd) = Stage::kHead;
    watch(fd);
  }

  void receive(int fd) {
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) {
      if (got == 0 || errno != EAGAIN) end(fd);
      return;
    }
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    switch (stage(fd)) {
      case Stage::kEcho:
        send_to(fd, bytes, true);
        if (is_close(bytes)) end(fd);
        return;
      case Stage::kFanOut:
        if (is_close(bytes)) {
          send_to(fd, bytes, true);
          return end(fd);
        }
        for (const int member : members_) send_to(member, bytes, false);
        return;
      case Stage::kHead: return answer(fd, bytes);
    }
  }

  // A Close frame with a code, alone: so that a connection ends as any server's does, who closes first.
  static bool is_close(std::string_view bytes) { return bytes.size() == 8 && bytes[0] == '\x88'; }

  void answer(int fd, std::string_view bytes) {
    std::string& head = heads_[fd];
    head += bytes;
    if (!head.ends_with("\r\n\r\n")) return;
    const bool fan_out = head.starts_with("GET /broadcast");
    heads_.erase(fd);
    stage(fd) = fan_out ? Stage::kFanOut : Stage::kEcho;
    if (fan_out) members_.push_back(fd);
    send_to(fd, kAnswer, true);
  }

  // `pause`: who does not take his echo is not read, so that what waits is bounded.
  void send_to(int fd, std::string_view bytes, bool pause) {
    if (!unsent_.empty() && unsent_.contains(fd)) {
      unsent_[fd] += bytes;
      return;
    }
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    if (sent < 0 && errno != EAGAIN) return;  // epoll tells that it is gone
    unsent_[fd] = bytes.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    change(fd, pause ? EPOLLOUT : EPOLLOUT | EPOLLIN);
  }

  void send_unsent(int fd) {
    std::string& bytes = unsent_[fd];
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(fd);
    if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
    if (!bytes.empty()) return;
    unsent_.erase(fd);
    change(fd, EPOLLIN);
  }

  void end(int fd) {
    if (stage(fd) == Stage::kFanOut) std::erase(members_, fd);
    heads_.erase(fd);
    unsent_.erase(fd);
    close(fd);
  }

  Stage& stage(int fd) { return stages_[static_cast<std::size_t>(fd)]; }

  int listener_;
  int epoll_ = epoll_create1(0);
  std::vector<epoll_event> events_ = std::vector<epoll_event>(1024);
  std::vector<char> buffer_ = std::vector<char>(512 * 1024);
  std::vector<Stage> stages_ = std::vector<Stage>(1024);
  std::vector<int> members_;
  // Off the way of a message: heads that came in pieces, and what a socket did not take.
  std::unordered_map<int, std::string> heads_, unsent_;
};

int listen_on(const char* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // Linux hands it on to what is accepted
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, 4096) != 0 || getsockname(fd, generic, &size) != 0) {
    std::perror("bare: cannot listen");
    std::exit(1);
  }
  std::printf("listening on %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace

int main(int count, char** arguments) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  BareServer(listen_on(count > 1 ? arguments[1] : "0")).run();
}
