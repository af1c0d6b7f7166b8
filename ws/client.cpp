// An opening client: name, TCP, request, response, each of which can fail, all before one deadline. When the response
// is right, the stream and the frames that came glued to it go to a Connection; when it is a refusal, its words are
// waited for.
#include "ws/client.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "http/header.hpp"
#include "http/response_parser.hpp"
#include "reactor/connector.hpp"
#include "reactor/tls_stream.hpp"
#include "ws/codec.hpp"
#include "ws/masking_keys.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/handshake.hpp"
#include "ws/refusal_words.hpp"
#include "ws/url.hpp"

namespace ws {

namespace {

const ConnectFailure kShuttingDown = {.text = "the program is shutting down"};

void tell(const reactor::Loop& loop, const std::function<void(const ConnectFailure&)>& on_failure,
          const ConnectFailure& failure) {
  if (on_failure) return on_failure(failure);
  loop.log(reactor::LogLevel::kWarning, failure.text);
}

// For a refusal's words, which may come behind its head.
constexpr reactor::Milliseconds kWordsTime{1000};

// RFC 7617 2.
std::string basic_authorisation(std::string_view credentials) {
  std::string encoded(4 * (credentials.size() / 3 + 1) + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(credentials.data()),
                                     static_cast<int>(credentials.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

// Tells of an attempt that was begun while the loop was shutting down. Some time later: who connects again at each
// failure would else keep a loop busy that only waits for its connections to leave.
class LateFailure final : private reactor::Timer {
 public:
  static constexpr reactor::Milliseconds kDelay{50};

  LateFailure(reactor::Loop& loop, std::function<void(const ConnectFailure&)> on_failure)
      : loop_(loop), on_failure_(std::move(on_failure)) {
    loop_.arm(*this, kDelay);
  }

 private:
  void on_timer() override { tell(loop_, std::exchange(on_failure_, nullptr), kShuttingDown); }

  reactor::Loop& loop_;
  std::function<void(const ConnectFailure&)> on_failure_;
};

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
    const auto on_connected = [self = std::weak_ptr<Opening*>(self_)](reactor::Connected connected) {
      if (const auto alive = self.lock()) (*alive)->on_connected(std::move(connected));
    };
    if (url_.unix_path.empty()) {
      reactor::connect_tcp(loop_, url_.host, url_.port, options_.connect_timeout, on_connected);
    } else {
      reactor::connect_unix(loop_, url_.unix_path, options_.connect_timeout, on_connected);
    }
  }

 private:
  std::string write_request() const {
    std::vector<protocol::Field> extra;
    bool authorised = false;
    for (const auto& [name, value] : options_.headers) {
      extra.push_back({.name = name, .value = value});
      authorised = authorised || http::equals_ignoring_case(name, "Authorization");
    }
    const std::string& credentials = options_.credentials.empty() ? url_.credentials : options_.credentials;
    const std::string authorisation = basic_authorisation(credentials);
    if (!credentials.empty() && !authorised) extra.push_back({.name = "Authorization", .value = authorisation});
    const std::string extensions = protocol::write_deflate_offer(options_.compression);
    std::string request = protocol::write_upgrade_request({.host = url_.host_field,
                                                           .target = url_.target,
                                                           .key = key_,
                                                           .subprotocols = options_.subprotocols,
                                                           .extensions = extensions,
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
    if (url_.secure) {
      stream_ = std::make_unique<reactor::TlsStream>(loop_, std::move(connected.socket), *options_.tls, url_.host);
    } else {
      stream_ = std::make_unique<reactor::Stream>(loop_, std::move(connected.socket));
    }
    stream_->attach(*this);
    stream_->write({reinterpret_cast<const std::uint8_t*>(request_.data()), request_.size()});
  }

  void on_input(std::span<std::uint8_t> bytes) override {
    if (!session_) return;
    if (words_) return on_refusal(bytes);
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
    constexpr std::array<std::string_view, 1> kExtensions = {"permessage-deflate"};
    const bool compresses = options_.compression.mode != protocol::Compression::Mode::kOff;
    const protocol::UpgradeAnswer answer =
        protocol::check_upgrade_response(parser_.status(), parser_.minor(), fields, key_, options_.subprotocols,
                                         std::span(kExtensions).first(compresses ? 1 : 0));
    if (answer.error == protocol::UpgradeError::kStatus) return on_refusal(early);
    if (answer.error != protocol::UpgradeError::kNone) return fail({.text = std::string(describe(answer.error))});
    const protocol::DeflateAnswer deflate = protocol::check_deflate_answer(answer.extensions, options_.compression);
    if (deflate.error != protocol::UpgradeError::kNone) return fail({.text = std::string(describe(deflate.error))});
    become(answer.subprotocol, deflate.agreed, early);
  }

  // The handshake is done: the stream goes to a connection.
  void become(std::string_view subprotocol, const std::optional<protocol::DeflateAgreement>& compression,
              std::span<std::uint8_t> early) {
    Settings made = {.limits = options_.limits,
                     .subprotocols = options_.subprotocols,
                     .trace = options_.trace,
                     .keep_reading = options_.keep_reading,
                     .compression = options_.compression};
    if (made.compression.mode != protocol::Compression::Mode::kOff || options_.codec != nullptr)
      prepare_codec(made, options_.codec);
    const auto settings = std::make_shared<const Settings>(std::move(made));
    Agreed agreed = {.compression = compression};
    for (std::size_t each = 0; each < settings->subprotocols.size() && each < agreed.subprotocol; ++each) {
      if (settings->subprotocols[each] == subprotocol) agreed.subprotocol = static_cast<std::uint8_t>(each);
    }
    leave();
    auto& connection = loop_.adopt(
        std::make_unique<Connection>(Role::kClient, std::move(stream_), std::move(session_), *settings, agreed));
    connection.keep(settings);
    connection.open(early);
  }

  void on_refusal(std::span<const std::uint8_t> body) {
    if (!words_) {
      words_.emplace(parser_);
      loop_.arm(*this, std::min(kWordsTime, options_.connect_timeout));
    }
    words_->feed(body);
    if (words_->complete()) fail(refused());
  }

  ConnectFailure refused() const {
    ConnectFailure failure{.text = "the server answered with status " + std::to_string(parser_.status()),
                           .status = parser_.status()};
    const auto location = parser_.header("Location");
    if (failure.status >= 300 && failure.status < 400 && location) {
      failure.text += ", which points to " + std::string(printable_front(*location, RefusalWords::kLongest)) +
                      " and is not followed";
    }
    if (!words_->text().empty()) failure.text += ": " + std::string(words_->text());
    return failure;
  }

  void on_end(reactor::StreamEnd) override {
    if (words_) return fail(refused());
    if (!stream_->failure().empty())
      return fail({.text = "no TLS with " + name() + ": " + std::string(stream_->failure())});
    fail({.text = "the server closed the connection during the handshake"});
  }
  void on_timer() override {
    if (words_) return fail(refused());
    fail({.text = stream_ == nullptr ? "cannot connect to " + name() + " in time"
                                     : "the server did not complete the handshake in time"});
  }
  std::string name() const { return url_.unix_path.empty() ? url_.host_field : "unix:" + url_.unix_path; }
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
  std::optional<RefusalWords> words_;                                  // once the server has refused
  std::shared_ptr<Opening*> self_ = std::make_shared<Opening*>(this);  // ends with us: the connector finds out by it
};

}  // namespace

void connect(reactor::Loop& loop, std::string_view url, std::unique_ptr<Session> session, ConnectOptions options) {
  Url parsed = Url::parse(url);
  if (parsed.secure && !options.tls) options.tls = reactor::TlsContext::client({});
  auto on_failure = options.on_failure;
  auto opening = std::make_unique<Opening>(loop, std::move(parsed), std::move(session), std::move(options));
  if (!loop.shutting_down()) return loop.adopt(std::move(opening)).start();
  loop.keep(std::make_shared<LateFailure>(loop, std::move(on_failure)));
}

}  // namespace ws
