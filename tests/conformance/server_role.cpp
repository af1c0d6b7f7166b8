// Starts, watches and stops the server process; opens connections to it.
#include "tests/conformance/server_role.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace conformance {

namespace {

constexpr int kMomentMs = 100;

// Reads the line `listening on http://127.0.0.1:PORT (...)`, or https, and takes the port out of it.
std::uint16_t read_port(int fd) {
  const std::string before = std::string("listening on http") + (chosen_wire().tls ? "s" : "") + "://127.0.0.1:";
  const Deadline deadline;
  std::string line;
  while (line.find('\n') == std::string::npos) {
    deadline.check("the line that tells where the server listens");
    pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kMomentMs) <= 0) continue;
    std::array<char, 256> piece;
    const ssize_t size = ::read(fd, piece.data(), piece.size());
    if (size <= 0) throw Broken("the server ended at once; it said: " + line);
    line.append(piece.data(), static_cast<std::size_t>(size));
  }
  std::uint16_t port = 0;
  if (line.starts_with(before)) std::from_chars(line.data() + before.size(), line.data() + line.size(), port);
  if (port == 0) throw Broken("the server said: " + line);
  return port;
}

pid_t spawn(std::vector<std::string> arguments, int standard_output) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw Broken("cannot start " + arguments[0]);
  return pid;
}

}  // namespace

ServerRole::ServerRole(const std::vector<std::string>& flags, const ws::protocol::Compression& compression)
    : offer_(offer_of_the_wire()) {
  const char* program = std::getenv("WS101");
  if (program == nullptr || *program == '\0') throw Broken("the environment has no WS101, the path of the server");
  // A probe that is not needed for long must not be pinged.
  std::vector<std::string> arguments = {program,
                                        "serve",
                                        "--log-level",
                                        "error",
                                        "--ping-interval",
                                        "off",
                                        chosen_wire().tls ? "--tls-listen" : "--listen",
                                        "127.0.0.1:0"};
  for (const auto& more :
       {chosen_wire().tls ? tls_flags() : std::vector<std::string>(), compression_flags(compression), flags}) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  }
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Broken("cannot make a pipe");
  const reactor::FileDescriptor ours(ends[0]);
  {
    const reactor::FileDescriptor its(ends[1]);
    pid_ = spawn(std::move(arguments), its.get());
  }
  try {
    port_ = read_port(ours.get());
  } catch (...) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw;
  }
  descriptors_at_start_ = descriptor_count();
}

ServerRole::~ServerRole() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int ServerRole::stop() {
  probe_.reset();
  ::kill(pid_, SIGTERM);
  const Deadline deadline;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    deadline.check("the end of the server");
    ::poll(nullptr, 0, 1);
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Wire ServerRole::connect() {
  reactor::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw Broken("cannot connect to the server");
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  return {std::move(socket), Side::kClient, *this};
}

Wire ServerRole::open(const std::string& offer) {
  Wire wire = connect();
  wire.send(upgrade_request(offer));
  take_answer(wire, offer);
  return wire;
}

void ServerRole::wait(int fd, short events) {
  pollfd waiting = {.fd = fd, .events = events, .revents = 0};
  ::poll(&waiting, 1, kMomentMs);
}

void ServerRole::settle() {
  if (probe_ == nullptr) probe_ = std::make_unique<Wire>(open());
  probe_->send(binary("probe"));
  if (const Frame echo = probe_->receive(); echo.payload != "probe") throw Broken("the probe got " + describe(echo));
}

std::size_t ServerRole::resident_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::size_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes * 1024;
  }
  throw Broken("the server is not running");
}

std::size_t ServerRole::descriptor_count() const {
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

void ServerRole::check_descriptors() {
  probe_.reset();
  const Deadline deadline;
  while (descriptor_count() > descriptors_at_start_) {
    deadline.check("the server to let go of its connections");
    ::poll(nullptr, 0, 1);
  }
}

std::string offer_of_the_wire() {
  return chosen_wire().compressed() ? "permessage-deflate; client_max_window_bits" : "";
}

std::string upgrade_request(const std::string& offer) {
  return "GET /echo HTTP/1.1\r\n"
         "Host: localhost\r\n"
         "Upgrade: websocket\r\n"
         "Connection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         (offer.empty() ? "" : "Sec-WebSocket-Extensions: " + offer + "\r\n") + "Sec-WebSocket-Version: 13\r\n\r\n";
}

void take_answer(Wire& wire, const std::string& offer) {
  const std::string head = wire.receive_head();
  const auto extensions = field_of(head, "Sec-WebSocket-Extensions");
  if (!head.starts_with("HTTP/1.1 101 ") || field_of(head, "Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
      extensions.has_value() == offer.empty()) {
    throw Broken("the handshake was answered with: " + head);
  }
  if (extensions) wire.agree(*extensions);
}

}  // namespace conformance
