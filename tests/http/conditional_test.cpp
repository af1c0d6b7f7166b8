// RFC 9110 13.1.2: If-None-Match is a list of entity tags, compared weakly, or `*`; 15.4.5: 304 has the fields and no
// body.
#include "http/conditional.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/http/client.hpp"

namespace http {
namespace {

struct Row {
  std::string_view field;
  bool names = false;
};

TEST(NamesEtag, reads_the_list_tag_by_tag) {
  for (const Row& row : std::vector<Row>{
           {R"("abc")", true},
           {R"(W/"abc")", true},
           {R"("x", "abc")", true},
           {R"("x","abc","y")", true},
           {R"(, ,"abc" ,)", true},
           {R"("a,b", W/"abc")", true},
           {"*", true},
           {R"("ab")", false},
           {R"("abcd")", false},
           {R"("ABC")", false},
           {R"("x,"abc")", false},
           {R"("x\", "abc")", true},  // a backslash is a character of a tag like others
           {R"("*")", false},
           {R"(*, "abc")", false},
           {"abc", false},
           {R"("abc)", false},
           {R"(w/"abc")", false},
           {R"(W/abc)", false},
           {"W/", false},
           {R"(")", false},
           {"", false},
           {",", false},
       }) {
    const std::vector<Header> headers = {{.name = "if-none-match", .value = row.field}};
    EXPECT_EQ(names_etag(headers, R"("abc")"), row.names) << row.field;
    EXPECT_EQ(names_etag(headers, R"(W/"abc")"), row.names) << row.field << " against a weak one";
  }
}

TEST(NamesEtag, looks_at_each_field_of_that_name_and_at_no_other) {
  using Headers = std::vector<Header>;
  EXPECT_TRUE(names_etag(Headers{{"If-None-Match", R"("x")"}, {"IF-NONE-MATCH", R"("abc")"}}, R"("abc")"));
  EXPECT_FALSE(names_etag(Headers{{"If-Match", R"("abc")"}}, R"("abc")"));
  EXPECT_FALSE(names_etag({}, R"("abc")"));
}

struct Served {
  reactor::Loop loop;
  Server server{loop};
  Served() {
    server.get("/", unless_known({.content_type = "text/html",
                                  .headers = {{"Cache-Control", "no-cache"}, {"ETag", R"("abc")"}},
                                  .body = "<p>"}));
  }
  std::string answer_to(const std::string& request) {
    tests::Client client(loop, server);
    client.send(request);
    return client.receive_to_end();
  }
};

TEST(UnlessKnown, answers_in_full_who_has_nothing_or_something_else) {
  Served served;
  for (const char* field : {"", "If-None-Match: \"old\"\r\n"}) {
    const std::string answer =
        served.answer_to("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "Connection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("\r\nETag: \"abc\"\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n<p>")) << answer;
  }
}

TEST(UnlessKnown, answers_304_with_the_fields_and_no_body_who_has_it) {
  Served served;
  for (const char* method : {"GET", "HEAD"}) {
    const std::string answer = served.answer_to(
        std::string(method) + " / HTTP/1.1\r\nHost: a\r\nIf-None-Match: W/\"abc\"\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 304 Not Modified\r\n")) << answer;
    EXPECT_NE(answer.find("\r\nETag: \"abc\"\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nCache-Control: no-cache\r\n"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("Content-"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  }
}

#ifndef NDEBUG
TEST(UnlessKnownDeathTest, a_response_without_a_tag_is_a_bug) {
  EXPECT_DEATH(unless_known({.headers = {{"Cache-Control", "no-cache"}}}), "without a tag");
}
#endif

}  // namespace
}  // namespace http
