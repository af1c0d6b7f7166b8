// Where a socket is or shall be: the addresses that a person writes (`localhost:8080`, `:8080`, `[::1]:8080`,
// `unix:/run/ws101.sock`, `fd:3`) and the addresses that the kernel knows.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reactor {

// One address of a socket, as the kernel gives and takes it.
class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t size);
  static Address of_peer(int fd);
  static Address of_socket(int fd);
  static constexpr std::size_t kMaxUnixPath = 107;
  static Address unix_path(const std::string& path);  // throws std::invalid_argument if the path is too long
  // The address that `host` spells out in digits; nothing if it is a name.
  static std::optional<Address> numeric(const std::string& host, std::uint16_t port);

  int family() const { return storage_.ss_family; }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);  // REQUIRES: a TCP address
  // `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`; an IPv4 address inside IPv6 reads as IPv4.
  std::string to_string() const;
  // 127.0.0.0/8, ::1, or a unix socket: only this machine can be at the other end.
  bool is_loopback() const;
  bool operator==(const Address& other) const;
  // What counts as one client for a limit for each address: an IPv4 address, or an IPv6 /64, which one
  // customer of a provider commands as a whole. All zero for a unix socket.
  std::array<std::uint8_t, 16> client_key() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// A listening address as a person writes it. parse throws std::invalid_argument that names the text and the forms.
struct ListenAddress {
  enum class Kind : std::uint8_t { kTcp, kUnix, kInherited };
  static ListenAddress parse(std::string_view text);

  Kind kind = Kind::kTcp;
  std::string host{};  // empty: every interface
  std::uint16_t port = 0;
  std::string path{};
  int fd = -1;
};

// Every stream address of `host`, none twice; blocks while the name is looked up. Throws std::runtime_error with
// the resolver's words.
std::vector<Address> resolve(const std::string& host, std::uint16_t port, bool passive);
// `localhost:8080`, `[::1]:8080`.
std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace reactor
