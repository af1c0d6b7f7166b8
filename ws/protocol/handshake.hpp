// The opening handshake of RFC 6455 4: is this HTTP request a WebSocket upgrade that may be accepted,
// what does the answer say, and the same from the client's side. Functions on header fields; reading
// HTTP is the work of the folder http. A refusal is a status and a reason, and echoes nothing that
// the client chose.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ws/protocol/header_grammar.hpp"

namespace ws::protocol {

inline constexpr std::size_t kKeySize = 16;  // bytes of the nonce in Sec-WebSocket-Key, before base64

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2, 5.4): base64(SHA-1(key + GUID)).
std::string accept_key(std::string_view key);

// Has OpenSSL look up SHA-1 for this thread now and not during its first handshake.
// Throws std::runtime_error if there is none.
void prefetch_digest();

// ---- The server's side.

// What check_upgrade_request found. Everything but `extensions` and constants is a view of the request.
struct UpgradeCheck {
  int status = 101;                          // 101 if the upgrade may be accepted, else the status of the refusal
  std::string_view reason = {};              // of a refusal: one sentence
  std::span<const Field> extra_fields = {};  // that the refusal must carry, such as Sec-WebSocket-Version: 13

  std::string_view key = {};
  std::vector<std::string_view> subprotocols = {};  // as offered, the client's favourite first
  std::vector<Extension> extensions = {};           // as offered

  bool accepted() const { return status == 101; }
};

// True if the request asks for the WebSocket protocol at all, well or badly.
bool is_upgrade_request(std::span<const Field> fields);

// Checks a request against RFC 6455 4.2.1. Refuses with 405 (the method is not GET), 426 (not an
// upgrade to WebSocket, or another version than 13) or 400.
UpgradeCheck check_upgrade_request(std::string_view method, int http_major, int http_minor,
                                   std::span<const Field> fields);

// The first of `supported` that is in `offered`; empty if there is none. What is returned is our text and never
// the peer's.
std::string_view choose_subprotocol(std::span<const std::string_view> offered, std::span<const std::string> supported);

// The whole 101 response. `subprotocol` and `extensions` are values of their fields, written by us; empty: no field.
std::string write_upgrade_response(std::string_view key, std::string_view subprotocol = {},
                                   std::string_view extensions = {});

// ---- The client's side.

struct ClientHandshake {
  std::string_view host = {};     // as for the Host field: with the port unless it is the scheme's own
  std::string_view target = "/";  // path and query
  std::string_view key = {};      // from make_key
  std::span<const std::string> subprotocols = {};
  std::string_view extensions = {};  // value of the field; empty: none
  std::string_view origin = {};      // empty: none
  std::span<const Field> extra_fields = {};
};

// The Sec-WebSocket-Key for 16 random bytes.
std::string make_key(std::span<const std::uint8_t, kKeySize> random);

// The whole request. Empty if a part of it would break out of its place (a line break, a space in the target, a
// name that is no token) or if an extra field is one of the handshake's own.
std::string write_upgrade_request(const ClientHandshake& handshake);

// Why a client must fail the connection instead of opening it (RFC 6455 4.1).
enum class [[nodiscard]] UpgradeError : std::uint8_t {
  kNone,
  kStatus,       // not 101
  kHttpVersion,  // older than HTTP/1.1
  kUpgrade,      // not one `Upgrade: websocket`
  kConnection,   // `Connection` does not contain `Upgrade`
  kAccept,       // Sec-WebSocket-Accept is not there once with the one right value
  kSubprotocol,  // a subprotocol that was not offered, or more than one
  kExtension,    // an extension that was not offered, or one twice
  kCompression,  // permessage-deflate with parameters that do not answer the offer
};

// A sentence for the user. Lives for ever.
std::string_view describe(UpgradeError error);

struct UpgradeAnswer {
  UpgradeError error = UpgradeError::kNone;
  std::string_view subprotocol = {};       // one of those offered, or empty
  std::vector<Extension> extensions = {};  // their parameters are for the extension to judge
};

// Checks the server's response to the request made with `key`.
UpgradeAnswer check_upgrade_response(int status, int http_minor, std::span<const Field> fields, std::string_view key,
                                     std::span<const std::string> offered_subprotocols,
                                     std::span<const std::string_view> offered_extensions = {});

}  // namespace ws::protocol
