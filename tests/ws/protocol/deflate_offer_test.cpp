// The negotiation of permessage-deflate (RFC 7692 5, 7.1), as the values of Sec-WebSocket-Extensions that go over the
// wire.
#include "ws/protocol/deflate_offer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ws::protocol {
namespace {

constexpr Compression kOff = {};
constexpr Compression kShared = {.mode = Compression::Mode::kShared};
constexpr Compression kDedicated = {.mode = Compression::Mode::kDedicated};
constexpr Compression kDedicated10 = {.mode = Compression::Mode::kDedicated, .window_bits = 10};

std::string shown(const DeflateDirection& direction) {
  return std::to_string(direction.window_bits) + (direction.context_takeover ? "+" : "");
}

// `15+/9 final`: the server's window and whether it takes its context over, the same of the client.
std::string shown(const DeflateAgreement& agreed) {
  return shown(agreed.server) + "/" + shown(agreed.client) +
         (agreed.server.final_blocks || agreed.client.final_blocks ? " final" : "");
}

// Several fields are written with a line break between them. "malformed" is what the handshake refuses with 400.
std::string accepted(std::string_view offers, const Compression& wanted) {
  std::vector<Extension> extensions;
  while (true) {
    const std::size_t end = offers.find('\n');
    if (!parse_extension_list(offers.substr(0, end), extensions)) return "malformed";
    if (end == std::string_view::npos) break;
    offers.remove_prefix(end + 1);
  }
  const auto answer = accept_deflate(extensions, wanted);
  return answer ? answer->answer + " -> " + shown(answer->agreed) : "declined";
}

struct OfferRow {
  std::string_view offer;
  std::string wanted;
};

void expect_answers(const Compression& wanted, const std::vector<OfferRow>& rows) {
  for (const OfferRow& row : rows) EXPECT_EQ(accepted(row.offer, wanted), row.wanted) << row.offer;
}

const std::string kNothingTakenOver = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(AcceptDeflate, in_shared_mode_nobody_takes_context_over) {
  expect_answers(kShared,
                 {
                     // RFC 7692 7.1.1: the answer may carry both parameters whether they were asked for or not.
                     {"permessage-deflate", kNothingTakenOver + " -> 15/15 final"},
                     {"permessage-deflate; client_max_window_bits", kNothingTakenOver + " -> 15/15 final"},
                     {"permessage-deflate; client_max_window_bits=10", kNothingTakenOver + " -> 15/15 final"},
                     {"permessage-deflate; server_no_context_takeover", kNothingTakenOver + " -> 15/15 final"},
                     {"permessage-deflate; client_no_context_takeover", kNothingTakenOver + " -> 15/15 final"},
                     {"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                      kNothingTakenOver + " -> 15/15 final"},
                     {"permessage-deflate; server_max_window_bits=10",
                      kNothingTakenOver + "; server_max_window_bits=10 -> 10/15 final"},
                     {"permessage-deflate; server_max_window_bits=15",
                      kNothingTakenOver + "; server_max_window_bits=15 -> 15/15 final"},
                     {"permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
                      kNothingTakenOver + "; server_max_window_bits=9 -> 9/15 final"},
                 });
}

TEST(AcceptDeflate, in_dedicated_mode_what_was_asked_for_is_kept) {
  expect_answers(
      kDedicated,
      {
          {"permessage-deflate", "permessage-deflate -> 15+/15+"},
          {"permessage-deflate; client_max_window_bits", "permessage-deflate -> 15+/15+"},
          {"permessage-deflate; client_max_window_bits=15", "permessage-deflate -> 15+/15+"},
          {"permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=10 -> 15+/10+"},
          {"permessage-deflate; server_no_context_takeover",
           "permessage-deflate; server_no_context_takeover -> 15/15+"},
          {"permessage-deflate; client_no_context_takeover",
           "permessage-deflate; client_no_context_takeover -> 15+/15"},
          {"permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9 -> 9+/15+"},
          {"permessage-deflate; server_max_window_bits=12; client_max_window_bits=11; client_no_context_takeover; "
           "server_no_context_takeover",
           kNothingTakenOver + "; server_max_window_bits=12; client_max_window_bits=11 -> 12/11"},
      });
}

TEST(AcceptDeflate, our_bound_on_the_window_is_kept_in_both_directions) {
  expect_answers(
      kDedicated10,
      {
          {"permessage-deflate; client_max_window_bits",
           "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10 -> 10+/10+"},
          {"permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
           "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9 -> 9+/9+"},
          {"permessage-deflate; client_max_window_bits=15; server_max_window_bits=15",
           "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10 -> 10+/10+"},
          // RFC 7692 7.1.2.2: who did not name client_max_window_bits cannot be told a window. It need not be
          // remembered if the client forgets it itself.
          {"permessage-deflate", "permessage-deflate; client_no_context_takeover; server_max_window_bits=10 -> 10+/15"},
      });
}

TEST(AcceptDeflate, every_window_that_can_be_kept_is_kept) {
  for (int bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits) {
    const std::string named = "server_max_window_bits=" + std::to_string(bits);
    EXPECT_EQ(accepted("permessage-deflate; " + named, kShared),
              kNothingTakenOver + "; " + named + " -> " + std::to_string(bits) + "/15 final");
    EXPECT_EQ(accepted("permessage-deflate; " + named, kDedicated),
              "permessage-deflate; " + named + " -> " + std::to_string(bits) + "+/15+");
  }
}

// RFC 7692 7.1: each of these declines the offer, and the connection goes on without it.
TEST(AcceptDeflate, an_offer_that_cannot_be_kept_is_declined_in_every_mode) {
  const std::string_view parameters[] = {
      // 7.1.2: a decimal number from 8 to 15 without leading zeros. 8: zlib cannot compress with that window.
      "server_max_window_bits=8",
      "server_max_window_bits=7",
      "server_max_window_bits=0",
      "server_max_window_bits=1",
      "server_max_window_bits=16",
      "server_max_window_bits=20",
      "server_max_window_bits=-9",
      "server_max_window_bits=+10",
      "server_max_window_bits=010",
      "server_max_window_bits=09",
      "server_max_window_bits=00015",
      "server_max_window_bits=10.0",
      "server_max_window_bits=1e1",
      "server_max_window_bits=0xA",
      "server_max_window_bits=ten",
      "server_max_window_bits=150",
      "server_max_window_bits=99999999999999999999",
      "server_max_window_bits=4294967306",
      "client_max_window_bits=8",
      "client_max_window_bits=7",
      "client_max_window_bits=0",
      "client_max_window_bits=16",
      "client_max_window_bits=010",
      "client_max_window_bits=+10",
      "client_max_window_bits=99999999999999999999",
      "client_max_window_bits=x",
      "client_max_window_bits=\"16\"",
      // 7.1.2.1: needs a value.
      "server_max_window_bits",
      // 7.1.1: have none.
      "server_no_context_takeover=1",
      "server_no_context_takeover=true",
      "client_no_context_takeover=0",
      "client_no_context_takeover=\"x\"",
      // 7.1: twice, also with the same value.
      "server_no_context_takeover; server_no_context_takeover",
      "client_no_context_takeover; client_no_context_takeover",
      "server_max_window_bits=10; server_max_window_bits=10",
      "server_max_window_bits=10; server_max_window_bits=11",
      "client_max_window_bits; client_max_window_bits",
      "client_max_window_bits; client_max_window_bits=10",
      // 7.1: unknown, also one that differs in case alone.
      "no_context_takeover",
      "mode=fast",
      "Server_No_Context_Takeover",
      "server_max_window_bit=10",
      "client_max_window_bits; x",
      "x=\"y\"",
  };
  for (const std::string_view parameter : parameters) {
    const std::string offer = "permessage-deflate; " + std::string(parameter);
    EXPECT_EQ(accepted(offer, kShared), "declined") << offer;
    EXPECT_EQ(accepted(offer, kDedicated), "declined") << offer;
    EXPECT_EQ(accepted(offer, kOff), "declined") << offer;
    EXPECT_EQ(accepted(offer + ", permessage-deflate", kDedicated), "permessage-deflate -> 15+/15+") << offer;
  }
}

TEST(AcceptDeflate, takes_the_first_offer_that_it_can_keep) {
  expect_answers(kDedicated,
                 {
                     {"permessage-deflate; server_max_window_bits=10, permessage-deflate",
                      "permessage-deflate; server_max_window_bits=10 -> 10+/15+"},
                     {"permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9",
                      "permessage-deflate; server_max_window_bits=9 -> 9+/15+"},
                     {"permessage-deflate; x, permessage-deflate; y", "declined"},
                     {"permessage-deflate, permessage-deflate", "permessage-deflate -> 15+/15+"},
                     {"x-webkit-deflate-frame, permessage-deflate", "permessage-deflate -> 15+/15+"},
                     {"permessage-bzip2; server_max_window_bits=9, permessage-deflate; server_no_context_takeover",
                      "permessage-deflate; server_no_context_takeover -> 15/15+"},
                     {"x-webkit-deflate-frame", "declined"},
                     {"permessage-deflat", "declined"},
                     {"permessage-deflate2", "declined"},
                     // RFC 6455 9.1: several fields are one list.
                     {"permessage-deflate; x\npermessage-deflate; client_no_context_takeover",
                      "permessage-deflate; client_no_context_takeover -> 15+/15"},
                     {"x, y\nz\npermessage-deflate", "permessage-deflate -> 15+/15+"},
                 });
}

TEST(AcceptDeflate, values_may_be_quoted_and_spaces_may_be_anywhere) {
  expect_answers(kDedicated, {
                                 {"permessage-deflate; server_max_window_bits=\"10\"",
                                  "permessage-deflate; server_max_window_bits=10 -> 10+/15+"},
                                 {"permessage-deflate; server_max_window_bits=\"\\1\\0\"",
                                  "permessage-deflate; server_max_window_bits=10 -> 10+/15+"},
                                 {"permessage-deflate;server_max_window_bits=10",
                                  "permessage-deflate; server_max_window_bits=10 -> 10+/15+"},
                                 {" \t permessage-deflate ;\t server_max_window_bits = 10 \t,",
                                  "permessage-deflate; server_max_window_bits=10 -> 10+/15+"},
                                 {",,permessage-deflate,,", "permessage-deflate -> 15+/15+"},
                                 // RFC 6455 9.1: what does not conform to the grammar fails the connection.
                                 {"permessage-deflate; server_max_window_bits=\"\"", "malformed"},
                                 {"permessage-deflate; server_max_window_bits=", "malformed"},
                                 {"permessage-deflate; server_max_window_bits=\"10", "malformed"},
                                 {"permessage-deflate; server_max_window_bits=1 0", "malformed"},
                                 {"permessage-deflate;", "malformed"},
                                 {"permessage-deflate; =10", "malformed"},
                                 {"permessage deflate", "malformed"},
                                 {"", "malformed"},
                             });
}

TEST(AcceptDeflate, is_off_unless_it_is_on) {
  EXPECT_EQ(accepted("permessage-deflate", kOff), "declined");
  EXPECT_EQ(accepted("permessage-deflate; client_max_window_bits", Compression()), "declined");
  EXPECT_FALSE(accept_deflate({}, kShared)) << "nothing was offered";
}

// ---- The client's side

std::string checked(std::string_view answer, const Compression& wanted) {
  std::vector<Extension> extensions;
  if (!answer.empty() && !parse_extension_list(answer, extensions)) return "malformed";
  const DeflateAnswer found = check_deflate_answer(extensions, wanted);
  if (found.error != UpgradeError::kNone) return found.agreed ? "both" : std::string(describe(found.error));
  return found.agreed ? shown(*found.agreed) : "none";
}

const std::string kRefused(describe(UpgradeError::kCompression));

void expect_checked(const Compression& wanted, const std::vector<OfferRow>& rows) {
  for (const OfferRow& row : rows) EXPECT_EQ(checked(row.offer, wanted), row.wanted) << row.offer;
}

TEST(WriteDeflateOffer, says_what_the_mode_needs) {
  EXPECT_EQ(write_deflate_offer(kOff), "");
  EXPECT_EQ(write_deflate_offer(kShared),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits");
  EXPECT_EQ(write_deflate_offer(kDedicated), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(write_deflate_offer(kDedicated10),
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits, "
            "permessage-deflate; server_no_context_takeover; client_max_window_bits");
}

TEST(CheckDeflateAnswer, takes_what_answers_the_offer) {
  expect_checked(kShared, {
                              {"", "none"},
                              {"permessage-deflate; server_no_context_takeover", "15/15"},
                              {kNothingTakenOver, "15/15 final"},
                              {kNothingTakenOver + "; client_max_window_bits=9", "15/9 final"},
                              {kNothingTakenOver + "; server_max_window_bits=8", "8/15 final"},
                          });
  expect_checked(kDedicated, {
                                 {"", "none"},
                                 {"permessage-deflate", "15+/15+"},
                                 {"permessage-deflate; client_no_context_takeover", "15+/15"},
                                 {kNothingTakenOver, "15/15"},
                                 {"permessage-deflate; client_max_window_bits=12", "15+/12+"},
                                 {"permessage-deflate; server_max_window_bits=12", "12+/15+"},
                                 {"permessage-deflate; client_max_window_bits=\"12\"", "15+/12+"},
                             });
  expect_checked(kDedicated10, {
                                   {"permessage-deflate; server_max_window_bits=10", "10+/10+"},
                                   {"permessage-deflate; server_max_window_bits=9; client_max_window_bits=9", "9+/9+"},
                                   {"permessage-deflate; server_no_context_takeover", "15/10+"},
                               });
}

// RFC 7692 5.1, 7.1: the client fails the connection.
TEST(CheckDeflateAnswer, refuses_what_was_not_offered_and_what_is_wrong) {
  const std::string_view wrong[] = {
      "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=7",
      "permessage-deflate; server_max_window_bits=0", "permessage-deflate; server_max_window_bits=010",
      "permessage-deflate; server_max_window_bits=99999999999999999999", "permessage-deflate; server_max_window_bits",
      "permessage-deflate; client_max_window_bits=16", "permessage-deflate; client_max_window_bits=x",
      // 7.1.2.2: without a value it is for offers alone.
      "permessage-deflate; client_max_window_bits", "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
      "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", "permessage-deflate; unknown",
      "permessage-deflate, permessage-deflate", "permessage-deflate, x", "x"};
  for (const std::string_view answer : wrong) {
    for (const Compression& wanted : {kOff, kShared, kDedicated, kDedicated10}) {
      EXPECT_EQ(checked(answer, wanted), kRefused) << answer;
    }
  }
  EXPECT_EQ(checked("permessage-deflate", kOff), kRefused) << "it was not offered";
  // 7.1.1.1, 7.1.2.1: asked for and not promised.
  EXPECT_EQ(checked("permessage-deflate", kShared), kRefused);
  EXPECT_EQ(checked("permessage-deflate; client_no_context_takeover", kShared), kRefused);
  EXPECT_EQ(checked("permessage-deflate", kDedicated10), kRefused);
  EXPECT_EQ(checked("permessage-deflate; server_max_window_bits=11", kDedicated10), kRefused);
}

TEST(Deflate, a_client_and_a_server_of_ours_always_agree) {
  const Compression all[] = {kShared, kDedicated, kDedicated10};
  for (const Compression& server : all) {
    for (const Compression& client : all) {
      std::vector<Extension> offers;
      ASSERT_TRUE(parse_extension_list(write_deflate_offer(client), offers));
      const auto accepted = accept_deflate(offers, server);
      ASSERT_TRUE(accepted);
      std::vector<Extension> answered;
      ASSERT_TRUE(parse_extension_list(accepted->answer, answered));
      const DeflateAnswer answer = check_deflate_answer(answered, client);
      ASSERT_EQ(answer.error, UpgradeError::kNone) << accepted->answer;
      ASSERT_TRUE(answer.agreed);
      // Who sends takes over and reaches back at most as far as the other side remembers.
      for (const Role sender : {Role::kServer, Role::kClient}) {
        const DeflateAgreement& of_sender = sender == Role::kServer ? accepted->agreed : *answer.agreed;
        const DeflateAgreement& of_other = sender == Role::kServer ? *answer.agreed : accepted->agreed;
        EXPECT_LE(of_sender.ours(sender).window_bits, of_other.ours(sender).window_bits);
        EXPECT_LE(of_sender.ours(sender).context_takeover, of_other.ours(sender).context_takeover);
      }
    }
  }
}

}  // namespace
}  // namespace ws::protocol
