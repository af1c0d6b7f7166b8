// One request and its answer, as a handler holds it in its hands. It answers exactly once: with a response, or by
// hijacking the connection, after which HTTP has nothing more to do with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/request.hpp"
#include "http/response.hpp"
#include "reactor/loop.hpp"
#include "reactor/stream.hpp"

namespace http {

// The raw connection, in the hands of its new owner, who calls stream->attach() and then reads `early`.
struct Hijacked {
  std::unique_ptr<reactor::Stream> stream = {};
  // Every byte that was already read past the request: the client may have been quick. They may be changed in place,
  // and are gone when the handler returns.
  std::span<std::uint8_t> early = {};
};

class Exchange {
 public:
  Exchange(const Request& request, std::unique_ptr<reactor::Stream>& stream, std::span<std::uint8_t> early)
      : request_(request), loop_(stream->loop()), stream_(stream), early_(early) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  reactor::Loop& loop() const { return loop_; }

  // REQUIRES, of both: neither was called before.
  void respond(Response response);
  Hijacked hijack();

  // For whoever ran the handler.
  std::optional<Response>& response() { return response_; }

 private:
  const Request& request_;
  reactor::Loop& loop_;
  std::unique_ptr<reactor::Stream>& stream_;  // its owner's: empty after a hijack
  std::span<std::uint8_t> early_;
  std::optional<Response> response_;
};

using Handler = std::function<void(Exchange&)>;

// Answers with `page` as text/html.
Handler html(std::string page);

}  // namespace http
