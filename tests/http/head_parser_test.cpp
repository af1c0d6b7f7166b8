// What llhttp reads in a head, and where we are stricter than it is (RFC 9112 3 and 4).
#include "http/head_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace http {
namespace {

std::string show(const Head& head) {
  std::string text = std::string(head.method) + "|" + std::string(head.target) + "|" + std::to_string(head.status) +
                     "|" + std::to_string(head.major) + "." + std::to_string(head.minor);
  for (const Header& header : head.headers) text.append("|").append(header.name).append("=").append(header.value);
  return text;
}

using ParseHead = HeadFault (*)(std::string_view, std::size_t, Head&);

std::string parse(const std::string& text, ParseHead parse_head) {
  HeadScanner scanner(HeadScanner::Start::kFirstLine);
  scanner.scan(text, {});
  EXPECT_TRUE(scanner.complete()) << text;
  Head head;
  const HeadFault fault = parse_head(text, scanner.field_count(), head);
  return fault == HeadFault::kNone ? show(head) : describe(fault, {});
}

std::string request(const std::string& text) { return parse(text, parse_request_head); }
std::string response(const std::string& text) { return parse(text, parse_response_head); }

TEST(HeadParser, reads_the_parts_of_a_request) {
  EXPECT_EQ(request("GET /ws?a=b HTTP/1.1\r\nHost: x:80\r\nEmpty:\r\nSpaces: \t a  b \t\r\nconnection: keep-alive,  "
                    "Upgrade\r\n\r\n"),
            "GET|/ws?a=b|0|1.1|Host=x:80|Empty=|Spaces=a  b|connection=keep-alive,  Upgrade");
  EXPECT_EQ(request("POST / HTTP/1.0\r\n\r\n"), "POST|/|0|1.0");
  EXPECT_EQ(request("\r\nM-SEARCH * HTTP/1.1\r\nA: \xff\r\n\r\n"), "M-SEARCH|*|0|1.1|A=\xff");
  EXPECT_EQ(request("GET http://a/b HTTP/1.1\r\n\r\n"), "GET|http://a/b|0|1.1");
  EXPECT_EQ(request("CONNECT a:1 HTTP/1.1\r\n\r\n"), "CONNECT|a:1|0|1.1");
}

TEST(HeadParser, stops_at_the_end_of_the_head_also_where_llhttp_would_pause_for_an_upgrade) {
  EXPECT_EQ(request("GET / HTTP/1.1\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n"),
            "GET|/|0|1.1|Upgrade=foo|Connection=Upgrade");
  EXPECT_EQ(request("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
            "GET|/|0|1.0|Upgrade=websocket|Connection=Upgrade");
}

TEST(HeadParser, leaves_the_judgement_of_the_body_to_the_rules) {
  EXPECT_EQ(request("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"), "POST|/|0|1.1|Transfer-Encoding=gzip");
  EXPECT_EQ(request("POST / HTTP/1.1\r\nContent-Length:  5 \r\n\r\n"), "POST|/|0|1.1|Content-Length=5");
}

TEST(HeadParser, refuses_a_request_line_that_is_not_three_parts_with_single_spaces) {
  const std::string first_line = describe(HeadFault::kFirstLine, {});
  const std::string version = describe(HeadFault::kVersion, {});
  const std::string method = describe(HeadFault::kMethod, {});
  const std::string target = describe(HeadFault::kTarget, {});
  struct Row {
    const char* line;
    std::string wanted;
  };
  for (const Row& row : std::vector<Row>{{"GET  / HTTP/1.1", first_line},
                                         {"GET /  HTTP/1.1", first_line},
                                         {"GET / HTTP/1.1 ", version},
                                         {"GET / HTTP/1.1x", version},
                                         {"GET / HTTP/1.11", version},
                                         {"GET / HTTP/01.1", version},
                                         {"GET / HTTP/1.2", version},
                                         {"GET / HTTP/0.9", version},
                                         {"GET / HTTP/2.0", version},
                                         {"GET / HTTP/3", version},
                                         {"PRI * HTTP/2.0", version},
                                         {"GET / RTSP/1.0", version},
                                         {"SOURCE / ICE/1.0", version},
                                         {"GET / http/1.1", first_line},
                                         {"GET / XTTP/1.1", first_line},
                                         {"GET /", first_line},
                                         {"GET", method},
                                         {"get / HTTP/1.1", method},
                                         {"BREW / HTTP/1.1", method},
                                         {"GETX / HTTP/1.1", method},
                                         {"GET ws HTTP/1.1", target},
                                         {"GET /\xff HTTP/1.1", target}}) {
    EXPECT_EQ(request(std::string(row.line) + "\r\nHost: x\r\n\r\n"), row.wanted) << row.line;
  }
}

TEST(HeadParser, refuses_lengths_that_are_no_numbers) {
  for (const char* fields :
       {"Content-Length: +5", "Content-Length: -1", "Content-Length: 5 5", "Content-Length: 0x5",
        "Content-Length:", "Content-Length: 18446744073709551616", "Content-Length: 5,5",
        "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding: chunked, gzip"}) {
    EXPECT_EQ(request(std::string("POST / HTTP/1.1\r\n") + fields + "\r\n\r\n"), describe(HeadFault::kBodySize, {}))
        << fields;
  }
}

TEST(HeadParser, reads_the_parts_of_a_response) {
  EXPECT_EQ(response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"), "||101|1.1|Upgrade=websocket");
  EXPECT_EQ(response("HTTP/1.0 404 \r\n\r\n"), "||404|1.0");
  EXPECT_EQ(response("HTTP/1.1 200\r\n\r\n"), "||200|1.1");
}

TEST(HeadParser, refuses_a_status_line_that_is_not_version_and_three_digits) {
  for (const char* line :
       {"HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK", "HTTP/2 200 OK", "HTTP/2.0 200 OK",
        "http/1.1 200 OK", "HTTP/1.1", "HTTP/1.1200 OK", "GET / HTTP/1.1", "ICY 200 OK"}) {
    EXPECT_EQ(response(std::string(line) + "\r\n\r\n").find("||"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace http
