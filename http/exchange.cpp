// The two ways to answer.
#include "http/exchange.hpp"

#include <cassert>
#include <utility>

namespace http {

void Exchange::respond(Response response) {
  assert(stream_ != nullptr && !response_ && "a request is answered once");
  if (stream_ != nullptr && !response_) response_ = std::move(response);
}

// The moment at which a connection stops being HTTP. Nothing is sent, nothing is copied and no system call is made: the
// caller becomes the owner of the very stream on which the request came, with its socket, what waits to be sent on it,
// and its place in the event loop; and of the bytes that the client sent behind the request and that were read with it.
// The HTTP connection, when its handler returns, finds that it has no stream any more and ends itself: its parser and
// the head of the request are freed with the end of this turn of the loop. Until the new owner calls
// stream->attach(), input is still reported to the HTTP connection, so that comes first.
Hijacked Exchange::hijack() {
  assert(stream_ != nullptr && !response_ && "a request is answered once");
  return {.stream = std::move(stream_), .early = early_};
}

Handler html(std::string page) {
  return [page = std::move(page)](Exchange& exchange) {
    exchange.respond({.content_type = "text/html; charset=utf-8", .body = page});
  };
}

}  // namespace http
