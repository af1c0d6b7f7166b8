// All that can fail is done before the first line `listening on`; after it the server can serve.
#include "ws/app/serve.hpp"

#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>

#include "http/server.hpp"
#include "reactor/loop.hpp"
#include "reactor/signals.hpp"
#include "ws/app/logging.hpp"
#include "ws/app/page.hpp"
#include "ws/app/quantities.hpp"
#include "ws/app/sessions.hpp"
#include "ws/app/trace.hpp"
#include "ws/masking_keys.hpp"
#include "ws/protocol/handshake.hpp"
#include "ws/upgrade.hpp"

namespace ws::app {

namespace {

// A server's connections are descriptors; the soft limit of 1024 is there for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// OpenSSL looks algorithms up at their first use, which takes milliseconds and opens files: not during a handshake.
void warm_up_openssl() {
  protocol::prefetch_digests();
  std::array<std::uint8_t, 16> unused;
  fill_random(unused);
}

void announce(const reactor::Address& address) {
  const std::string where = address.to_string();
  if (where.starts_with("unix:")) {
    std::printf("listening on %s (WebSocket ws+%s:/ws)\n", where.c_str(), where.c_str());
  } else {
    std::printf("listening on http://%s (WebSocket ws://%s/ws)\n", where.c_str(), where.c_str());
  }
  std::fflush(stdout);
}

constexpr reactor::Milliseconds kWithoutLimit{std::int64_t{365} * 24 * 3'600'000};

void add_endpoints(http::Server& server, const ServeOptions& options) {
  UpgradeOptions upgrade_options = {.allow_origins = options.allow_origins, .limits = options.limits};
  if (options.trace) upgrade_options.trace = print_trace;
  server.get("/", http::html(std::string(page())));
  server.get("/ws", upgrade([&options](const http::Request& request,
                                       std::string_view) { return make_greeter(request, options); },
                            upgrade_options));
  server.get("/echo", upgrade<Echo>(upgrade_options));
  server.get("/healthz", [](http::Exchange& exchange) { exchange.respond(http::text(200, "ok\n")); });
}

}  // namespace

int serve(const ServeOptions& options) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);  // a log reader that went away must not take the server with it
  reactor::Loop loop;
  log_to_standard_error(loop, options.log_level, options.log_format);
  warm_up_openssl();

  http::Server server(loop, options.http);
  add_endpoints(server, options);

  bool stopping = false;
  const reactor::Signals signals(loop, {SIGTERM, SIGINT}, [&](int) {
    if (stopping) return loop.stop();
    stopping = true;
    loop.log(reactor::LogLevel::kInfo,
             "stopping: everybody gets " +
                 (options.drain_timeout.count() > 0 ? format_duration(options.drain_timeout) : "all the time") +
                 " to leave; a second signal ends at once");
    loop.shut_down(options.drain_timeout.count() > 0 ? options.drain_timeout : kWithoutLimit);
  });

  std::vector<reactor::Address> addresses;
  for (const std::string& text : options.listen.empty() ? std::vector<std::string>{"localhost:8080"} : options.listen) {
    for (const reactor::Address& address : server.listen(text)) addresses.push_back(address);
  }
  for (const reactor::Address& address : addresses) announce(address);
  loop.run();
  return 0;
}

}  // namespace ws::app
