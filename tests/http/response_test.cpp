// What a response looks like on the wire (RFC 9112 4, 6), and that no value can break out of its field.
#include "http/response.hpp"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

TEST(Response, is_written_with_what_makes_a_message_of_it) {
  EXPECT_EQ(write_response_head(text(200, "hello"), "Sun, 06 Nov 1994 08:49:37 GMT", false),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(write_response_head({.status = 405, .content_type = "", .headers = {{"Allow", "GET, HEAD"}}}, "", true),
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\nAllow: GET, HEAD\r\n\r\n");
}

TEST(Response, without_a_body_has_no_length) {
  EXPECT_EQ(write_response_head({.status = 204, .body = "lost"}, "", false), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(write_response_head({.status = 304, .headers = {{"ETag", "\"1\""}}}, "", false),
            "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
  EXPECT_TRUE(status_has_body(200));
  EXPECT_FALSE(status_has_body(100));
}

TEST(Response, of_an_unknown_status_has_a_phrase_all_the_same) {
  EXPECT_EQ(write_response_head({.status = 299, .content_type = ""}, "", false),
            "HTTP/1.1 299 Other\r\nContent-Length: 0\r\n\r\n");
  for (const int status : {400, 404, 405, 408, 413, 414, 417, 426, 429, 431, 500, 501, 503, 505}) {
    EXPECT_NE(reason_phrase(status), "Other") << status;
  }
}

TEST(Response, a_field_that_would_break_out_is_a_bug_and_is_not_sent) {
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"X", "a\r\nSet-Cookie: b"},
                                    {"X", "a\nb"},
                                    {"X", std::string("a\0b", 3)},
                                    {"X\r\nY", "a"},
                                    {"X:", "a"},
                                    {"", "a"},
                                    {"content-length", "7"},
                                    {"Transfer-Encoding", "chunked"},
                                    {"Connection", "Upgrade"},
                                    {"Date", "now"}}) {
    const Response response = {.content_type = "", .headers = {{name, value}}};
#ifdef NDEBUG
    EXPECT_EQ(write_response_head(response, "", false), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") << name;
#else
    EXPECT_DEATH(write_response_head(response, "", false), "a response field") << name;
#endif
  }
}

TEST(DateClock, writes_the_one_form_that_http_has) {
  DateClock clock;
  EXPECT_EQ(clock.text_at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(clock.text_at(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(clock.text_at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(DateClock, writes_it_anew_only_when_the_second_has_changed) {
  DateClock clock;
  const char* first = clock.text_at(784111777).data();
  EXPECT_EQ(clock.text_at(784111777).data(), first);
  EXPECT_EQ(clock.text_at(784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(clock.text().size(), 29U);
}

}  // namespace
}  // namespace http
