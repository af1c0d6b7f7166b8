// A connection keeps the certificate with which it began.
#include "ws/app/certificate.hpp"

#include <stdexcept>
#include <string>

namespace ws::app {

void load_certificate(reactor::Loop& loop, http::Server& server, const reactor::TlsServerOptions& options) {
  server.set_tls(reactor::TlsContext::server(options));
  if (reactor::others_can_read(options.key)) {
    loop.log(reactor::LogLevel::kWarning,
             "others than its owner can read the key '" + options.key + "'; chmod 600 ends that");
  }
}

void reload_certificate(reactor::Loop& loop, http::Server& server, const reactor::TlsServerOptions& options) {
  try {
    load_certificate(loop, server, options);
    loop.log(reactor::LogLevel::kInfo, "the certificate '" + options.certificate + "' was read anew");
  } catch (const std::runtime_error& error) {
    loop.log(reactor::LogLevel::kError, std::string("the old certificate stays: ") + error.what());
  }
}

}  // namespace ws::app
