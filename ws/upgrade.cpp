// The order of the checks is the order of their costs, and every refusal is a real HTTP response.
#include "ws/upgrade.hpp"

#include <algorithm>
#include <utility>

#include "ws/codec.hpp"
#include "ws/origin.hpp"
#include "ws/protocol/handshake.hpp"

namespace ws {

namespace {

// All that the connections of one route share. It lives as long as the loops that it serves, because they do.
class Route : public std::enable_shared_from_this<Route> {
 public:
  Route(SessionFactory factory, UpgradeOptions options)
      : factory_(std::move(factory)),
        allow_origins_(std::move(options.allow_origins)),
        settings_{.limits = options.limits,
                  .subprotocols = std::move(options.subprotocols),
                  .trace = std::move(options.trace),
                  .compression = options.compression} {
    prepare_codec(settings_, std::move(options.codec));
    protocol::prefetch_digest();
  }

  void upgrade(http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::vector<protocol::Field> fields = fields_of(request);
    const protocol::UpgradeCheck check =
        protocol::check_upgrade_request(request.method(), request.major(), request.minor(), fields);
    if (!check.accepted()) return exchange.respond(refusal(check));
    if (exchange.loop().shutting_down()) return exchange.respond(http::text(503, "The server is shutting down.\n"));
    if (const auto reason = foreign_origin(request)) {
      exchange.loop().log(reactor::LogLevel::kWarning, request.remote().to_string() + " refused: " + *reason);
      return exchange.respond(http::text(403, "This page may not connect here: its origin is not allowed.\n"));
    }
    const std::string_view subprotocol = protocol::choose_subprotocol(check.subprotocols, settings_.subprotocols);
    SessionOrResponse made = factory_(request, subprotocol);
    if (auto* response = std::get_if<http::Response>(&made)) return exchange.respond(std::move(*response));

    const auto compression = protocol::accept_deflate(check.extensions, settings_.compression);
    const std::string answer =
        protocol::write_upgrade_response(check.key, subprotocol, compression ? compression->answer : "");
    Agreed agreed = {.subprotocol = index_of(subprotocol)};
    if (compression) agreed.compression = compression->agreed;
    switch_protocols(exchange, answer, std::get<std::unique_ptr<Session>>(std::move(made)), agreed);
  }

 private:
  // 101 Switching Protocols: HTTP lets go of the socket, and from its next byte on it is a WebSocket.
  void switch_protocols(http::Exchange& exchange, std::string_view answer, std::unique_ptr<Session> session,
                        const Agreed& agreed) {
    reactor::Loop& loop = exchange.loop();
    if (kept_by_ != &loop) loop.keep(shared_from_this());
    kept_by_ = &loop;
    auto [stream, early] = exchange.hijack();
    stream->write({reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()});
    loop.adopt(std::make_unique<Connection>(Role::kServer, std::move(stream), std::move(session), settings_, agreed))
        .open(early);
  }

  static std::vector<protocol::Field> fields_of(const http::Request& request) {
    std::vector<protocol::Field> fields;
    fields.reserve(request.headers().size());
    for (const http::Header& header : request.headers()) fields.push_back({.name = header.name, .value = header.value});
    return fields;
  }

  static http::Response refusal(const protocol::UpgradeCheck& check) {
    http::Response response = http::text(check.status, std::string(check.reason) + "\n");
    for (const protocol::Field& field : check.extra_fields) response.headers.emplace_back(field.name, field.value);
    return response;
  }

  std::optional<std::string> foreign_origin(const http::Request& request) const {
    const auto origins =
        std::count_if(request.headers().begin(), request.headers().end(),
                      [](const http::Header& header) { return http::equals_ignoring_case(header.name, "Origin"); });
    if (origins > 1) return "it names several origins";
    const auto origin = request.header("Origin");
    return refuse_origin({.origin = origin,
                          .host = request.header("Host").value_or(""),
                          .secure = request.secure(),
                          .from_loopback = origin && request.local().is_loopback(),
                          .allowed = allow_origins_});
  }

  std::uint8_t index_of(std::string_view subprotocol) const {
    const auto found = std::find(settings_.subprotocols.begin(), settings_.subprotocols.end(), subprotocol);
    const auto index = static_cast<std::size_t>(found - settings_.subprotocols.begin());
    return static_cast<std::uint8_t>(std::min<std::size_t>(index, Agreed::kNoSubprotocol));
  }

  SessionFactory factory_;
  std::vector<std::string> allow_origins_;
  Settings settings_;
  const reactor::Loop* kept_by_ = nullptr;
};

}  // namespace

http::Handler upgrade(SessionFactory factory, UpgradeOptions options) {
  auto route = std::make_shared<Route>(std::move(factory), std::move(options));
  return [route](http::Exchange& exchange) { route->upgrade(exchange); };
}

}  // namespace ws
