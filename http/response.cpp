// Writing a response. Whatever a handler sets is looked at once more on its way out: a line break in a field would end
// the head where the author of a value wants it to.
#include "http/response.hpp"

#include <array>
#include <cassert>
#include <cstdio>
#include <utility>

#include "http/header.hpp"

namespace http {

namespace {

// The fields that say where a message ends, and its time: the server's alone.
bool is_ours(std::string_view name) {
  for (const std::string_view own : {"Connection", "Content-Length", "Transfer-Encoding", "Date"}) {
    if (equals_ignoring_case(name, own)) return true;
  }
  return false;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  const bool sound = is_token(name) && is_field_value(value);
  assert(sound && "a response field that would break out of its line");
  if (!sound) return;
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Response text(int status, std::string body) { return {.status = status, .body = std::move(body)}; }

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string write_response_head(const Response& response, std::string_view date, bool close) {
  std::string head;
  head.reserve(256);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason_phrase(response.status)).append("\r\n");
  if (!date.empty()) append_field(head, "Date", date);
  if (status_has_body(response.status)) {
    if (!response.content_type.empty()) append_field(head, "Content-Type", response.content_type);
    append_field(head, "Content-Length", std::to_string(response.body.size()));
  }
  if (close) append_field(head, "Connection", "close");
  for (const auto& [name, value] : response.headers) {
    assert(!is_ours(name) && "a response field that only the server may set");
    if (!is_ours(name)) append_field(head, name, value);
  }
  return head.append("\r\n");
}

std::string_view DateClock::text() { return text_at(std::time(nullptr)); }

// RFC 9110 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string_view DateClock::text_at(std::time_t time) {
  if (time == written_for_) return text_;
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  written_for_ = time;
  text_ = buffer.data();
  return text_;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Other";
  }
}

}  // namespace http
