// The HTTP server: what a program says to it. It routes requests to handlers, opens listeners, and decides who may
// come in at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"
#include "http/site.hpp"
#include "reactor/address.hpp"
#include "reactor/file_descriptor.hpp"
#include "reactor/listener.hpp"
#include "reactor/loop.hpp"
#include "reactor/tls_context.hpp"

namespace http {

// Every bound has a flag of the same name at the command line. A time of 0 turns that timer off.
struct ServerOptions {
  std::size_t max_head = 16 * 1024;                // bytes of request line and header fields; past it 431 (or 414)
  std::size_t max_headers = 100;                   // header fields; past it 431
  std::size_t max_body = std::size_t{1} << 20;     // past it 413
  reactor::Milliseconds handshake_timeout{10000};  // to receive a whole request, in all; past it 408
  reactor::Milliseconds keep_alive{60000};         // of an idle connection
  std::size_t max_connections = 0;                 // 0: what the descriptor limit allows, less a reserve; past it 503
  std::size_t max_connections_per_ip = 0;          // 0: no limit; past it 429
};

class Server {
 public:
  explicit Server(reactor::Loop& loop, ServerOptions options = {});
  // Closes its listeners, and the connections that no handler hijacked.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A path is exact: it has no pattern, and the query is no part of it.
  void get(std::string path, Handler handler) { handle("GET", std::move(path), std::move(handler)); }
  void post(std::string path, Handler handler) { handle("POST", std::move(path), std::move(handler)); }
  void handle(std::string method, std::string path, Handler handler);

  // Listens on `localhost:8080`, `:8080`, `[::1]:0`, `unix:/path` or `fd:3`, and returns where that came to be.
  // Throws std::runtime_error or std::invalid_argument with one line for the user.
  std::vector<reactor::Address> listen(std::string_view address);
  // The same for https:// and wss://. REQUIRES: set_tls() was called.
  std::vector<reactor::Address> listen_tls(std::string_view address);
  // The certificate for those who come from now on.
  void set_tls(reactor::TlsContext context);
  // Serves a connection that came from elsewhere: connected, non-blocking.
  void accept(reactor::FileDescriptor socket, const reactor::Address& peer);

  // How many responses were sent, by status; a hijacked connection counts as 101.
  const std::map<int, std::uint64_t>& responses() const { return site_.responses; }
  // Connections that are HTTP's: those that were hijacked are not.
  std::size_t connections() const { return site_.connections.size(); }

 private:
  std::vector<reactor::Address> listen(std::string_view address, bool secure);
  void accept(std::unique_ptr<reactor::Stream> stream, const reactor::Address& peer);
  void turn_away(std::unique_ptr<reactor::Stream> stream, const Response& response);
  void log_refusal(const reactor::Address& peer, const Response& response);

  Site site_;
  std::optional<reactor::TlsContext> tls_;
  std::uint64_t refused_ = 0;  // since the last line about it
  std::uint64_t next_refusal_line_ = 0;
  std::shared_ptr<reactor::Admissions> refusals_ = std::make_shared<reactor::Admissions>();
  std::vector<reactor::Listener*> listeners_;
};

}  // namespace http
