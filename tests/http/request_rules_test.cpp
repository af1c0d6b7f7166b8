// Each rule of RFC 9110 and 9112 that lets a request in or keeps it out, by one row or more.
#include "http/request_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace http {
namespace {

constexpr std::size_t kMaxBody = 1000;

// The status of the refusal, or the plan for the body: "none", "7 bytes", "chunked", with "+100" if a 100 is awaited.
std::string judge(const std::string& text) {
  HeadScanner scanner(HeadScanner::Start::kFirstLine);
  scanner.scan(text, {});
  EXPECT_TRUE(scanner.complete()) << text;
  Head head;
  const HeadFault fault = parse_request_head(text, scanner.field_count(), head);
  EXPECT_EQ(fault, HeadFault::kNone) << text << describe(fault, {});
  BodyPlan plan;
  if (const auto refusal = check_request(head, kMaxBody, plan)) {
    EXPECT_FALSE(refusal->reason.empty());
    return std::to_string(refusal->status);
  }
  std::string shown = plan.kind == BodyPlan::Kind::kNone      ? "none"
                      : plan.kind == BodyPlan::Kind::kChunked ? "chunked"
                                                              : std::to_string(plan.size) + " bytes";
  return plan.expects_continue ? shown + "+100" : shown;
}

struct Row {
  const char* request;  // without the last empty line
  const char* wanted;
};

void expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(judge(std::string(row.request) + "\r\n\r\n"), row.wanted) << row.request;
}

TEST(RequestRules, one_host_is_required_in_http_1_1) {
  expect({{"GET / HTTP/1.1\r\nHost: example.com", "none"},
          {"GET / HTTP/1.1\r\nHost:", "none"},
          {"GET / HTTP/1.1\r\nA: b", "400"},
          {"GET / HTTP/1.1\r\nHost: a\r\nHost: a", "400"},
          {"GET / HTTP/1.1\r\nHost: a\r\nhost: b", "400"},
          {"GET / HTTP/1.0", "none"},
          {"GET / HTTP/1.0\r\nHost: a\r\nHost: a", "400"}});
}

TEST(RequestRules, a_host_is_a_host_and_a_port_and_nothing_else) {
  expect({{"GET / HTTP/1.1\r\nHost: [::1]:8080", "none"},
          {"GET / HTTP/1.1\r\nHost: a_b.example:80", "none"},
          {"GET / HTTP/1.1\r\nHost: user@a", "400"},
          {"GET / HTTP/1.1\r\nHost: a/b", "400"},
          {"GET / HTTP/1.1\r\nHost: a b", "400"},
          {"GET / HTTP/1.1\r\nHost: a?b", "400"},
          {"GET / HTTP/1.1\r\nHost: a#b", "400"},
          {"GET / HTTP/1.1\r\nHost: a\\b", "400"},
          {"GET / HTTP/1.1\r\nHost: a\"b", "400"},
          {"GET / HTTP/1.1\r\nHost: \xff", "400"}});
}

TEST(RequestRules, a_target_is_a_path_or_an_url_of_this_host) {
  expect({{"GET /a/b?c=%20 HTTP/1.1\r\nHost: a", "none"},
          {"GET /a#b HTTP/1.1\r\nHost: a", "400"},
          {"GET http://a/x HTTP/1.1\r\nHost: a", "none"},
          {"GET http://A:80/x HTTP/1.1\r\nHost: a:80", "none"},
          {"GET http://b/x HTTP/1.1\r\nHost: a", "400"},
          {"GET http://b/x HTTP/1.1\r\nHost:", "400"},
          {"GET http://b/x HTTP/1.0", "none"},
          {"GET //evil.example/x HTTP/1.1\r\nHost: a", "none"},
          {"OPTIONS * HTTP/1.1\r\nHost: a", "none"},
          {"GET * HTTP/1.1\r\nHost: a", "400"},
          {"OPTIONS *x HTTP/1.1\r\nHost: a", "400"}});
}

TEST(RequestRules, connect_is_no_tunnel) { expect({{"CONNECT a:443 HTTP/1.1\r\nHost: a:443", "501"}}); }

TEST(RequestRules, a_body_has_one_length_or_is_chunked) {
  expect({{"POST / HTTP/1.1\r\nHost: a", "none"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0", "none"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0007", "7 bytes"},
          {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7", "7 bytes"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000", "1000 bytes"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001", "413"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615", "413"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked", "chunked"},
          {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", "400"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip", "501"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked", "501"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity", "501"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked", "501"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:", "501"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"", "501"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "400"}});
}

TEST(RequestRules, a_handshake_has_no_body) {
  expect({{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: foo, WebSocket\r\nContent-Length: 1", "400"},
          {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked", "400"},
          {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nContent-Length: 0", "none"},
          {"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nContent-Length: 1", "1 bytes"}});
}

TEST(RequestRules, one_expectation_is_known) {
  expect({{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nExpect: 100-Continue", "7 bytes+100"},
          {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue", "chunked+100"},
          {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue", "none"},
          {"POST / HTTP/1.0\r\nContent-Length: 7\r\nExpect: 100-continue", "7 bytes"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nExpect: 200-ok", "417"},
          {"GET / HTTP/1.1\r\nHost: a\r\nExpect:", "417"},
          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue", "413"}});
}

}  // namespace
}  // namespace http
