// A browser hashes what stands between <script> and </script> (CSP 3, 2.3.1 and 6.7.3.3), so we hash the same bytes.
#include "ws/app/page.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <string>

#include "http/header.hpp"

namespace ws::app {

namespace {

constexpr std::string_view kHtml =
#include <build/embedded/page/page.html>
    ;
constexpr std::string_view kStyle =
#include <build/embedded/page/page.css>
    ;
constexpr std::string_view kWords =
#include <build/embedded/page/words.js>
    ;
constexpr std::string_view kElements =
#include <build/embedded/page/elements.js>
    ;
constexpr std::string_view kConnection =
#include <build/embedded/page/connection.js>
    ;
constexpr std::string_view kFeed =
#include <build/embedded/page/feed.js>
    ;
constexpr std::string_view kRows =
#include <build/embedded/page/rows.js>
    ;
constexpr std::string_view kChat =
#include <build/embedded/page/chat.js>
    ;
constexpr std::string_view kSidebar =
#include <build/embedded/page/sidebar.js>
    ;
constexpr std::string_view kComposer =
#include <build/embedded/page/composer.js>
    ;
constexpr std::string_view kPage =
#include <build/embedded/page/page.js>
    ;

std::string sha256_base64(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-256");
  }
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {encoded.begin(), encoded.begin() + length};
}

void replace_once(std::string& document, std::string_view line, const std::string& with) {
  const std::size_t place = document.find(line);
  if (place == std::string::npos || document.find(line, place + 1) != std::string::npos) {
    throw std::logic_error("the page does not name this part once: " + std::string(line));
  }
  document.replace(place, line.size(), with);
}

// HTML ends a script where it reads `</script`, and reads one behind `<!--` by rules of its own (HTML 4.12.1.3).
void expect_to_stay_inside(std::string_view text, const std::string& element) {
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("<!--") || http::equals_ignoring_case(rest.substr(0, element.size() + 2), "</" + element)) {
      throw std::logic_error("this part of the page would end its own element: " + std::string(rest.substr(0, 40)));
    }
  }
}

std::string security_policy(const std::string& scripts, const std::string& styles) {
  return "default-src 'none'; script-src" + scripts + "; style-src" + styles +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
         "require-trusted-types-for 'script'; trusted-types 'none'";
}

}  // namespace

http::Response assemble_page(std::string_view html, const std::vector<PagePart>& parts) {
  http::Response response = {.content_type = "text/html; charset=utf-8", .body = std::string(html)};
  std::string scripts;
  std::string styles;
  for (const PagePart& part : parts) {
    const std::string element(part.element);
    const std::string text = "\n" + std::string(part.text);
    expect_to_stay_inside(text, element);
    (element == "script" ? scripts : styles).append(" 'sha256-").append(sha256_base64(text)).append("'");
    std::string whole;
    whole.append("<").append(element).append(">").append(text).append("</").append(element).append(">");
    replace_once(response.body, part.line, whole);
  }
  const std::string policy = security_policy(scripts, styles);
  response.headers = {
      {"Content-Security-Policy", policy},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      // A browser asks each time whether its copy is still the right one, so a new version is seen at once.
      {"Cache-Control", "no-cache"},
      // Of the policy too: a 304 leaves the fields of the copy as they were in some caches.
      {"ETag", '"' + sha256_base64(policy + response.body) + '"'},
  };
  return response;
}

http::Response page() {
  return assemble_page(kHtml, {{R"(<link rel="stylesheet" href="page.css">)", "style", kStyle},
                               {R"(<script src="words.js"></script>)", "script", kWords},
                               {R"(<script src="elements.js"></script>)", "script", kElements},
                               {R"(<script src="connection.js"></script>)", "script", kConnection},
                               {R"(<script src="feed.js"></script>)", "script", kFeed},
                               {R"(<script src="rows.js"></script>)", "script", kRows},
                               {R"(<script src="chat.js"></script>)", "script", kChat},
                               {R"(<script src="sidebar.js"></script>)", "script", kSidebar},
                               {R"(<script src="composer.js"></script>)", "script", kComposer},
                               {R"(<script src="page.js"></script>)", "script", kPage}});
}

}  // namespace ws::app
