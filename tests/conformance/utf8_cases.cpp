// Group 6: text is UTF-8 (RFC 6455 5.6, 8.1, RFC 3629), however it is cut, and text that is none fails at the first
// byte that no text can have there.
#include "tests/conformance/cases.hpp"

#include <string>
#include <utility>

namespace conformance {

namespace {

const std::string kWord = hex("ce ba e1 bd b9 cf 83 ce bc ce b5");

enum class Verdict : std::uint8_t { kSound, kUnsound };
using enum Verdict;

struct TextRow {
  const char* name;
  Verdict verdict;
  const char* digits;
  // After so many octets no text can begin like that. 0: only the end comes too early.
  std::size_t fatal_size = 0;
};

constexpr TextRow kRows[] = {
    // characters of one to four bytes
    {"6.5.1", kSound, "68656c6c6f24776f726c64"},
    {"6.5.2", kSound, "68656c6c6fc2a2776f726c64"},
    {"6.5.3", kSound, "68656c6c 6fe282ac 776f726c 64"},
    {"6.5.4", kSound, "68656c6c 6ff0a4ad a2776f72 6c64"},
    {"6.5.5", kSound, "cebae1bdb9cf83cebcceb5"},
    // every prefix of a word: sound where it ends between two characters
    {"6.6.1", kUnsound, "ce"},
    {"6.6.2", kSound, "ceba"},
    {"6.6.3", kUnsound, "cebae1"},
    {"6.6.4", kUnsound, "cebae1bd"},
    {"6.6.5", kSound, "cebae1bdb9"},
    {"6.6.6", kUnsound, "cebae1bdb9cf"},
    {"6.6.7", kSound, "cebae1bdb9cf83"},
    {"6.6.8", kUnsound, "cebae1bdb9cf83ce"},
    {"6.6.9", kSound, "cebae1bdb9cf83cebc"},
    {"6.6.10", kUnsound, "cebae1bdb9cf83cebcce"},
    {"6.6.11", kSound, "cebae1bdb9cf83cebcceb5"},
    // the first character of each length
    {"6.7.1", kSound, "00"},
    {"6.7.2", kSound, "c280"},
    {"6.7.3", kSound, "e0a080"},
    {"6.7.4", kSound, "f0908080"},
    // lead bytes of five and six
    {"6.8.1", kUnsound, "f888808080", 1},
    {"6.8.2", kUnsound, "fc8480808080", 1},
    // the last character of each length
    {"6.9.1", kSound, "7f"},
    {"6.9.2", kSound, "dfbf"},
    {"6.9.3", kSound, "efbfbf"},
    {"6.9.4", kSound, "f48fbfbf"},
    // beyond U+10FFFF
    {"6.10.1", kUnsound, "f7bfbfbf", 1},
    {"6.10.2", kUnsound, "fbbfbfbfbf", 1},
    {"6.10.3", kUnsound, "fdbfbfbfbfbf", 1},
    // round the surrogates and the last code point
    {"6.11.1", kSound, "ed9fbf"},
    {"6.11.2", kSound, "ee8080"},
    {"6.11.3", kSound, "efbfbd"},
    {"6.11.4", kSound, "f48fbfbf"},
    {"6.11.5", kUnsound, "f4908080", 2},
    // continuation bytes that continue nothing
    {"6.12.1", kUnsound, "80", 1},
    {"6.12.2", kUnsound, "bf", 1},
    {"6.12.3", kUnsound, "80bf", 1},
    {"6.12.4", kUnsound, "80bf80", 1},
    {"6.12.5", kUnsound, "80bf80bf", 1},
    {"6.12.6", kUnsound, "80bf80bf80", 1},
    {"6.12.7", kUnsound, "80bf80bf80bf", 1},
    {"6.12.8", kUnsound,
     "80818283 84858687 88898a8b 8c8d8e8f 90919293 94959697 98999a9b 9c9d9e9f a0a1a2a3 a4a5a6a7 a8a9aaab acadaeaf "
     "b0b1b2b3 b4b5b6b7 b8b9babb bcbdbe",
     1},
    // lead bytes with a space behind each
    {"6.13.1", kUnsound,
     "c020c120 c220c320 c420c520 c620c720 c820c920 ca20cb20 cc20cd20 ce20cf20 d020d120 d220d320 d420d520 d620d720 "
     "d820d920 da20db20 dc20dd20 de20",
     1},
    {"6.13.2", kUnsound, "e020e120 e220e320 e420e520 e620e720 e820e920 ea20eb20 ec20ed20 ee20", 2},
    {"6.13.3", kUnsound, "f020f120 f220f320 f420f520 f620", 2},
    {"6.13.4", kUnsound, "f820f920fa20", 1},
    {"6.13.5", kUnsound, "fc20", 1},
    // characters without their last byte
    {"6.14.1", kUnsound, "c0", 1},
    {"6.14.2", kUnsound, "e080", 2},
    {"6.14.3", kUnsound, "f08080", 2},
    {"6.14.4", kUnsound, "f8808080", 1},
    {"6.14.5", kUnsound, "fc80808080", 1},
    {"6.14.6", kUnsound, "df"},
    {"6.14.7", kUnsound, "efbf"},
    {"6.14.8", kUnsound, "f7bfbf", 1},
    {"6.14.9", kUnsound, "fbbfbfbf", 1},
    {"6.14.10", kUnsound, "fdbfbfbfbf", 1},
    // all of those one behind the other
    {"6.15.1", kUnsound, "c0e080f0 8080f880 8080fc80 808080df efbff7bf bffbbfbf bffdbfbf bfbf", 1},
    // bytes that are in no text
    {"6.16.1", kUnsound, "fe", 1},
    {"6.16.2", kUnsound, "ff", 1},
    {"6.16.3", kUnsound, "fefeffff", 1},
    // a slash in more bytes than it needs
    {"6.17.1", kUnsound, "c0af", 1},
    {"6.17.2", kUnsound, "e080af", 2},
    {"6.17.3", kUnsound, "f08080af", 2},
    {"6.17.4", kUnsound, "f8808080af", 1},
    {"6.17.5", kUnsound, "fc80808080af", 1},
    // the last character that is too long in each length
    {"6.18.1", kUnsound, "c1bf", 1},
    {"6.18.2", kUnsound, "e09fbf", 2},
    {"6.18.3", kUnsound, "f08fbfbf", 2},
    {"6.18.4", kUnsound, "f887bfbfbf", 1},
    {"6.18.5", kUnsound, "fc83bfbfbfbf", 1},
    // NUL in more bytes than it needs
    {"6.19.1", kUnsound, "c080", 1},
    {"6.19.2", kUnsound, "e08080", 2},
    {"6.19.3", kUnsound, "f0808080", 2},
    {"6.19.4", kUnsound, "f880808080", 1},
    {"6.19.5", kUnsound, "fc8080808080", 1},
    // single surrogates
    {"6.20.1", kUnsound, "eda080", 2},
    {"6.20.2", kUnsound, "edadbf", 2},
    {"6.20.3", kUnsound, "edae80", 2},
    {"6.20.4", kUnsound, "edafbf", 2},
    {"6.20.5", kUnsound, "edb080", 2},
    {"6.20.6", kUnsound, "edbe80", 2},
    {"6.20.7", kUnsound, "edbfbf", 2},
    // pairs of surrogates
    {"6.21.1", kUnsound, "eda080edb080", 2},
    {"6.21.2", kUnsound, "eda080edbfbf", 2},
    {"6.21.3", kUnsound, "edadbfedb080", 2},
    {"6.21.4", kUnsound, "edadbfedbfbf", 2},
    {"6.21.5", kUnsound, "edae80edb080", 2},
    {"6.21.6", kUnsound, "edae80edbfbf", 2},
    {"6.21.7", kUnsound, "edafbfedb080", 2},
    {"6.21.8", kUnsound, "edafbfedbfbf", 2},
    // code points that are no characters are sound all the same
    {"6.22.1", kSound, "efbfbe"},
    {"6.22.2", kSound, "efbfbf"},
    {"6.22.3", kSound, "f09fbfbe"},
    {"6.22.4", kSound, "f09fbfbf"},
    {"6.22.5", kSound, "f0afbfbe"},
    {"6.22.6", kSound, "f0afbfbf"},
    {"6.22.7", kSound, "f0bfbfbe"},
    {"6.22.8", kSound, "f0bfbfbf"},
    {"6.22.9", kSound, "f18fbfbe"},
    {"6.22.10", kSound, "f18fbfbf"},
    {"6.22.11", kSound, "f19fbfbe"},
    {"6.22.12", kSound, "f19fbfbf"},
    {"6.22.13", kSound, "f1afbfbe"},
    {"6.22.14", kSound, "f1afbfbf"},
    {"6.22.15", kSound, "f1bfbfbe"},
    {"6.22.16", kSound, "f1bfbfbf"},
    {"6.22.17", kSound, "f28fbfbe"},
    {"6.22.18", kSound, "f28fbfbf"},
    {"6.22.19", kSound, "f29fbfbe"},
    {"6.22.20", kSound, "f29fbfbf"},
    {"6.22.21", kSound, "f2afbfbe"},
    {"6.22.22", kSound, "f2afbfbf"},
    {"6.22.23", kSound, "f2bfbfbe"},
    {"6.22.24", kSound, "f2bfbfbf"},
    {"6.22.25", kSound, "f38fbfbe"},
    {"6.22.26", kSound, "f38fbfbf"},
    {"6.22.27", kSound, "f39fbfbe"},
    {"6.22.28", kSound, "f39fbfbf"},
    {"6.22.29", kSound, "f3afbfbe"},
    {"6.22.30", kSound, "f3afbfbf"},
    {"6.22.31", kSound, "f3bfbfbe"},
    {"6.22.32", kSound, "f3bfbfbf"},
    {"6.22.33", kSound, "f48fbfbe"},
    {"6.22.34", kSound, "f48fbfbf"},
    // special code points
    {"6.23.1", kSound, "efbfb9"},
    {"6.23.2", kSound, "efbfba"},
    {"6.23.3", kSound, "efbfbb"},
    {"6.23.4", kSound, "efbfbc"},
    {"6.23.5", kSound, "efbfbd"},
    {"6.23.6", kSound, "efbfbe"},
    {"6.23.7", kSound, "efbfbf"},
};

Case echoes(std::string name, std::string holds, const std::vector<Frame>& frames) {
  std::string whole;
  for (const Frame& frame : frames) whole += frame.payload;
  return {.name = std::move(name), .holds = std::move(holds), .script = {send(frames), expect({text(whole)})}};
}

Case is_refused(std::string name, std::string holds, std::vector<Frame> frames) {
  return {
      .name = std::move(name), .holds = std::move(holds), .script = {send(std::move(frames))}, .ending = fails(1007)};
}

// What is sent in the second step has the octet that makes the text impossible. The rest of the message is never sent:
// who waits for it fails too late.
Case fails_fast(std::string name, std::string holds, Step sound, Step impossible) {
  return {.name = std::move(name),
          .holds = std::move(holds),
          .script = {std::move(sound), expect_quiet(), std::move(impossible)},
          .ending = fails(1007)};
}

void add_cuts(std::vector<Case>& cases) {
  const std::string sentence = "Hello-\u00B5@\u00DF\u00F6\u00E4\u00FC\u00E0\u00E1-UTF-8!!";
  const std::size_t between = sentence.find("\u00FC");
  const std::string middle = "middle frame payload";
  const std::string surrogate = kWord + hex("ed a0 80") + "edited";
  cases.insert(cases.end(),
               {
                   echoes("6.1.1", "an empty text is sound", {text("")}),
                   echoes("6.1.2", "also in three fragments", {first_part(kText, ""), middle_part(""), last_part("")}),
                   echoes("6.1.3", "empty fragments round one that is not",
                          {first_part(kText, ""), middle_part(middle), last_part("")}),
                   echoes("6.2.1", "a text with umlauts", {text(sentence)}),
                   echoes("6.2.2", "in two fragments, cut between characters",
                          {first_part(kText, sentence.substr(0, between)), last_part(sentence.substr(between))}),
                   echoes("6.2.3", "in fragments of one octet", fragments(kText, sentence, 1)),
                   echoes("6.2.4", "another text in fragments of one octet", fragments(kText, kWord, 1)),
                   is_refused("6.3.1", "text with a surrogate is refused", {text(surrogate)}),
                   is_refused("6.3.2", "also in fragments of one octet", fragments(kText, surrogate, 1)),
               });
}

void add_fast_failures(std::vector<Case>& cases) {
  const std::string impossible = hex("f4 90 80 80");  // fails at 90: the code point would be beyond U+10FFFF
  const std::string all = kWord + impossible + "edited";
  const std::size_t fatal = kWord.size() + 1;  // the index of 90
  cases.insert(
      cases.end(),
      {
          fails_fast("6.4.1", "the fragment that cannot be refuses the message, before the last fragment comes",
                     send({first_part(kText, kWord)}), send({middle_part(impossible)})),
          fails_fast("6.4.2", "and of it the octet that cannot be", send({first_part(kText, all.substr(0, fatal))}),
                     send({middle_part(all.substr(fatal, 1))})),
          fails_fast("6.4.3", "within a frame, before the frame is whole", send_part(text(all), 0, kWord.size()),
                     send_part(text(all), kWord.size(), kWord.size() + 4)),
          fails_fast("6.4.4", "within a frame, at the octet that cannot be", send_part(text(all), 0, fatal),
                     send_part(text(all), fatal, fatal + 1)),
      });
}

}  // namespace

std::vector<Case> utf8_cases() {
  std::vector<Case> cases;
  add_cuts(cases);
  add_fast_failures(cases);
  for (const TextRow& row : kRows) {
    const Frame message = text(hex(row.digits));
    cases.push_back(row.verdict == kSound ? echoes(row.name, "sound text is echoed", {message})
                                          : is_refused(row.name, "what is no UTF-8 is refused", {message}));
  }
  return cases;
}

std::vector<Case> fail_fast_cases() {
  std::vector<Case> cases;
  for (const TextRow& row : kRows) {
    if (row.fatal_size == 0) continue;
    const std::string all = hex(row.digits) + "more that will never come";
    cases.push_back({.name = "fail_fast." + std::string(row.name),
                     .holds = "an unfinished frame is refused at octet " + std::to_string(row.fatal_size),
                     .script = {send_part(text(all), 0, row.fatal_size)},
                     .ending = fails(1007)});
  }
  return cases;
}

}  // namespace conformance
