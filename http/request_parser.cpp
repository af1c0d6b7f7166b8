// Head, rules, body: each step is another file's work, and this one leads the bytes from one to the next.
#include "http/request_parser.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace http {

std::size_t RequestParser::feed(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t taken = 0;
  if (state_ == State::kIdle || state_ == State::kHead) taken = feed_head(text);
  if (state_ == State::kBody) taken += feed_body(text.substr(taken));
  return taken;
}

std::size_t RequestParser::feed_head(std::string_view bytes) {
  const std::size_t taken = scanner_.scan(bytes, limits_.head);
  if (scanner_.fault() != HeadFault::kNone) {
    refuse(scanner_.fault());
    return taken;
  }
  request_.text_.append(bytes.substr(0, taken));
  if (scanner_.started()) state_ = State::kHead;
  if (scanner_.complete()) complete_head();
  return taken;
}

void RequestParser::complete_head() {
  const HeadFault fault = parse_request_head(request_.text_, scanner_.field_count(), request_.head_);
  if (fault != HeadFault::kNone) return refuse(fault);
  request_.split_target();
  if (auto refusal = check_request(request_.head_, limits_.max_body, plan_)) return refuse(std::move(*refusal));
  state_ = plan_.kind == BodyPlan::Kind::kNone ? State::kComplete : State::kBody;
}

std::size_t RequestParser::feed_body(std::string_view bytes) {
  std::string& body = request_.body_;
  if (!bytes.empty()) plan_.expects_continue = false;  // it did not wait
  if (plan_.kind == BodyPlan::Kind::kCounted) {
    const std::string_view part = bytes.substr(0, plan_.size - body.size());
    body.append(part);
    if (body.size() == plan_.size) state_ = State::kComplete;
    return part.size();
  }
  const std::size_t taken = chunked_.take(bytes, body, limits_.max_body, limits_.head);
  if (chunked_.state() == ChunkedBody::State::kComplete) state_ = State::kComplete;
  if (chunked_.state() == ChunkedBody::State::kRefused) refuse(chunked_.refusal());
  return taken;
}

void RequestParser::next() {
  scanner_ = HeadScanner(HeadScanner::Start::kFirstLine);
  state_ = State::kIdle;
  plan_ = {};
  chunked_ = {};
  request_.forget();
  refusal_ = {};
}

bool RequestParser::take_continue() { return state_ == State::kBody && std::exchange(plan_.expects_continue, false); }

// RFC 9110 15: the status for what is wrong with a head. Where a limit was met, the flag that moves it is named.
void RequestParser::refuse(HeadFault fault) {
  const std::string reason = describe(fault, limits_.head);
  switch (fault) {
    case HeadFault::kFirstLineTooLong: return refuse(Refusal{414, reason + " (--max-head)"});
    case HeadFault::kTooLarge: return refuse(Refusal{431, reason + " (--max-head)"});
    case HeadFault::kTooManyFields: return refuse(Refusal{431, reason + " (--max-headers)"});
    case HeadFault::kMethod: return refuse(Refusal{501, reason});
    case HeadFault::kVersion: return refuse(Refusal{505, reason});
    case HeadFault::kNone:
    case HeadFault::kStartByte:
    case HeadFault::kControlByte:
    case HeadFault::kBareCr:
    case HeadFault::kBareLf:
    case HeadFault::kFolded:
    case HeadFault::kFieldName:
    case HeadFault::kSpaceBeforeColon:
    case HeadFault::kFirstLine:
    case HeadFault::kTarget:
    case HeadFault::kBodySize:
    case HeadFault::kMalformed: return refuse(Refusal{400, reason});
  }
}

void RequestParser::refuse(Refusal refusal) {
  state_ = State::kRefused;
  refusal_ = std::move(refusal);
}

}  // namespace http
