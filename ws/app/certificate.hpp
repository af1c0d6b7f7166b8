// The server's certificate: read at the start, and again at SIGHUP, without a connection noticing.
#pragma once

#include "http/server.hpp"
#include "reactor/loop.hpp"
#include "reactor/tls_context.hpp"

namespace ws::app {

// Throws std::runtime_error with one line where it cannot be used.
void load_certificate(reactor::Loop& loop, http::Server& server, const reactor::TlsServerOptions& options);
// The same for a server that runs: what cannot be used is logged, and the old one stays.
void reload_certificate(reactor::Loop& loop, http::Server& server, const reactor::TlsServerOptions& options);

}  // namespace ws::app
