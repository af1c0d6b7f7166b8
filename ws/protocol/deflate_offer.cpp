// The four parameters of RFC 7692 7.1. Parsing says what an offer or an answer asks for; the two sides then judge it.
#include "ws/protocol/deflate_offer.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

namespace ws::protocol {
namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr std::string_view kServerNoTakeover = "server_no_context_takeover";
constexpr std::string_view kClientNoTakeover = "client_no_context_takeover";
constexpr std::string_view kServerWindow = "server_max_window_bits";
constexpr std::string_view kClientWindow = "client_max_window_bits";

enum class SaidBy : std::uint8_t { kClient, kServer };

struct Parameters {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  std::optional<std::uint8_t> server_window;
  std::optional<std::uint8_t> client_window;  // kMaxWindowBits if it came without a value
};

// RFC 7692 7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
std::optional<std::uint8_t> parse_window_bits(std::string_view text) {
  if (text == "8" || text == "9") return static_cast<std::uint8_t>(text[0] - '0');
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') {
    return static_cast<std::uint8_t>(10 + (text[1] - '0'));
  }
  return std::nullopt;
}

// RFC 7692 7.1.1: has no value. False also if it was there already.
bool take_flag(bool& flag, const ExtensionParameter& parameter) {
  return !parameter.value && !std::exchange(flag, true);
}

// RFC 7692 7.1.2. False if the value is wrong, missing though it must be there, or given twice.
bool take_window(std::optional<std::uint8_t>& window, const ExtensionParameter& parameter, bool needs_value) {
  if (window) return false;
  window = parameter.value ? parse_window_bits(*parameter.value) : std::optional(kMaxWindowBits);
  return window && (parameter.value || !needs_value);
}

// Nothing if the extension must be declined (RFC 7692 7.1): a parameter that is unknown, doubled or has a wrong value.
std::optional<Parameters> parse_parameters(const Extension& extension, SaidBy said_by) {
  Parameters parsed;
  for (const ExtensionParameter& parameter : extension.parameters) {
    bool taken = false;
    if (parameter.name == kServerNoTakeover) {
      taken = take_flag(parsed.server_no_takeover, parameter);
    } else if (parameter.name == kClientNoTakeover) {
      taken = take_flag(parsed.client_no_takeover, parameter);
    } else if (parameter.name == kServerWindow) {
      taken = take_window(parsed.server_window, parameter, true);
    } else if (parameter.name == kClientWindow) {
      // RFC 7692 7.1.2.2: an offer may name it without a value, an answer may not.
      taken = take_window(parsed.client_window, parameter, said_by == SaidBy::kServer);
    }
    if (!taken) return std::nullopt;
  }
  return parsed;
}

// RFC 7692 7.1.1.1, 7.1.2.1: what the server itself will do. It may promise more than it was asked for.
DeflateDirection agree_server(const Parameters& offer, const Compression& wanted) {
  const std::uint8_t asked = offer.server_window.value_or(kMaxWindowBits);
  if (wanted.mode == Compression::Mode::kShared) {
    return {.window_bits = asked, .context_takeover = false, .final_blocks = true};
  }
  return {.window_bits = std::min(asked, wanted.window_bits), .context_takeover = !offer.server_no_takeover};
}

// RFC 7692 7.1.1.2, 7.1.2.2: what the client shall do. Its window can be limited only if it said that it can do so; to
// forbid it to take its context over is always allowed, and then its window costs nothing between messages.
DeflateDirection agree_client(const Parameters& offer, const Compression& wanted) {
  if (wanted.mode == Compression::Mode::kShared) return {.context_takeover = false};
  if (!offer.client_window && wanted.window_bits < kMaxWindowBits) return {.context_takeover = false};
  return {.window_bits = std::min(offer.client_window.value_or(kMaxWindowBits), wanted.window_bits),
          .context_takeover = !offer.client_no_takeover};
}

