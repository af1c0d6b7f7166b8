// Listeners and admission; what happens on a connection that was admitted is connection.cpp's.
#include "http/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <string>
#include <utility>

#include "http/connection.hpp"
#include "reactor/linger.hpp"
#include "reactor/tls_stream.hpp"

namespace http {

namespace {

// Descriptors kept free for what is not a connection: listeners, timers, files.
constexpr std::size_t kReserve = 16;
// Refusals over TLS that are under way: each takes a handshake, so there is an end to politeness.
constexpr std::size_t kMaxRefusals = 1000;
constexpr std::uint64_t kBetweenRefusalLines = 10'000;  // milliseconds
constexpr const char* kRetryAfterSeconds = "5";

std::size_t connections_that_fit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  const auto descriptors = static_cast<std::size_t>(limit.rlim_cur);
  return std::max<std::size_t>(1, descriptors - std::min(kReserve, descriptors / 2));
}

Response full() {
  return {.status = 503,
          .headers = {{"Retry-After", kRetryAfterSeconds}},
          .body = "this server has as many connections as it takes (--max-connections)\n"};
}

Response too_many_from_address() {
  return {.status = 429,
          .headers = {{"Retry-After", kRetryAfterSeconds}},
          .body = "there are too many connections from this address (--max-connections-per-ip)\n"};
}

}  // namespace

Server::Server(reactor::Loop& loop, ServerOptions options)
    : site_{.loop = loop,
            .limits = {.head = {.max_size = options.max_head, .max_fields = options.max_headers},
                       .max_body = options.max_body},
            .handshake_timeout = options.handshake_timeout,
            .keep_alive = options.keep_alive} {
  const std::size_t in_all = options.max_connections > 0 ? options.max_connections : connections_that_fit();
  loop.admissions().set_limits(in_all, options.max_connections_per_ip);
  refusals_->set_limits(kMaxRefusals, 0);
  loop.keep(refusals_);
}

Server::~Server() {
  // In a shut-down the listeners have closed themselves, and may be gone.
  if (!site_.loop.shutting_down()) {
    for (reactor::Listener* listener : listeners_) listener->close();
  }
  while (!site_.connections.empty()) site_.connections.front()->close();
}

void Server::handle(std::string method, std::string path, Handler handler) {
  site_.routes.add(std::move(method), std::move(path), std::move(handler));
}

std::vector<reactor::Address> Server::listen(std::string_view address) { return listen(address, false); }

std::vector<reactor::Address> Server::listen_tls(std::string_view address) {
  assert(tls_);
  return listen(address, true);
}

void Server::set_tls(reactor::TlsContext context) {
  if (tls_) context.take_ticket_keys(*tls_);
  tls_ = std::move(context);
}

std::vector<reactor::Address> Server::listen(std::string_view address, bool secure) {
  const Response refusal = full();
  const auto opened = reactor::Listener::open(
      site_.loop, reactor::ListenAddress::parse(address),
      [this, secure](reactor::FileDescriptor socket, const reactor::Address& peer) {
        if (!secure) return accept(std::move(socket), peer);
        accept(std::make_unique<reactor::TlsStream>(site_.loop, std::move(socket), *tls_), peer);
      },
      secure ? "" : write_response_head(refusal, {}, true) + refusal.body);
  std::vector<reactor::Address> addresses;
  for (reactor::Listener* listener : opened) {
    listeners_.push_back(listener);
    addresses.push_back(listener->address());
  }
  return addresses;
}

void Server::accept(reactor::FileDescriptor socket, const reactor::Address& peer) {
  accept(std::make_unique<reactor::Stream>(site_.loop, std::move(socket)), peer);
}

void Server::accept(std::unique_ptr<reactor::Stream> stream, const reactor::Address& peer) {
  reactor::Admission admission;
  switch (site_.loop.admissions().admit(peer, admission)) {
    case reactor::Admissions::Verdict::kAdmitted: break;
    case reactor::Admissions::Verdict::kFull: return turn_away(std::move(stream), full());
    case reactor::Admissions::Verdict::kTooManyFromAddress:
      return turn_away(std::move(stream), too_many_from_address());
  }
  stream->admit(std::move(admission));
  site_.loop.adopt(std::make_unique<Connection>(site_, std::move(stream), peer));
}

// Answers before a request is read: whatever it is, it is not served.
void Server::turn_away(std::unique_ptr<reactor::Stream> stream, const Response& response) {
  ++site_.responses[response.status];
  log_refusal(stream->peer(), response);
  if (stream->secure()) {
    reactor::Admission refusal;
    if (refusals_->admit(stream->peer(), refusal) != reactor::Admissions::Verdict::kAdmitted) return;
    stream->admit(std::move(refusal));
  }
  const std::string answer = write_response_head(response, site_.date.text(), true) + response.body;
  stream->write({reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()});
  reactor::linger(std::move(stream));
}

// A crowd that is refused must not fill the log as well.
void Server::log_refusal(const reactor::Address& peer, const Response& response) {
  ++refused_;
  reactor::Loop& loop = site_.loop;
  if (loop.now() < next_refusal_line_ || !loop.logs(reactor::LogLevel::kWarning)) return;
  next_refusal_line_ = loop.now() + kBetweenRefusalLines;
  std::string line = peer.to_string() + " refused with " + std::to_string(response.status) + ": ";
  line.append(response.body, 0, response.body.size() - 1);
  if (refused_ > 1) line += "; so were " + std::to_string(refused_ - 1) + " more since the last such line";
  loop.log(reactor::LogLevel::kWarning, line);
  refused_ = 0;
}

}  // namespace http
