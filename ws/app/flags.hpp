// Flags whose values are more than a word, in the form that CLI11 takes: each is one line of the help text with its
// default, and a bad value is one line of error that names the flag and the forms that are right.
#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "reactor/loop.hpp"
#include "reactor/tls_context.hpp"
#include "ws/app/quantities.hpp"
#include "ws/protocol/deflate_offer.hpp"

namespace ws::app {

// The command line of `ws101 COMMAND`. A flag that is given twice, and is not one of several, is wrong use.
struct CommandLine : CLI::App {
  CommandLine(const std::string& command, const std::string& help) : CLI::App(help, "ws101 " + command) {
    option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  }
};

inline constexpr reactor::Milliseconds kLongestDuration{24 * 3'600'000};

// `500ms`, `5s`, `2m`; where `shortest` is zero, `off` too.
void add_duration(CLI::App& app, const std::string& name, reactor::Milliseconds& value, const std::string& help,
                  reactor::Milliseconds shortest = reactor::Milliseconds(0),
                  reactor::Milliseconds longest = kLongestDuration);

// `512`, `64KiB`, `16MiB`.
template <class Number>
void add_size(CLI::App& app, const std::string& name, Number& value, const std::string& help, std::uint64_t smallest,
              std::uint64_t largest) {
  const auto read = [name, &value, smallest, largest](const std::string& text) {
    const auto parsed = parse_size(text);
    if (!parsed) throw CLI::ValidationError(name, "'" + text + "' is no size; write 512, 64KiB or 16MiB");
    if (*parsed < smallest || *parsed > largest) {
      throw CLI::ValidationError(
          name, "'" + text + "' is not between " + format_size(smallest) + " and " + format_size(largest));
    }
    value = static_cast<Number>(*parsed);
  };
  app.add_option_function<std::string>(name, read, help)->type_name("SIZE")->default_str(format_size(value));
}

// The number that `text` says, for the flag `name`.
template <class Number>
Number read_count(const std::string& name, const std::string& text, Number smallest,
                  Number largest = std::numeric_limits<Number>::max()) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= smallest && number <= largest)
    return number;
  const bool bounded = largest != std::numeric_limits<Number>::max();
  throw CLI::ValidationError(name, "'" + text + "' is no number from " + std::to_string(smallest) +
                                       (bounded ? " to " + std::to_string(largest) : " up"));
}

template <class Number>
void add_count(CLI::App& app, const std::string& name, Number& value, const std::string& help, Number smallest) {
  const auto read = [name, &value, smallest](const std::string& text) { value = read_count(name, text, smallest); };
  app.add_option_function<std::string>(name, read, help)->type_name("N")->default_str(std::to_string(value));
}

// One of a few words, which stand in the help and in the error.
template <class Value>
struct Choice {
  std::string word;
  Value value{};
};

template <class Value>
void add_choice(CLI::App& app, const std::string& name, Value& value, const std::string& type,
                const std::vector<Choice<Value>>& choices, const std::string& help) {
  std::string words;
  std::string preset;
  for (const Choice<Value>& choice : choices) {
    words += (words.empty() ? "" : &choice == &choices.back() ? " or " : ", ") + choice.word;
    if (choice.value == value) preset = choice.word;
  }
  const auto read = [name, &value, choices, words](const std::string& text) {
    for (const Choice<Value>& choice : choices) {
      if (choice.word != text) continue;
      value = choice.value;
      return;
    }
    throw CLI::ValidationError(name, "'" + text + "' is not " + words);
  };
  app.add_option_function<std::string>(name, read, help + ": " + words)->type_name(type)->default_str(preset);
}

// --compress, and what goes with it.
void add_compression(CLI::App& app, protocol::Compression& compression);

// --ca, --insecure, --cert, --key: of a client.
void add_client_tls(CLI::App& app, reactor::TlsClientOptions& tls);
// What is wrong with them for a URL that is `secure` or not; empty: nothing.
std::string wrong_client_tls(const reactor::TlsClientOptions& tls, bool secure);

// Parses the command line of `ws101 COMMAND`. Returns -1 to go on, or the exit status because all has been said: 0
// after --help, 2 for wrong use.
int parse_flags(CLI::App& app, int count, const char* const* arguments);
// Says what is wrong with the flags, in the one line of all commands, and returns 2.
int refuse_flags(const CLI::App& app, const std::string& wrong);

}  // namespace ws::app