void append_window(std::string& text, std::string_view name, std::uint8_t bits) {
  text.append("; ").append(name).append("=").append(std::to_string(bits));
}

std::string write_answer(const Parameters& offer, const DeflateAgreement& agreed) {
  std::string answer(kName);
  if (!agreed.server.context_takeover) answer.append("; ").append(kServerNoTakeover);
  if (!agreed.client.context_takeover) answer.append("; ").append(kClientNoTakeover);
  // RFC 7692 7.1.2.1: to accept an offer with this parameter is to answer it.
  if (offer.server_window || agreed.server.window_bits < kMaxWindowBits) {
    append_window(answer, kServerWindow, agreed.server.window_bits);
  }
  if (agreed.client.window_bits < kMaxWindowBits) append_window(answer, kClientWindow, agreed.client.window_bits);
  return answer;
}

std::optional<DeflateAccepted> accept_offer(const Extension& extension, const Compression& wanted) {
  const auto offer = parse_parameters(extension, SaidBy::kClient);
  if (!offer) return std::nullopt;
  // A window of 2^8 bytes is one that zlib cannot compress with; a peer with zlib that names it uses 2^9.
  if (std::min(offer->server_window.value_or(15), offer->client_window.value_or(15)) < kMinWindowBits) {
    return std::nullopt;
  }
  const DeflateAgreement agreed = {.server = agree_server(*offer, wanted), .client = agree_client(*offer, wanted)};
  return DeflateAccepted{.agreed = agreed, .answer = write_answer(*offer, agreed)};
}

}  // namespace

std::optional<DeflateAccepted> accept_deflate(std::span<const Extension> offers, const Compression& wanted) {
  assert(wanted.window_bits >= kMinWindowBits && wanted.window_bits <= kMaxWindowBits);
  if (wanted.mode == Compression::Mode::kOff) return std::nullopt;
  // RFC 7692 5: the offers are in the client's order of preference.
  for (const Extension& offer : offers) {
    if (offer.name != kName) continue;
    if (auto accepted = accept_offer(offer, wanted)) return accepted;
  }
  return std::nullopt;
}

std::string write_deflate_offer(const Compression& wanted) {
  switch (wanted.mode) {
    case Compression::Mode::kOff: return {};
    case Compression::Mode::kShared:
      return "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits";
    case Compression::Mode::kDedicated: break;
  }
  if (wanted.window_bits == kMaxWindowBits) return "permessage-deflate; client_max_window_bits";
  // A server that cannot limit its window may still forget it after each message.
  return "permessage-deflate; server_max_window_bits=" + std::to_string(wanted.window_bits) +
         "; client_max_window_bits, permessage-deflate; server_no_context_takeover; client_max_window_bits";
}

DeflateAnswer check_deflate_answer(std::span<const Extension> answered, const Compression& wanted) {
  if (answered.empty()) return {};
  const DeflateAnswer refused = {.error = UpgradeError::kCompression};
  if (answered.size() > 1 || answered[0].name != kName || wanted.mode == Compression::Mode::kOff) return refused;
  const auto answer = parse_parameters(answered[0], SaidBy::kServer);
  if (!answer) return refused;

  const bool shared = wanted.mode == Compression::Mode::kShared;
  const std::uint8_t server_window = answer->server_window.value_or(kMaxWindowBits);
  // RFC 7692 7.1.1.1, 7.1.2.1: what we asked of the server it must have promised.
  if (!answer->server_no_takeover && (shared || server_window > wanted.window_bits)) return refused;
  const std::uint8_t most = shared ? kMaxWindowBits : wanted.window_bits;
  const DeflateAgreement agreed = {
      .server = {.window_bits = server_window, .context_takeover = !answer->server_no_takeover},
      .client = {.window_bits = std::min(answer->client_window.value_or(kMaxWindowBits), most),
                 .context_takeover = !shared && !answer->client_no_takeover,
                 .final_blocks = shared && answer->client_no_takeover}};
  return {.agreed = agreed};
}

}  // namespace ws::protocol
