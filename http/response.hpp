// What a handler answers, and how it is written (RFC 9112 4). The server adds what makes a message of it: Date,
// Content-Length, Connection; a handler sets the rest.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  // REQUIRES: names are tokens and values have no control characters, so that nobody can break out of a field; and
  // none is Connection, Content-Length, Transfer-Encoding or Date. A field that breaks this is not sent.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  bool close = false;  // end the connection behind this response
};

// `body` as plain text.
Response text(int status, std::string body);

// The words behind a status code: `Not Found`.
std::string_view reason_phrase(int status);

// The value of a Date field, written anew at most once a second.
class DateClock {
 public:
  std::string_view text();  // now
  std::string_view text_at(std::time_t time);

 private:
  std::time_t written_for_ = -1;
  std::string text_;
};

// RFC 9110 6.4.1: these have no body, and 1xx and 204 no Content-Length either.
bool status_has_body(int status);

// The head of `response`, up to and with the empty line. `date` may be empty: no Date field.
std::string write_response_head(const Response& response, std::string_view date, bool close);

}  // namespace http
