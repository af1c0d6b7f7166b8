// Both sides of the opening handshake (RFC 6455 4). The checks ask one rule after the other, in the order of
// 4.2.1 and 4.1; the writers put together constants and what has been checked.
#include "ws/protocol/handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace ws::protocol {
namespace {

// RFC 6455 1.3: a text that no server sends by accident.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

constexpr std::size_t kEncodedKeySize = 24;  // base64 of kKeySize bytes

constexpr std::array kWanted = {Field{"Upgrade", "websocket"}, Field{"Sec-WebSocket-Version", "13"}};
constexpr std::array kAllowed = {Field{"Allow", "GET"}};

// SHA-1, looked up once and with memory of its own: to look for it, and to make room for it, each cost more than the
// digest of a key. Every thread has one.
class Digest {
 public:
  static constexpr std::size_t kSize = 20;

  static Digest& of_this_thread() {
    static thread_local Digest digest;
    return digest;
  }

  // False where OpenSSL was set up without SHA-1.
  bool works() const { return works_; }

  // REQUIRES: works(). Else it is all zero, which no peer takes for an answer.
  std::array<std::uint8_t, kSize> of(std::string_view first, std::string_view second) {
    std::array<std::uint8_t, kSize> digest{};
    const bool digested = works_ && EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1 &&
                          EVP_DigestUpdate(context_.get(), first.data(), first.size()) == 1 &&
                          EVP_DigestUpdate(context_.get(), second.data(), second.size()) == 1 &&
                          EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
    return digested ? digest : std::array<std::uint8_t, kSize>{};
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  Digest() = default;

  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
  bool works_ = context_ != nullptr && EVP_DigestInit_ex2(context_.get(), EVP_sha1(), nullptr) == 1;
};

std::string encode_base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  // EVP_EncodeBlock ends the text with a NUL, where std::string has its own.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  return text;
}

bool is_base64_char(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
         (character >= '0' && character <= '9') || character == '+' || character == '/';
}

// RFC 6455 4.2.1: "a base64-encoded value that, when decoded, is 16 bytes in length". 22 characters
// and two pads; the last character holds 2 bits of the value and 4 that must be 0.
bool is_key(std::string_view text) {
  if (text.size() != kEncodedKeySize || !text.ends_with("==")) return false;
  const auto characters = text.substr(0, kEncodedKeySize - 2);
  return std::all_of(characters.begin(), characters.end(), is_base64_char) &&
         std::string_view("AQgw").find(characters.back()) != std::string_view::npos;
}

bool is_named(const Field& field, std::string_view name) { return equals_ignoring_case(field.name, name); }

bool has_duplicates(std::span<const std::string_view> tokens) {
  for (std::size_t index = 0; index < tokens.size(); ++index) {
    if (std::find(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(index), tokens[index]) !=
        tokens.begin() + static_cast<std::ptrdiff_t>(index)) {
      return true;
    }
  }
  return false;
}

UpgradeCheck refuse(int status, std::string_view reason, std::span<const Field> extra_fields = {}) {
  return {.status = status, .reason = reason, .extra_fields = extra_fields};
}

// RFC 6455 11.3.2, 11.3.4: a client may spread both lists over several fields.
UpgradeCheck check_offers(std::string_view key, std::span<const Field> fields) {
  UpgradeCheck check{.key = key};
  for (const Field& field : fields) {
    if (is_named(field, "Sec-WebSocket-Protocol") && !parse_token_list(field.value, check.subprotocols)) {
      return refuse(400, "Sec-WebSocket-Protocol is malformed");
    }
    if (is_named(field, "Sec-WebSocket-Extensions") && !parse_extension_list(field.value, check.extensions)) {
      return refuse(400, "Sec-WebSocket-Extensions is malformed");
    }
  }
  // RFC 6455 4.1: "The elements that comprise this value MUST ... all be unique strings".
  if (has_duplicates(check.subprotocols)) return refuse(400, "Sec-WebSocket-Protocol names a subprotocol twice");
  return check;
}

// The fields that write_upgrade_request writes itself, and those that would give the request a body.
bool is_own_field(std::string_view name) {
  constexpr std::array kOwn = {std::string_view("Host"),
                               std::string_view("Upgrade"),
                               std::string_view("Origin"),
                               std::string_view("Connection"),
                               std::string_view("Expect"),
                               std::string_view("Content-Length"),
                               std::string_view("Transfer-Encoding")};
  constexpr std::string_view kPrefix = "Sec-WebSocket-";
  return equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix) ||
         std::any_of(kOwn.begin(), kOwn.end(), [&](std::string_view own) { return equals_ignoring_case(name, own); });
}

