// An opening client: name, TCP, request, response, each of which can fail, all before one deadline. When the response
// is right, the stream and the frames that came glued to it go to a Connection.
#include "ws/client.hpp"

#include <array>
#include <optional>
#include <stdexcept>

#include "http/response_parser.hpp"
#include "reactor/connector.hpp"
#include "ws/masking_keys.hpp"
#include "ws/protocol/handshake.hpp"
#include "ws/url.hpp"

namespace ws {

namespace {

const ConnectFailure kShuttingDown = {.text = "the program is shutting down"};

void tell(const reactor::Loop& loop, const std::function<void(const ConnectFailure&)>& on_failure,
          const ConnectFailure& failure) {
  if (on_failure) return on_failure(failure);
  loop.log(reactor::LogLevel::kWarning, failure.text);
}

class Opening final : public reactor::Resident, private reactor::StreamHandler, private reactor::Timer {
 public:
  Opening(reactor::Loop& loop, Url url, std::unique_ptr<Session> session, ConnectOptions options)
      : loop_(loop), url_(std::move(url)), session_(std::move(session)), options_(std::move(options)) {
    std::array<std::uint8_t, protocol::kKeySize> random;
    fill_random(random);
    key_ = protocol::make_key(random);
    request_ = write_request();
  }

  void start() {
    loop_.arm(*this, options_.connect_timeout);
    const std::weak_ptr<Opening*> self = self_;
    reactor::connect_tcp(loop_, url_.host, url_.port, options_.connect_timeout, [self](reactor::Connected connected) {
      if (const auto alive = self.lock()) (*alive)->on_connected(std::move(connected));
    });
  }

 private:
  std::string write_request() const {
    std::vector<protocol::Field> extra;
    for (const auto& [name, value] : options_.headers) extra.push_back({.name = name, .value = value});
    std::string request = protocol::write_upgrade_request({.host = url_.host_field,
                                                           .target = url_.target,
                                                           .key = key_,
                                                           .subprotocols = options_.subprotocols,
                                                           .origin = options_.origin,
                                                           .extra_fields = extra});
    if (request.empty()) {
      throw std::invalid_argument(
          "the request cannot be written: a header, the origin or a subprotocol has a character that does not belong "
          "there, or a header is one of the handshake's own");
    }
    return request;
  }

  void on_connected(reactor::Connected connected) {
    if (!connected.socket.valid()) return fail({.text = connected.failure});
    stream_ = std::make_unique<reactor::Stream>(loop_, std::move(connected.socket));
    stream_->attach(*this);
    stream_->write({reinterpret_cast<const std::uint8_t*>(request_.data()), request_.size()});
  }

  void on_input(std::span<std::uint8_t> bytes) override {
    if (!session_) return;
    const std::size_t head = parser_.feed(bytes);
    switch (parser_.state()) {
      case http::ResponseParser::State::kReceiving: return;
      case http::ResponseParser::State::kFailed: return fail({.text = parser_.failure()});
      case http::ResponseParser::State::kComplete: return on_response(bytes.subspan(head));
    }
  }

  void on_response(std::span<std::uint8_t> early) {
    std::vector<protocol::Field> fields;
    for (const http::Header& header : parser_.headers()) fields.push_back({.name = header.name, .value = header.value});
    const protocol::UpgradeAnswer answer =
        protocol::check_upgrade_response(parser_.status(), parser_.minor(), fields, key_, options_.subprotocols);
    if (answer.error == protocol::UpgradeError::kStatus) return fail(refused(early));
    if (answer.error != protocol::UpgradeError::kNone) return fail({.text = std::string(describe(answer.error))});

    auto settings = std::make_shared<const Settings>(
        Settings{.limits = options_.limits, .subprotocols = options_.subprotocols, .trace = options_.trace});
    std::uint8_t index = Connection::kNoSubprotocol;
    for (std::size_t each = 0; each < settings->subprotocols.size() && each < index; ++each) {
      if (settings->subprotocols[each] == answer.subprotocol) index = static_cast<std::uint8_t>(each);
    }
    leave();
    auto& connection = loop_.adopt(
        std::make_unique<Connection>(Role::kClient, std::move(stream_), std::move(session_), *settings, index));
    connection.keep(settings);
    connection.open(early);
  }

  // The server's own words are shown, as far as they have come: its first line of text, without control characters.
  ConnectFailure refused(std::span<const std::uint8_t> body) const {
    ConnectFailure failure{.text = "the server answered with status " + std::to_string(parser_.status()),
                           .status = parser_.status()};
    std::string words;
    for (const std::uint8_t byte : body.first(std::min<std::size_t>(body.size(), 200))) {
      if (byte < ' ' || byte == 0x7F) break;
      words.push_back(static_cast<char>(byte));
    }
    if (!words.empty()) failure.text += ": " + words;
    return failure;
  }

  void on_end(reactor::StreamEnd) override { fail({.text = "the server closed the connection during the handshake"}); }
  void on_timer() override {
    fail({.text = stream_ == nullptr ? "cannot connect to " + url_.host_field + " in time"
                                     : "the server did not complete the handshake in time"});
  }
  void wind_down() override { fail(kShuttingDown); }

  void leave() {
    self_.reset();
    disarm();
    loop_.retire(*this);
  }

  void fail(const ConnectFailure& failure) {
    if (!session_) return;
    session_.reset();
    leave();
    if (stream_ != nullptr) stream_->close();
    tell(loop_, options_.on_failure, failure);
  }

  reactor::Loop& loop_;
  Url url_;
  std::unique_ptr<Session> session_;  // until it goes to the connection, or there will be none
  ConnectOptions options_;
  std::string key_;
  std::string request_;
  std::unique_ptr<reactor::Stream> stream_;
  http::ResponseParser parser_;
  std::shared_ptr<Opening*> self_ = std::make_shared<Opening*>(this);  // ends with us: the connector finds out by it
};

}  // namespace

void connect(reactor::Loop& loop, std::string_view url, std::unique_ptr<Session> session, ConnectOptions options) {
  Url parsed = Url::parse(url);
  if (parsed.secure)
    throw std::invalid_argument("'" + std::string(url) + "' asks for TLS, which this client does not speak; use ws://");
  auto on_failure = options.on_failure;
  auto opening = std::make_unique<Opening>(loop, std::move(parsed), std::move(session), std::move(options));
  if (!loop.shutting_down()) return loop.adopt(std::move(opening)).start();
  // Also told in a later turn: who connects again at each failure must not do so from inside this call.
  loop.post([&loop, on_failure = std::move(on_failure)] { tell(loop, on_failure, kShuttingDown); });
}

}  // namespace ws
