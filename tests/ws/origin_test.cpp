// The origin check is the only thing between a foreign page and the session of whoever looks at it (RFC 6455 10.2,
// "cross-site WebSocket hijacking"). The rows are attempts that got past real servers.
#include "ws/origin.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace ws {
namespace {

struct Attempt {
  const char* what;
  const char* origin;
  bool allowed;
};

bool allows(const OriginCheck& check) { return !refuse_origin(check).has_value(); }

// ---- Without a list: the same origin only

constexpr Attempt kSameOrigin[] = {
    {"the same", "http://www.example.com", true},
    {"the default port written out", "http://www.example.com:80", true},
    {"another case of the host", "http://WWW.Example.COM", true},
    {"another case of the scheme", "HTTP://www.example.com", true},
    {"a page in a sandbox, or from a file", "null", false},
    {"empty", "", false},
    {"another scheme", "https://www.example.com", false},
    {"another scheme on our port", "https://www.example.com:80", false},
    {"another port", "http://www.example.com:8080", false},
    {"the port of another scheme", "http://www.example.com:443", false},
    {"another host", "http://evil.example", false},
    {"a dot that an unescaped pattern would match", "http://wwwAexample.com", false},
    {"our name as a prefix", "http://www.example.com.evil", false},
    {"our name as a prefix, without a dot", "http://www.example.comevil", false},
    {"our name as a suffix", "http://evilwww.example.com", false},
    {"a sub-domain", "http://test.www.example.com", false},
    {"the domain above", "http://example.com", false},
    {"a sibling", "http://api.example.com", false},
    {"our name as the user", "http://www.example.com@evil.example", false},
    {"our name as a password", "http://user:www.example.com@evil.example", false},
    {"a user at our name", "http://evil@www.example.com", false},
    {"a back quote, which some browsers allow in a host", "http://www.example.com`google.com", false},
    {"a trailing dot", "http://www.example.com.", false},
    {"a path", "http://www.example.com/", false},
    {"a longer path", "http://www.example.com/page", false},
    {"a query", "http://www.example.com?", false},
    {"a fragment", "http://www.example.com#", false},
    {"a back slash", "http://www.example.com\\evil", false},
    {"a space in front", " http://www.example.com", false},
    {"a space behind", "http://www.example.com ", false},
    {"two in one", "http://evil.example http://www.example.com", false},
    {"two in one with a comma", "http://www.example.com, http://evil.example", false},
    {"an empty port", "http://www.example.com:", false},
    {"a port that is none", "http://www.example.com:80x", false},
    {"a port with a sign", "http://www.example.com:+80", false},
    {"a port that is longer than one", "http://www.example.com:000080", false},
    {"two ports", "http://www.example.com:80:80", false},
    {"no scheme", "www.example.com", false},
    {"an empty scheme", "://www.example.com", false},
    {"no host", "http://", false},
    {"the scheme twice", "http://http://www.example.com", false},
    {"a letter that only looks like ours", "http://www.ex\xD0\xB0mple.com", false},
    {"its punycode", "http://www.xn--exmple-4nf.com", false},
    {"a control character", "http://www.example.com\x01", false},
    {"percent-encoding", "http://www%2Eexample.com", false},
};

TEST(Origin, without_a_list_only_the_servers_own_pages_may_connect) {
  for (const Attempt& attempt : kSameOrigin) {
    EXPECT_EQ(allows({.origin = attempt.origin, .host = "www.example.com", .allowed = {}}), attempt.allowed)
        << attempt.what << ": " << attempt.origin;
  }
}

TEST(Origin, who_sends_none_is_not_a_browser_and_may_connect) {
  EXPECT_TRUE(allows({.origin = std::nullopt, .host = "www.example.com", .allowed = {}}));
  const std::vector<std::string> listed = {"https://example.org"};
  EXPECT_TRUE(allows({.origin = std::nullopt, .host = "www.example.com", .allowed = listed}));
}

struct Hosted {
  const char* origin;
  const char* host;
  bool secure;
  bool allowed;
};

TEST(Origin, same_means_scheme_host_and_port) {
  const Hosted rows[] = {
      {"http://example.com:8080", "example.com:8080", false, true},
      {"http://example.com:8080", "Example.Com:8080", false, true},
      {"http://example.com", "example.com:80", false, true},
      {"http://example.com:80", "example.com", false, true},
      {"http://example.com", "example.com:8080", false, false},
      {"http://example.com:8080", "example.com", false, false},
      {"https://example.com", "example.com", true, true},
      {"https://example.com:443", "example.com", true, true},
      {"https://example.com", "example.com:443", true, true},
      {"https://example.com:80", "example.com:80", true, true},
      {"http://example.com", "example.com", true, false},
      {"http://[::1]:8080", "[::1]:8080", false, true},
      {"http://[::1]", "[::1]:80", false, true},
      {"http://[::1]", "[::2]", false, false},
      {"http://[::1]:8080", "[::1]:8081", false, false},
      {"http://[2001:DB8::1]", "[2001:db8::1]", false, true},
      {"http://xn--bcher-kva.example", "xn--bcher-kva.example", false, true},
      {"http://example.com.", "example.com.", false, true},
      {"http://", "", false, false},
      {"http://example.com", "", false, false},
      {"null", "null", false, false},
      {"http://[::1", "[::1", false, false},
      {"http://[]", "[]", false, false},
      {"http://a b", "a b", false, false},
      {"http://user@example.com", "user@example.com", false, false},
  };
  for (const Hosted& row : rows) {
    EXPECT_EQ(allows({.origin = row.origin, .host = row.host, .secure = row.secure, .allowed = {}}), row.allowed)
        << row.origin << " at " << row.host << (row.secure ? " over TLS" : "");
  }
}

// ---- The list

TEST(Origin, the_list_adds_origins_by_exact_comparison) {
  const std::vector<std::string> listed = {"https://example.org", "http://Dev.Example.org:8080",
                                           "chrome-extension://abcdef"};
  const Attempt rows[] = {
      {"listed", "https://example.org", true},
      {"listed, another case", "HTTPS://EXAMPLE.ORG", true},
      {"listed, its own port written out", "https://example.org:443", true},
      {"listed with a port", "http://dev.example.org:8080", true},
      {"listed with another scheme", "chrome-extension://abcdef", true},
      {"the same origin is still allowed", "http://www.example.com", true},
      {"the list says https", "http://example.org", false},
      {"another port", "https://example.org:8443", false},
      {"a sub-domain of a listed one", "https://www.example.org", false},
      {"a listed one as a prefix", "https://example.org.evil", false},
      {"without the port that is listed", "http://dev.example.org", false},
      {"none", "null", false},
  };
  for (const Attempt& row : rows) {
    EXPECT_EQ(allows({.origin = row.origin, .host = "www.example.com", .allowed = listed}), row.allowed) << row.what;
  }
}

TEST(Origin, what_is_no_origin_matches_nothing_in_the_list) {
  const std::vector<std::string> listed = {"null", "", "example.org", "*.example.org", "https://*.example.org"};
  for (const char* origin : {"null", "", "example.org", "https://www.example.org", "*.example.org"}) {
    EXPECT_FALSE(allows({.origin = origin, .host = "www.example.com", .allowed = listed})) << origin;
  }
}

TEST(Origin, a_star_allows_any) {
  const std::vector<std::string> listed = {"https://example.org", "*"};
  for (const char* origin : {"null", "", "http://evil.example", "https://example.org"}) {
    EXPECT_TRUE(allows({.origin = origin, .host = "rebound.example", .from_loopback = true, .allowed = listed}))
        << origin;
  }
}

// ---- DNS rebinding: the name of a foreign page leads to this machine, and origin and Host agree

TEST(Origin, on_a_loopback_listener_the_host_must_be_this_machines_own_name) {
  const Attempt rows[] = {
      {"localhost", "localhost", true},
      {"with a port", "localhost:8080", true},
      {"another case", "LocalHost:8080", true},
      {"a name below localhost (RFC 6761 6.3)", "app.localhost:8080", true},
      {"IPv4", "127.0.0.1:8080", true},
      {"all of 127.0.0.0/8", "127.8.8.8", true},
      {"IPv6", "[::1]:8080", true},
      {"a foreign name", "evil.example", false},
      {"with our port", "evil.example:8080", false},
      {"localhost as a prefix", "localhost.evil.example", false},
      {"localhost as a suffix without a dot", "evillocalhost", false},
      {"127 as a prefix of a name", "127.0.0.1.evil.example", false},
      {"127 as a prefix of a number", "1270.0.0.1", false},
      {"an address of another machine", "192.168.1.1", false},
      {"an IPv6 address of another machine", "[2001:db8::1]", false},
  };
  for (const Attempt& row : rows) {
    const std::string origin = "http://" + std::string(row.origin);
    EXPECT_EQ(allows({.origin = origin, .host = row.origin, .from_loopback = true, .allowed = {}}), row.allowed)
        << row.what;
    EXPECT_TRUE(allows({.origin = origin, .host = row.origin, .from_loopback = false, .allowed = {}})) << row.what;
  }
}

TEST(Origin, who_is_listed_may_come_to_a_loopback_listener_through_a_proxy) {
  const std::vector<std::string> listed = {"https://example.org"};
  EXPECT_TRUE(
      allows({.origin = "https://example.org", .host = "example.org", .from_loopback = true, .allowed = listed}));
}

// ---- What the log is told

TEST(Origin, a_refusal_names_the_flag_that_would_allow_it) {
  const auto foreign = refuse_origin({.origin = "https://Evil.example:443", .host = "h", .allowed = {}});
  ASSERT_TRUE(foreign);
  EXPECT_NE(foreign->find("--allow-origin https://evil.example"), std::string::npos) << *foreign;
  const auto rebound =
      refuse_origin({.origin = "http://evil.example", .host = "evil.example", .from_loopback = true, .allowed = {}});
  ASSERT_TRUE(rebound);
  EXPECT_NE(rebound->find("--allow-origin http://evil.example"), std::string::npos) << *rebound;
  const auto none = refuse_origin({.origin = "null", .host = "h", .allowed = {}});
  ASSERT_TRUE(none);
  EXPECT_NE(none->find("--allow-origin '*'"), std::string::npos) << *none;
}

TEST(Origin, a_refusal_repeats_nothing_that_has_not_the_form_of_an_origin) {
  for (const char* origin :
       {"\x1b[2J://host", "http://\x1b[2Jhost", "x\ny", "http://h\r\nX: y", "\x9b://h", "a'b://h"}) {
    const auto refused = refuse_origin({.origin = origin, .host = "h", .allowed = {}});
    ASSERT_TRUE(refused) << origin;
    for (const char letter : *refused) EXPECT_TRUE(letter >= ' ' && letter < 0x7F) << *refused;
  }
}

TEST(Origin, is_normalized_to_one_form) {
  struct Row {
    const char* text;
    std::optional<std::string> normal;
  };
  const Row rows[] = {
      {"http://Example.org:80", "http://example.org"},
      {"https://example.org:443", "https://example.org"},
      {"http://example.org:443", "http://example.org:443"},
      {"ws://example.org:80", "ws://example.org:80"},
      {"HTTP://[::1]:80", "http://[::1]"},
      {"moz-extension://a-b-c", "moz-extension://a-b-c"},
      {"http://a_b.c", "http://a_b.c"},
      {"1http://h", std::nullopt},
      {"ht tp://h", std::nullopt},
      {"http:/h", std::nullopt},
      {"http://[v1.x]", std::nullopt},
      {"null", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(normalize_origin(row.text), row.normal) << row.text;
}

}  // namespace
}  // namespace ws
