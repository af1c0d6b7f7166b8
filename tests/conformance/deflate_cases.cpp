// The tables of groups 12 and 13. The suite has files of its own to send (a JSON file, a picture, a book, a web page, a
// PDF); here there are contents made alike, which compress about as well.
#include "tests/conformance/deflate_cases.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "tests/conformance/frames.hpp"

namespace conformance {

namespace {

constexpr std::size_t kContentSize = 262144;

// The suite sends a thousand messages of each size, gigabytes in all. So many bytes fill each window twice.
constexpr std::size_t kBytesInAll = 65536;
constexpr int kMostRounds = 1000;

using Random = std::mt19937;

std::string word(Random& random) {
  constexpr std::array<std::string_view, 16> kSyllables = {"ba", "ten", "lo",  "mir", "sag",   "e", "und", "wie",
                                                           "ch", "ist", "ver", "ge",  "licht", "t", "on",  "ra"};
  std::string made;
  for (std::size_t count = 1 + random() % 3; count > 0; --count) made += kSyllables[random() % kSyllables.size()];
  return made;
}

std::string sentence(Random& random, std::string_view vowel) {
  std::string made;
  for (std::size_t count = 4 + random() % 9; count > 0; --count) {
    made += word(random);
    if (random() % 7 == 0) made += vowel;
    made += count > 1 ? " " : ".\n";
  }
  return made;
}

template <typename Piece>
std::string fill(Piece piece) {
  Random random(12);
  std::string made;
  while (made.size() < kContentSize) made += piece(random);
  made.resize(kContentSize);
  return made;
}

std::string_view json_content() {
  static const std::string content = fill([](Random& random) {
    return "{\"id\": " + std::to_string(random() % 100000) + ", \"name\": \"" + word(random) + "\", \"tags\": [\"" +
           word(random) + "\", \"" + word(random) + "\"], \"score\": 0." + std::to_string(random() % 10000) + "},\n";
  });
  return content;
}

// A picture of 512 x 512 grey points, soft and a little noisy.
std::string_view picture_content() {
  static const std::string content = fill([point = 0](Random& random) mutable {
    const double x = point % 512 / 40.0;
    const double y = point / 512 / 30.0;
    ++point;
    return std::string(
        1, static_cast<char>(static_cast<int>(128 + 90 * std::sin(x) * std::cos(y)) + static_cast<int>(random() % 5)));
  });
  return content;
}

std::string_view book_content() {
  static const std::string content = fill([](Random& random) { return sentence(random, "\xC3\xBC"); });
  return content;
}

std::string_view page_content() {
  static const std::string content = fill([](Random& random) {
    return "<div class=\"" + word(random) + "\"><a href=\"/" + word(random) + "/" + std::to_string(random() % 1000) +
           "\">" + sentence(random, "e") + "</a></div>\n";
  });
  return content;
}

// Mostly streams that are compressed already.
std::string_view document_content() {
  static const std::string content = fill([](Random& random) {
    std::string made = std::to_string(random() % 1000) + " 0 obj << /Length 900 /Filter /FlateDecode >> stream\n";
    for (int count = 0; count < 900; ++count) made += static_cast<char>(random() >> 7);
    return made + "\nendstream endobj\n";
  });
  return content;
}

struct Content {
  const char* words;
  std::uint8_t opcode;
  std::string_view (*bytes)();
};

constexpr Content kJson = {"JSON", kText, json_content};
constexpr std::array<Content, 5> kContents = {
    kJson, Content{"a picture", kBinary, picture_content}, Content{"a book", kBinary, book_content},
    Content{"a web page", kText, page_content}, Content{"a document", kBinary, document_content}};

// The last number of a case.
struct Sizes {
  std::size_t message;
  std::size_t fragment;
};
constexpr std::array<Sizes, 18> kSizes = {{{16, 0},
                                           {64, 0},
                                           {256, 0},
                                           {1024, 0},
                                           {4096, 0},
                                           {8192, 0},
                                           {16384, 0},
                                           {32768, 0},
                                           {65536, 0},
                                           {131072, 0},
                                           {8192, 256},
                                           {16384, 256},
                                           {32768, 256},
                                           {65536, 256},
                                           {131072, 256},
                                           {131072, 1024},
                                           {131072, 4096},
                                           {131072, 32768}}};

void append_group(std::vector<DeflateCase>& cases, const std::string& number, const Content& content,
                  const std::vector<DeflateRequest>& requests) {
  for (std::size_t index = 0; index < kSizes.size(); ++index) {
    const Sizes& sizes = kSizes[index];
    const int rounds = std::clamp(static_cast<int>(kBytesInAll / sizes.message), 2, kMostRounds);
    std::string words =
        std::to_string(rounds) + " times " + std::to_string(sizes.message) + " bytes of " + content.words;
    if (sizes.fragment > 0) words += ", compressed in fragments of " + std::to_string(sizes.fragment);
    cases.push_back({.name = number + "." + std::to_string(index + 1),
                     .holds = words + ": echoed as they were",
                     .requests = requests,
                     .content = content.bytes(),
                     .opcode = content.opcode,
                     .size = sizes.message,
                     .fragment_size = sizes.fragment,
                     .rounds = rounds});
  }
}

bool names(std::string_view offer, std::string_view parameter) {
  return offer.find(parameter) != std::string_view::npos;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const DeflateCase& deflate_case) {
  return out << deflate_case.name << ": " << deflate_case.holds;
}

std::vector<DeflateCase> deflate_cases() {
  std::vector<DeflateCase> cases;
  for (std::size_t index = 0; index < kContents.size(); ++index) {
    append_group(cases, "12." + std::to_string(index + 1), kContents[index], {{}});
  }
  const std::vector<std::vector<DeflateRequest>> requests = {{{false, 0}},
                                                             {{true, 0}},
                                                             {{false, 9}},
                                                             {{false, 15}},
                                                             {{true, 9}},
                                                             {{true, 15}},
                                                             {{true, 9}, {true, 0}, {false, 0}}};
  for (std::size_t index = 0; index < requests.size(); ++index) {
    append_group(cases, "13." + std::to_string(index + 1), kJson, requests[index]);
  }
  return cases;
}

std::string deflate_message(const DeflateCase& deflate_case, int round) {
  const std::size_t size = deflate_case.content.size();
  std::size_t from = deflate_case.size * static_cast<std::size_t>(round) % size;
  std::string message;
  while (message.size() < deflate_case.size) {
    message += deflate_case.content.substr(from, deflate_case.size - message.size());
    from = 0;
  }
  return message;
}

std::string deflate_offer(const DeflateCase& deflate_case) {
  std::string offer;
  for (const DeflateRequest& request : deflate_case.requests) {
    if (!offer.empty()) offer += ", ";
    offer += "permessage-deflate; client_no_context_takeover; client_max_window_bits";
    if (request.no_context_takeover) offer += "; server_no_context_takeover";
    if (request.window_bits > 0) offer += "; server_max_window_bits=" + std::to_string(request.window_bits);
  }
  return offer;
}

std::string deflate_answer(const DeflateRequest& request, std::string_view offer) {
  offer = offer.substr(0, offer.find(','));
  std::string answer = "permessage-deflate";
  // RFC 7692 7.1.1.1, 7.1.2.1: what the client asked of us.
  if (names(offer, "server_no_context_takeover")) answer += "; server_no_context_takeover";
  constexpr std::string_view kWindow = "server_max_window_bits=";
  if (names(offer, kWindow)) {
    const std::string_view value = offer.substr(offer.find(kWindow) + kWindow.size());
    answer.append("; ").append(kWindow).append(value.substr(0, value.find(';')));
  }
  // RFC 7692 7.1.1.2, 7.1.2.2: what we ask of it.
  if (request.no_context_takeover) answer += "; client_no_context_takeover";
  if (request.window_bits > 0 && names(offer, "client_max_window_bits")) {
    answer += "; client_max_window_bits=" + std::to_string(request.window_bits);
  }
  return answer;
}

}  // namespace conformance
