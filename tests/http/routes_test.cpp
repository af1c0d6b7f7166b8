// Which handler a request reaches, and what it is told when there is none.
#include "http/routes.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "http/request_parser.hpp"
#include "tests/http/client.hpp"
#include "tests/http/cuts.hpp"

namespace http {
namespace {

Handler answering(std::string body) {
  return [body = std::move(body)](Exchange& exchange) { exchange.respond(text(200, body)); };
}

Response dispatch(const Routes& routes, const std::string& method_and_target) {
  const RequestLimits limits;
  RequestParser parser(limits);
  parser.feed(tests::piece(method_and_target + " HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(parser.state(), RequestParser::State::kComplete);
  reactor::Loop loop;
  auto stream = std::make_unique<reactor::Stream>(loop, tests::make_pair().theirs);
  Exchange exchange(parser.request(), stream, {});
  routes.dispatch(exchange);
  return exchange.response().value_or(text(0, "no answer"));
}

TEST(Routes, a_request_reaches_the_handler_of_its_method_and_path) {
  Routes routes;
  routes.add("GET", "/", answering("root"));
  routes.add("GET", "/ws", answering("get"));
  routes.add("POST", "/ws", answering("post"));
  EXPECT_EQ(dispatch(routes, "GET /").body, "root");
  EXPECT_EQ(dispatch(routes, "GET /ws?a=b").body, "get");
  EXPECT_EQ(dispatch(routes, "POST /ws").body, "post");
}

TEST(Routes, a_head_is_served_like_a_get_unless_it_has_its_own_handler) {
  Routes routes;
  routes.add("GET", "/a", answering("get"));
  routes.add("GET", "/b", answering("get"));
  routes.add("HEAD", "/b", answering("head"));
  routes.add("POST", "/c", answering("post"));
  EXPECT_EQ(dispatch(routes, "HEAD /a").body, "get");
  EXPECT_EQ(dispatch(routes, "HEAD /b").body, "head");
  EXPECT_EQ(dispatch(routes, "HEAD /c").status, 405);
}

TEST(Routes, paths_are_exact) {
  Routes routes;
  routes.add("GET", "/ws", answering("yes"));
  for (const char* path : {"/", "/WS", "/ws/", "/ws/x", "//ws", "/./ws", "/%77s", "/ws;x"}) {
    EXPECT_EQ(dispatch(routes, std::string("GET ") + path).status, 404) << path;
  }
}

TEST(Routes, another_method_is_told_which_ones_there_are) {
  Routes routes;
  routes.add("GET", "/a", answering(""));
  routes.add("POST", "/a", answering(""));
  routes.add("POST", "/b", answering(""));
  const Response response = dispatch(routes, "DELETE /a");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.at(0), (std::pair<std::string, std::string>("Allow", "GET, HEAD, POST")));
  EXPECT_NE(response.body.find("GET, HEAD, POST"), std::string::npos);
  EXPECT_EQ(dispatch(routes, "GET /b").headers.at(0).second, "POST");
}

TEST(Routes, the_last_handler_of_a_route_counts) {
  Routes routes;
  routes.add("GET", "/", answering("old"));
  routes.add("GET", "/", answering("new"));
  EXPECT_EQ(dispatch(routes, "GET /").body, "new");
}

}  // namespace
}  // namespace http