// Printable ASCII without spaces: fit for a target or a host.
bool is_visible(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

// RFC 9110 5.5: no control characters in a value. A line break would start a field of its own.
bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7F;
  });
}

bool may_be_written(const ClientHandshake& handshake) {
  std::vector<std::string_view> subprotocols(handshake.subprotocols.begin(), handshake.subprotocols.end());
  return is_visible(handshake.host) && is_visible(handshake.target) && handshake.target.front() == '/' &&
         is_key(handshake.key) && is_field_value(handshake.extensions) && is_field_value(handshake.origin) &&
         std::all_of(subprotocols.begin(), subprotocols.end(), is_token) && !has_duplicates(subprotocols) &&
         std::all_of(handshake.extra_fields.begin(), handshake.extra_fields.end(), [](const Field& field) {
           return is_token(field.name) && !is_own_field(field.name) && is_field_value(field.value);
         });
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

// RFC 6455 4.1, step 5 of what the client checks: nothing that it did not ask for.
UpgradeError check_answered_extensions(std::span<const Field> fields, std::span<const std::string_view> offered,
                                       std::vector<Extension>& extensions) {
  const FieldMatch match = find_field(fields, "Sec-WebSocket-Extensions");
  if (match.count == 0) return UpgradeError::kNone;
  // RFC 6455 11.3.2: at most once in a response.
  if (match.count > 1 || !parse_extension_list(match.value, extensions)) return UpgradeError::kExtension;
  std::vector<std::string_view> names;
  for (const Extension& extension : extensions) {
    if (std::find(offered.begin(), offered.end(), extension.name) == offered.end()) return UpgradeError::kExtension;
    names.push_back(extension.name);
  }
  return has_duplicates(names) ? UpgradeError::kExtension : UpgradeError::kNone;
}

}  // namespace

void prefetch_digest() {
  if (!Digest::of_this_thread().works()) throw std::runtime_error("OpenSSL has no SHA-1, which a handshake needs");
}

std::string accept_key(std::string_view key) { return encode_base64(Digest::of_this_thread().of(key, kGuid)); }

bool is_upgrade_request(std::span<const Field> fields) { return any_list_contains(fields, "Upgrade", "websocket"); }

UpgradeCheck check_upgrade_request(std::string_view method, int http_major, int http_minor,
                                   std::span<const Field> fields) {
  // RFC 6455 4.2.1, by its numbers.
  // 1. "An HTTP/1.1 or higher GET request". Later major versions have no Upgrade (RFC 9113 8.6).
  if (method != "GET") return refuse(405, "a WebSocket handshake is a GET request", kAllowed);
  if (http_major != 1 || http_minor < 1) return refuse(400, "a WebSocket handshake needs HTTP/1.1");
  // 2. "A |Host| header field"; RFC 9112 3.2: exactly one.
  if (find_field(fields, "Host").count != 1) return refuse(400, "a request has exactly one Host");
  // 3. An Upgrade field that contains "websocket". Without it this is no handshake, and RFC 9110 15.5.22 has us
  // say what is wanted.
  if (!is_upgrade_request(fields)) return refuse(426, "this path speaks WebSocket: Upgrade: websocket", kWanted);
  // 4. A Connection field that contains "Upgrade".
  if (!any_list_contains(fields, "Connection", "upgrade")) return refuse(400, "Connection does not contain Upgrade");
  // 6. "A |Sec-WebSocket-Version| header field, with a value of 13"; 4.4: else say which version we know. Asked
  // before the key, which other versions lack.
  const FieldMatch version = find_field(fields, "Sec-WebSocket-Version");
  if (version.count != 1 || version.value != "13") return refuse(426, "the WebSocket version is 13", kWanted);
  // 5. "A |Sec-WebSocket-Key| header field".
  const FieldMatch key = find_field(fields, "Sec-WebSocket-Key");
  if (key.count != 1 || !is_key(key.value)) return refuse(400, "Sec-WebSocket-Key is not base64 of 16 bytes, once");
  // 8. and 9. Optionally, lists of subprotocols and extensions.
  return check_offers(key.value, fields);
}

std::string_view choose_subprotocol(std::span<const std::string_view> offered, std::span<const std::string> supported) {
  for (const std::string& ours : supported) {
    if (std::find(offered.begin(), offered.end(), ours) != offered.end()) return ours;
  }
  return {};
}

