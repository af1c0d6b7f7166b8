// The page is one document that needs nothing else, and its policy names the very bytes that it may run (CSP
// 3, 6.7.3.3). What it does is tested in a browser, by tests/system/page_test.mjs.
#include "ws/app/page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ws::app {
namespace {

std::string field(const http::Response& response, std::string_view name) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == response.headers.end() ? "" : found->second;
}

int count(std::string_view text, std::string_view what) {
  int found = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

constexpr std::string_view kHtml = "<p><!--s--><!--a--><!--b-->";

http::Response assemble(std::string_view script) {
  return assemble_page(kHtml,
                       {{"<!--s-->", "style", "p {}"}, {"<!--a-->", "script", script}, {"<!--b-->", "script", "b()"}});
}

TEST(AssemblePage, puts_each_part_in_its_place) {
  EXPECT_EQ(assemble("a()").body, "<p><style>\np {}</style><script>\na()</script><script>\nb()</script>");
}

// The hashes are those of `printf '\na()' | openssl dgst -sha256 -binary | base64`, and so on.
TEST(AssemblePage, lets_the_browser_run_those_bytes_and_nothing_else) {
  EXPECT_EQ(field(assemble("a()"), "Content-Security-Policy"),
            "default-src 'none'; "
            "script-src 'sha256-yarGK+SgEHn+CuM1sv//x+gTDQfPLG6a/eZyRLeqOsk=' "
            "'sha256-w3yLWLUkl5XPuPEx8bjPobiVq2wTDUiBrthwgSQlwXE='; "
            "style-src 'sha256-UfqFf46tNYFq+0IPcu+C6a9r61kL1KtBvzgRCyy6xgg='; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'");
}

TEST(AssemblePage, has_another_tag_for_other_content_and_the_same_for_the_same) {
  const std::string etag = field(assemble("a()"), "ETag");
  EXPECT_TRUE(etag.size() > 2 && etag.front() == '"' && etag.back() == '"') << etag << " is a strong one";
  EXPECT_EQ(count(etag, "\""), 2) << etag;
  EXPECT_EQ(field(assemble("a()"), "ETag"), etag);
  EXPECT_NE(field(assemble("c()"), "ETag"), etag);
}

TEST(AssemblePage, a_part_that_the_document_does_not_name_once_is_a_bug) {
  EXPECT_THROW(assemble_page("<p>", {{"<!--a-->", "script", ""}}), std::logic_error);
  EXPECT_THROW(assemble_page("<!--a--><!--a-->", {{"<!--a-->", "script", ""}}), std::logic_error);
}

// A script that says `</script` would end there, and the rest of it would be markup.
TEST(AssemblePage, a_part_that_would_end_its_own_element_is_a_bug) {
  for (const char* text : {"'</script>'", "'</SCRIPT '", "'<!--'"}) {
    EXPECT_THROW(assemble(text), std::logic_error) << text;
  }
}

TEST(Page, is_one_document_that_needs_nothing_else) {
  const http::Response response = page();
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(response.body.starts_with("<!DOCTYPE html>\n"));
  EXPECT_TRUE(response.body.ends_with("</html>\n"));
  for (const char* absent :
       {"src=", "@import", "url(", "<link rel=\"stylesheet\"", "href=\"http", "style=\"", "onclick"}) {
    EXPECT_EQ(count(response.body, absent), 0) << absent;
  }
  EXPECT_LT(response.body.size(), std::size_t{100} * 1024);
}

TEST(Page, each_script_and_style_of_it_has_its_hash) {
  const http::Response response = page();
  EXPECT_EQ(count(field(response, "Content-Security-Policy"), "'sha256-"),
            count(response.body, "<script>") + count(response.body, "<style>"));
  EXPECT_EQ(count(response.body, "<script>"), count(response.body, "</script>"));
}

TEST(Page, says_what_a_browser_may_do_with_it) {
  const http::Response response = page();
  EXPECT_EQ(field(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(field(response, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(field(response, "Cross-Origin-Resource-Policy"), "same-origin");
  EXPECT_EQ(field(response, "Cache-Control"), "no-cache");
}

// The document's scripts never make markup of a text: there is no function in them that could.
TEST(Page, has_no_way_from_text_to_markup) {
  const std::string body = page().body;
  for (const char* absent : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
                             "DOMParser", "createContextualFragment", "srcdoc", "setAttribute('on"}) {
    EXPECT_EQ(count(body, absent), 0) << absent;
  }
}

}  // namespace
}  // namespace ws::app
