// A request as its handler sees it: path, query, fields, and what it says about the connection.
#include "http/request.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.hpp"
#include "tests/http/cuts.hpp"

namespace http {
namespace {

void with_request(const std::string& bytes, const std::function<void(const Request&)>& look) {
  const RequestLimits limits;
  RequestParser parser(limits);
  parser.feed(tests::piece(bytes));
  ASSERT_EQ(parser.state(), RequestParser::State::kComplete) << bytes << parser.refusal().reason;
  look(parser.request());
}

std::string path_and_query(const std::string& target, const std::string& host = "h") {
  std::string shown;
  with_request("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n", [&](const Request& request) {
    EXPECT_EQ(request.target(), target);
    shown = std::string(request.path()) + " " + std::string(request.query());
  });
  return shown;
}

TEST(Request, splits_its_target_at_the_question_mark) {
  EXPECT_EQ(path_and_query("/"), "/ ");
  EXPECT_EQ(path_and_query("/ws?"), "/ws ");
  EXPECT_EQ(path_and_query("/ws?a=b?c"), "/ws a=b?c");
  EXPECT_EQ(path_and_query("/%2Fws//"), "/%2Fws// ");
}

TEST(Request, reads_the_path_of_an_absolute_target) {
  EXPECT_EQ(path_and_query("http://h/ws?a=b"), "/ws a=b");
  EXPECT_EQ(path_and_query("http://h"), "/ ");
  EXPECT_EQ(path_and_query("http://h?a"), "/ a");
}

TEST(Request, finds_fields_whatever_their_case) {
  with_request("GET / HTTP/1.1\r\nHOST: h\r\nX: 1\r\nx: 2\r\n\r\n", [](const Request& request) {
    EXPECT_EQ(request.header("host"), "h");
    EXPECT_EQ(request.header("X"), "1");
    EXPECT_EQ(request.header("Y"), std::nullopt);
    EXPECT_EQ(request.headers().size(), 3U);
    EXPECT_EQ(request.major(), 1);
    EXPECT_EQ(request.minor(), 1);
    EXPECT_FALSE(request.secure());
  });
}

TEST(Request, decodes_values_of_the_query) {
  struct Row {
    const char* query;
    std::optional<std::string> value_of_a;
  };
  for (const Row& row : std::vector<Row>{{"a=b", "b"},
                                         {"x=1&a=b&a=c", "b"},
                                         {"a", ""},
                                         {"a=", ""},
                                         {"&&a=b&", "b"},
                                         {"a=b=c", "b=c"},
                                         {"a=1+2%2b%2B", "1 2++"},
                                         {"%61=x", "x"},
                                         {"a=%C3%A4", "\xc3\xa4"},
                                         {"a=%", "%"},
                                         {"a=%4", "%4"},
                                         {"a=%zz+", "%zz+"},
                                         {"a=%00", std::string(1, '\0')},
                                         {"b=1", std::nullopt},
                                         {"ab=1", std::nullopt},
                                         {"=a", std::nullopt},
                                         {"", std::nullopt}}) {
    with_request("GET /?" + std::string(row.query) + " HTTP/1.1\r\nHost: h\r\n\r\n",
                 [&](const Request& request) { EXPECT_EQ(request.query_value("a"), row.value_of_a) << row.query; });
  }
}

TEST(Request, stays_on_the_connection_in_http_1_1_unless_it_says_close) {
  struct Row {
    const char* rest;
    bool keep_alive;
  };
  for (const Row& row :
       {Row{" HTTP/1.1\r\nHost: h\r\n", true}, Row{" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", false},
        Row{" HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: foo, CLOSE\r\n", false},
        Row{" HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n", true}, Row{" HTTP/1.0\r\n", false},
        Row{" HTTP/1.0\r\nConnection: keep-alive\r\n", false}}) {
    with_request(std::string("GET /") + row.rest + "\r\n",
                 [&](const Request& request) { EXPECT_EQ(request.keep_alive(), row.keep_alive) << row.rest; });
  }
}

TEST(Request, wants_to_upgrade_if_it_names_any_protocol) {
  with_request("GET / HTTP/1.1\r\nHost: h\r\nupgrade: h2c\r\n\r\n",
               [](const Request& request) { EXPECT_TRUE(request.wants_upgrade()); });
  with_request("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n",
               [](const Request& request) { EXPECT_FALSE(request.wants_upgrade()); });
}

}  // namespace
}  // namespace http
