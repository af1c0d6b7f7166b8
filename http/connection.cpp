// From bytes to answers. Only serve() takes requests off the input, one after another; everything else here says when
// it may go on, and how a connection ends.
#include "http/connection.hpp"

#include <string>
#include <utility>

#include "reactor/linger.hpp"

namespace http {

namespace {

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Connection::Connection(Site& site, std::unique_ptr<reactor::Stream> stream, const reactor::Address& remote)
    : site_(site), stream_(std::move(stream)), parser_(site.limits) {
  place_ = site_.connections.insert(site_.connections.end(), this);
  parser_.request().set_remote(remote);
  parser_.request().set_secure(stream_->secure());
  set_deadline(site_.handshake_timeout);
  stream_->attach(*this);
}

Connection::~Connection() {
  if (stream_ != nullptr) site_.connections.erase(place_);
}

// ---- Requests

void Connection::on_input(std::span<std::uint8_t> bytes) { serve(bytes); }

// Answers the requests in `bytes` in order (RFC 9112 9.3.2), as long as the client takes the answers.
void Connection::serve(std::span<std::uint8_t> bytes) {
  while (stream_ != nullptr && !bytes.empty()) {
    if (must_wait()) return wait_for_room(bytes);
    const bool was_idle = parser_.state() == RequestParser::State::kIdle;
    bytes = bytes.subspan(parser_.feed(bytes));
    switch (parser_.state()) {
      case RequestParser::State::kIdle: break;
      case RequestParser::State::kHead:
      case RequestParser::State::kBody:
        // One deadline for the whole request, and not for each read: a byte every few seconds must not last for ever.
        if (was_idle && served_one_) set_deadline(site_.handshake_timeout);
        if (parser_.take_continue()) stream_->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
        break;
      case RequestParser::State::kComplete: answer(bytes); break;
      case RequestParser::State::kRefused: refuse(parser_.refusal()); break;
    }
  }
}

// `early` is what was read behind the request: the next requests, or, if the handler hijacks, the new owner's.
void Connection::answer(std::span<std::uint8_t> early) {
  Request& request = parser_.request();
  request.set_socket(stream_->fd());
  Exchange exchange(request, stream_, early);
  site_.routes.dispatch(exchange);
  if (stream_ == nullptr) {
    record(101, request.path());
    return finish();
  }
  if (!exchange.response()) exchange.respond(text(500, "the handler of this path did not answer\n"));
  const Response& response = *exchange.response();
  // Who asked for another protocol and stays with HTTP is not listened to any further: what follows may be meant for
  // that protocol, by the client or by somebody between us (RFC 9110 7.8 lets a server ignore the wish).
  const bool close = response.close || !request.keep_alive() || request.wants_upgrade() || site_.loop.shutting_down();
  record(response.status, request.path());
  send(response, request.method() != "HEAD", close);
  if (close) return linger();
  served_one_ = true;
  parser_.next();
  set_deadline(site_.keep_alive);
}

void Connection::refuse(const Refusal& refusal) {
  record(refusal.status, refusal.reason);
  send(text(refusal.status, refusal.reason + "\n"), true, true);
  linger();
}

void Connection::send(const Response& response, bool with_body, bool close) {
  const std::string head = write_response_head(response, site_.date.text(), close);
  const bool has_body = with_body && status_has_body(response.status);
  stream_->write(as_bytes(head), has_body ? as_bytes(response.body) : std::span<const std::uint8_t>{});
}

// ---- Backpressure

// Whether the client owes us the reading of what it has asked for already.
bool Connection::must_wait() {
  if (stream_->unsent() <= kMaxUnsent) return false;
  stream_->flush();
  return stream_->full();
}

// Keeps what was received; nothing more is read meanwhile, so it is one receive buffer at most.
void Connection::wait_for_room(std::span<const std::uint8_t> bytes) {
  waiting_.assign(bytes.begin(), bytes.end());
  stream_->pause_reading();
}

void Connection::on_drained() {
  if (waiting_.empty()) return;
  // Read again before the requests are served: a handler that hijacks wants a stream that is not paused.
  stream_->resume_reading();
  std::vector<std::uint8_t> bytes = std::exchange(waiting_, {});
  serve(bytes);
}

// ---- Time and end

void Connection::set_deadline(reactor::Milliseconds delay) {
  if (delay.count() > 0) {
    site_.loop.arm(deadline_, delay);
  } else {
    deadline_.disarm();
  }
}

void Connection::on_deadline() {
  if (parser_.state() == RequestParser::State::kIdle) {
    // A client that still takes its responses, however slowly, is not idle.
    return served_one_ && stream_->full() && output_moved() ? set_deadline(site_.keep_alive) : close();
  }
  refuse({.status = 408, .reason = "the request took too long to arrive (--handshake-timeout)"});
}

// Whether the client, or our kernel for it, has taken a byte since this was asked last.
bool Connection::output_moved() {
  const std::uint64_t progress = std::uint64_t{stream_->output_progress().taken} << 32 | stream_->unsent();
  return std::exchange(progress_, progress) != progress;
}

void Connection::on_end(reactor::StreamEnd end) {
  // Who half-closes behind a request still wants the answer to it.
  if (end == reactor::StreamEnd::kFinished && stream_->unsent() > 0) return linger();
  close();
}

void Connection::wind_down() {
  if (stream_ == nullptr || parser_.state() != RequestParser::State::kIdle) return;
  linger();
}

void Connection::close() {
  if (stream_ == nullptr) return;
  stream_->close();
  stream_.reset();
  finish();
}

// The last words arrive even where the client is still sending.
void Connection::linger() {
  reactor::linger(std::move(stream_));
  finish();
}

// The stream is gone, this way or that.
void Connection::finish() {
  deadline_.disarm();
  site_.connections.erase(place_);
  site_.loop.retire(*this);
}

void Connection::record(int status, std::string_view what) {
  ++site_.responses[status];
  if (!site_.loop.logs(reactor::LogLevel::kDebug)) return;
  std::string line = parser_.request().remote().to_string();
  line.append(" http ").append(std::to_string(status)).append(" ").append(what);
  site_.loop.log(reactor::LogLevel::kDebug, line);
}

}  // namespace http