std::string write_upgrade_response(std::string_view key, std::string_view subprotocol, std::string_view extensions) {
  constexpr std::string_view kBegin =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  std::string response;
  response.reserve(256);  // most are not longer, and so allocate once
  response.append(kBegin);
  response.append(accept_key(key)).append("\r\n");
  if (!subprotocol.empty()) append_field(response, "Sec-WebSocket-Protocol", subprotocol);
  if (!extensions.empty()) append_field(response, "Sec-WebSocket-Extensions", extensions);
  response.append("\r\n");
  return response;
}

std::string make_key(std::span<const std::uint8_t, kKeySize> random) { return encode_base64(random); }

std::string write_upgrade_request(const ClientHandshake& handshake) {
  if (!may_be_written(handshake)) return {};
  std::string request("GET ");
  request.append(handshake.target).append(" HTTP/1.1\r\n");
  append_field(request, "Host", handshake.host);
  append_field(request, "Upgrade", "websocket");
  append_field(request, "Connection", "Upgrade");
  append_field(request, "Sec-WebSocket-Key", handshake.key);
  append_field(request, "Sec-WebSocket-Version", "13");
  if (!handshake.origin.empty()) append_field(request, "Origin", handshake.origin);
  std::string subprotocols;
  for (const std::string& subprotocol : handshake.subprotocols) {
    subprotocols.append(subprotocols.empty() ? "" : ", ").append(subprotocol);
  }
  if (!subprotocols.empty()) append_field(request, "Sec-WebSocket-Protocol", subprotocols);
  if (!handshake.extensions.empty()) append_field(request, "Sec-WebSocket-Extensions", handshake.extensions);
  for (const Field& field : handshake.extra_fields) append_field(request, field.name, field.value);
  request.append("\r\n");
  return request;
}

std::string_view describe(UpgradeError error) {
  switch (error) {
    case UpgradeError::kNone: return "no error";
    case UpgradeError::kStatus: return "the server did not answer 101 Switching Protocols";
    case UpgradeError::kHttpVersion: return "the server does not speak HTTP/1.1";
    case UpgradeError::kUpgrade: return "the response has not one Upgrade: websocket";
    case UpgradeError::kConnection: return "the response has no Connection: Upgrade";
    case UpgradeError::kAccept:
      return "Sec-WebSocket-Accept does not answer our key: this is no WebSocket server, or a cache in between";
    case UpgradeError::kSubprotocol: return "the server chose a subprotocol that was not offered";
    case UpgradeError::kExtension: return "the server chose an extension that was not offered";
    case UpgradeError::kCompression: return "the server's permessage-deflate does not answer what was offered";
  }
  return "unknown error";
}

UpgradeAnswer check_upgrade_response(int status, int http_minor, std::span<const Field> fields, std::string_view key,
                                     std::span<const std::string> offered_subprotocols,
                                     std::span<const std::string_view> offered_extensions) {
  // RFC 6455 4.1, what the client must check, by its numbers.
  // 1. The status.
  if (status != 101) return {.error = UpgradeError::kStatus};
  if (http_minor < 1) return {.error = UpgradeError::kHttpVersion};
  // 2. An Upgrade field that is "websocket".
  const FieldMatch upgrade = find_field(fields, "Upgrade");
  if (upgrade.count != 1 || !equals_ignoring_case(upgrade.value, "websocket")) return {.error = UpgradeError::kUpgrade};
  // 3. A Connection field that contains "Upgrade".
  if (!any_list_contains(fields, "Connection", "upgrade")) return {.error = UpgradeError::kConnection};
  // 4. The answer to our key: only a WebSocket server knows it.
  const FieldMatch accept = find_field(fields, "Sec-WebSocket-Accept");
  if (accept.count != 1 || accept.value != accept_key(key)) return {.error = UpgradeError::kAccept};
  // 5. No extension that was not offered.
  UpgradeAnswer answer;
  answer.error = check_answered_extensions(fields, offered_extensions, answer.extensions);
  if (answer.error != UpgradeError::kNone) return answer;
  // 6. No subprotocol that was not offered; 11.3.4: at most one.
  const FieldMatch subprotocol = find_field(fields, "Sec-WebSocket-Protocol");
  if (subprotocol.count == 0) return answer;
  const auto chosen = std::find(offered_subprotocols.begin(), offered_subprotocols.end(), subprotocol.value);
  if (subprotocol.count > 1 || chosen == offered_subprotocols.end()) return {.error = UpgradeError::kSubprotocol};
  answer.subprotocol = *chosen;
  return answer;
}

}  // namespace ws::protocol
