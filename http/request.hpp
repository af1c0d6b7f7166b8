// A whole HTTP request as a handler sees it: views of one owned copy of the head, and the body. It lives while its
// handler runs; who wants to keep something copies it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/head_parser.hpp"
#include "http/header.hpp"
#include "reactor/address.hpp"

namespace http {

class Request {
 public:
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  std::string_view method() const { return head_.method; }
  // As it stands in the request line: `/ws?period=1s`.
  std::string_view target() const { return head_.target; }
  std::string_view path() const { return path_; }
  std::string_view query() const { return query_; }
  // HTTP/1.0 or HTTP/1.1; nothing else gets this far.
  int major() const { return head_.major; }
  int minor() const { return head_.minor; }

  std::span<const Header> headers() const { return head_.headers; }
  // The value of the first field of that name, whatever its case.
  std::optional<std::string_view> header(std::string_view name) const { return find_header(head_.headers, name); }
  // The value of `name` in the query, percent-decoded, `+` as a space; a malformed escape leaves it as it came.
  std::optional<std::string> query_value(std::string_view name) const;
  std::string_view body() const { return body_; }

  const reactor::Address& remote() const { return remote_; }
  // Asked of the system at each call; few have to know.
  reactor::Address local() const { return reactor::Address::of_socket(socket_); }
  // It came over TLS.
  bool secure() const { return secure_; }

  // RFC 9112 9.3: whether the client will send another request on this connection. HTTP/1.0 is answered and closed.
  bool keep_alive() const;
  // Whether the client would leave HTTP behind this request (RFC 9110 7.8), for whatever protocol. Unless a handler
  // hijacks the connection it is closed then, because someone on the way may take what follows for that protocol.
  bool wants_upgrade() const { return header("Upgrade").has_value(); }

  void set_remote(const reactor::Address& address) { remote_ = address; }
  void set_socket(int fd) { socket_ = fd; }
  void set_secure(bool secure) { secure_ = secure; }

 private:
  friend class RequestParser;
  void split_target();
  void forget();  // all but the addresses

  std::string text_;  // the head: all views are of this
  Head head_;
  std::string_view path_;
  std::string_view query_;
  std::string body_;
  reactor::Address remote_;
  int socket_ = -1;  // on which it came
  bool secure_ = false;
};

}  // namespace http
