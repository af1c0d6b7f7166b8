// Parsing and printing of addresses, and the resolver.
#include "reactor/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>

namespace reactor {

namespace {

template <class SocketAddress>
const SocketAddress& as(const sockaddr* address) {
  return *reinterpret_cast<const SocketAddress*>(address);
}

// The four bytes of an IPv4 address, also of one that is written inside IPv6 (::ffff:1.2.3.4).
std::optional<in_addr> ipv4_of(const Address& address) {
  if (address.family() == AF_INET) return as<sockaddr_in>(address.data()).sin_addr;
  if (address.family() != AF_INET6) return std::nullopt;
  const in6_addr& inside = as<sockaddr_in6>(address.data()).sin6_addr;
  if (!IN6_IS_ADDR_V4MAPPED(&inside)) return std::nullopt;
  in_addr result{};
  std::memcpy(&result, &inside.s6_addr[12], sizeof result);
  return result;
}

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw std::invalid_argument("'" + std::string(text) + "' " + why +
                              "; write host:port, :port, [::1]:port, unix:/path or fd:3");
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t size) : size_(std::min<socklen_t>(size, sizeof storage_)) {
  std::memcpy(&storage_, address, size_);
}

Address Address::of_peer(int fd) {
  Address address;
  address.size_ = sizeof address.storage_;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0) return {};
  return address;
}

Address Address::of_socket(int fd) {
  Address address;
  address.size_ = sizeof address.storage_;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0) return {};
  return address;
}

Address Address::unix_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  static_assert(kMaxUnixPath + 1 == sizeof address.sun_path);
  if (path.empty() || path.size() > kMaxUnixPath) {
    throw std::invalid_argument("the path of a unix socket has 1 to " + std::to_string(kMaxUnixPath) +
                                " bytes, this one has " + std::to_string(path.size()));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return Address(reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

std::optional<Address> Address::numeric(const std::string& host, std::uint16_t port) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr) == 1) {
    return Address(reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4);
  }
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6.sin6_addr) != 1) return std::nullopt;
  return Address(reinterpret_cast<const sockaddr*>(&ipv6), sizeof ipv6);
}

bool Address::operator==(const Address& other) const {
  return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(as<sockaddr_in>(data()).sin_port);
  if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(data()).sin6_port);
  return 0;
}

void Address::set_port(std::uint16_t port) {
  // sockaddr_in and sockaddr_in6 both hold the port in the same place.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
}

std::string Address::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (const auto ipv4 = ipv4_of(*this)) {
    ::inet_ntop(AF_INET, &*ipv4, text, sizeof text);
    return std::string(text) + ":" + std::to_string(port());
  }
  if (family() == AF_INET6) {
    ::inet_ntop(AF_INET6, &as<sockaddr_in6>(data()).sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(port());
  }
  if (family() != AF_UNIX) return "unknown";
  const std::size_t size = size_ > offsetof(sockaddr_un, sun_path) ? size_ - offsetof(sockaddr_un, sun_path) : 0;
  const char* path = as<sockaddr_un>(data()).sun_path;
  return "unix:" + std::string(path, ::strnlen(path, size));
}

bool Address::is_loopback() const {
  if (const auto ipv4 = ipv4_of(*this)) return ntohl(ipv4->s_addr) >> 24 == 127;
  if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&as<sockaddr_in6>(data()).sin6_addr);
  return family() == AF_UNIX;
}

std::array<std::uint8_t, 16> Address::client_key() const {
  std::array<std::uint8_t, 16> key{};
  if (const auto ipv4 = ipv4_of(*this)) {
    key[10] = key[11] = 0xFF;
    std::memcpy(&key[12], &*ipv4, sizeof *ipv4);
  } else if (family() == AF_INET6) {
    std::memcpy(key.data(), &as<sockaddr_in6>(data()).sin6_addr, 8);
  }
  return key;
}

ListenAddress ListenAddress::parse(std::string_view text) {
  ListenAddress address;
  if (text.starts_with("unix:")) {
    address.kind = Kind::kUnix;
    address.path = text.substr(5);
    if (address.path.empty()) refuse(text, "names no path");
    if (address.path.size() > Address::kMaxUnixPath) refuse(text, "has a path of more than 107 bytes");
    return address;
  }
  if (text.starts_with("fd:")) {
    address.kind = Kind::kInherited;
    address.fd = parse_number<int>(text.substr(3)).value_or(-1);
    if (address.fd < 0) refuse(text, "names no descriptor");
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse(text, "has no port");
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) refuse(text, "has no port from 0 to 65535");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr ignored{};
    if (::inet_pton(AF_INET6, std::string(host).c_str(), &ignored) != 1) refuse(text, "is no IPv6 address in brackets");
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    refuse(text, "is not clear: an IPv6 address stands in brackets");
  }
  address.host = host;
  address.port = *port;
  return address;
}

std::vector<Address> resolve(const std::string& host, std::uint16_t port, bool passive) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) throw std::runtime_error("cannot find '" + host + "': " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    // A hosts file that gives a name twice makes the resolver say it twice, and nobody can listen there twice.
    const Address address(entry->ai_addr, entry->ai_addrlen);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace reactor
