// The tables. Each row carries the number under which the Autobahn test suite, by which this field measures itself,
// asks for the same; the rows of the last two functions ask for what that suite leaves out. Compression (its groups 12
// and 13) is in deflate_cases.hpp.
#pragma once

#include <vector>

#include "tests/conformance/conversation.hpp"

namespace conformance {

std::vector<Case> framing_cases();        // 1: text and binary messages of the sizes where the length changes its form
std::vector<Case> control_cases();        // 2: pings and pongs
std::vector<Case> header_cases();         // 3 and 4: reserved bits and reserved opcodes
std::vector<Case> fragmentation_cases();  // 5
std::vector<Case> utf8_cases();           // 6
std::vector<Case> close_cases();          // 7
std::vector<Case> limit_cases();          // 9 and 10: large messages, many fragments, many pieces, many round trips
std::vector<Case> fail_fast_cases();      // every unsound text of group 6, refused at its first impossible octet
std::vector<Case> own_cases();            // what peers get wrong that nobody asks them for

// All but our own.
std::vector<Case> suite_cases();

}  // namespace conformance
