// All that can fail is done before the first line `listening on`; after it the server can serve.
#include "ws/app/serve.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/conditional.hpp"
#include "http/server.hpp"
#include "reactor/loop.hpp"
#include "reactor/signals.hpp"
#include "ws/app/certificate.hpp"
#include "ws/app/chat.hpp"
#include "ws/app/logging.hpp"
#include "ws/app/page.hpp"
#include "ws/app/quantities.hpp"
#include "ws/app/sessions.hpp"
#include "ws/app/trace.hpp"
#include "ws/codec.hpp"
#include "ws/hub.hpp"
#include "ws/masking_keys.hpp"
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

// Left to itself the allocator learns from the first large message to keep such blocks in its heap, where a small one
// that lies behind them holds them for good. So it does not learn: large blocks go back to the system, and what is free
// at the heap's end is kept only as far as messages of everyday size need it.
void settle_allocator() {
  constexpr int kMiB = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, 4 * kMiB);
  ::mallopt(M_TRIM_THRESHOLD, 2 * kMiB);
}

// OpenSSL sets its random source up at the first use, which takes milliseconds and opens files: not in a connection.
void warm_up_random() {
  std::array<std::uint8_t, 16> unused;
  fill_random(unused);
}

void announce(const reactor::Address& address, bool secure) {
  const std::string where = address.to_string();
  const char* s = secure ? "s" : "";
  if (where.starts_with("unix:")) {
    std::printf("listening on %s (WebSocket ws%s+%s:/ws)\n", where.c_str(), s, where.c_str());
  } else {
    std::printf("listening on http%s://%s (WebSocket ws%s://%s/ws)\n", s, where.c_str(), s, where.c_str());
  }
  std::fflush(stdout);
}

// All are opened before the first is announced.
void listen(http::Server& server, const ServeOptions& options) {
  std::vector<std::string> plain = options.listen;
  if (plain.empty() && options.tls_listen.empty()) plain.emplace_back("localhost:8080");
  std::vector<std::pair<reactor::Address, bool>> opened;
  for (const std::string& text : plain) {
    for (const reactor::Address& address : server.listen(text)) opened.emplace_back(address, false);
  }
  for (const std::string& text : options.tls_listen) {
    for (const reactor::Address& address : server.listen_tls(text)) opened.emplace_back(address, true);
  }
  for (const auto& [address, secure] : opened) announce(address, secure);
}

constexpr reactor::Milliseconds kWithoutLimit{std::int64_t{365} * 24 * 3'600'000};

void add_endpoints(http::Server& server, const ServeOptions& options, Hub& hub, Chat& chat) {
  UpgradeOptions upgrade_options = {.allow_origins = options.allow_origins,
                                    .limits = options.limits,
                                    .compression = options.compression,
                                    .codec = std::make_shared<Codec>()};  // one for all
  if (options.trace) upgrade_options.trace = print_trace;
  server.get("/", http::unless_known(page()));
  server.get("/ws", upgrade([&options](const http::Request& request,
                                       std::string_view) { return make_greeter(request, options); },
                            upgrade_options));
  server.get("/echo", upgrade<Echo>(upgrade_options));
  server.get("/broadcast",
             upgrade([&hub](const http::Request&, std::string_view) { return std::make_unique<Broadcaster>(hub); },
                     upgrade_options));
  server.get("/chat", upgrade([&chat](const http::Request& request,
                                      std::string_view) { return make_chat_session(request, chat); },
                              upgrade_options));
  server.get("/healthz", [](http::Exchange& exchange) { exchange.respond(http::text(200, "ok\n")); });
}

}  // namespace

int serve(const ServeOptions& options) {
  raise_descriptor_limit();
  settle_allocator();
  std::signal(SIGPIPE, SIG_IGN);  // a log reader that went away must not take the server with it
  reactor::Loop loop;
  log_to_standard_error(loop, options.log_level, options.log_format);

  Hub hub(options.hub);
  Chat chat(loop, options.chat, options.hub.max_queue);
  http::Server server(loop, options.http);
  add_endpoints(server, options, hub, chat);
  warm_up_random();

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

  std::optional<reactor::Signals> renewals;
  if (!options.tls_listen.empty()) {
    load_certificate(loop, server, options.tls);
    renewals.emplace(loop, std::initializer_list<int>{SIGHUP},
                     [&](int) { reload_certificate(loop, server, options.tls); });
  }
  listen(server, options);
  loop.run();
  return 0;
}

}  // namespace ws::app
