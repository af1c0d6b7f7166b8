// Bytes in, requests out: the whole of HTTP that a server hears, without a socket. The same class serves the
// connection, the tests and the fuzzers.
//
//     kIdle ──► kHead ──► (kBody) ──► kComplete ──next()──► kIdle ...
//                  └─────────┴──────► kRefused                        each byte is looked at once
//
// Memory is spent only on bytes that have arrived, and given back by next().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/chunked_body.hpp"
#include "http/head_scanner.hpp"
#include "http/refusal.hpp"
#include "http/request.hpp"
#include "http/request_rules.hpp"

namespace http {

struct RequestLimits {
  HeadLimits head = {};
  std::size_t max_body = std::size_t{1} << 20;
};

class RequestParser {
 public:
  enum class State : std::uint8_t { kIdle, kHead, kBody, kComplete, kRefused };

  explicit RequestParser(const RequestLimits& limits) : limits_(limits) {}

  // Reads on and returns how many of `bytes` belong to the request. Takes nothing once it is complete or refused.
  std::size_t feed(std::span<const std::uint8_t> bytes);
  State state() const { return state_; }

  // Complete, and valid until next().
  Request& request() { return request_; }
  const Request& request() const { return request_; }
  const Refusal& refusal() const { return refusal_; }
  // Forgets the request, and waits for the one behind it.
  void next();
  // True once, if the client now waits for a `100 Continue` before it sends the body (RFC 9110 10.1.1).
  bool take_continue();

 private:
  std::size_t feed_head(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  void complete_head();
  void refuse(HeadFault fault);
  void refuse(Refusal refusal);

  const RequestLimits& limits_;
  HeadScanner scanner_{HeadScanner::Start::kFirstLine};
  State state_ = State::kIdle;
  BodyPlan plan_;
  ChunkedBody chunked_;
  Request request_;
  Refusal refusal_;
};

}  // namespace http
