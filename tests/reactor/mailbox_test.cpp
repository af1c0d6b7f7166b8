// The door for other threads, without a loop behind it: what is posted runs once and in order, and a closed mailbox
// swallows what comes too late.
#include "reactor/mailbox.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace reactor::tests {
namespace {

bool rings(const Mailbox& mailbox) {
  pollfd bell = {.fd = mailbox.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&bell, 1, 0) == 1;
}

TEST(Mailbox, letters_run_once_and_in_order) {
  Mailbox mailbox;
  std::vector<int> ran;
  for (int number = 1; number <= 3; ++number) mailbox.post([&ran, number] { ran.push_back(number); });
  EXPECT_TRUE(ran.empty());
  mailbox.run_all();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  mailbox.run_all();
  EXPECT_EQ(ran.size(), 3U);
}

TEST(Mailbox, the_bell_rings_from_the_first_letter_until_they_are_read) {
  Mailbox mailbox;
  EXPECT_FALSE(rings(mailbox));
  mailbox.post([] {});
  mailbox.post([] {});
  EXPECT_TRUE(rings(mailbox));
  mailbox.run_all();
  EXPECT_FALSE(rings(mailbox));
  mailbox.post([] {});
  EXPECT_TRUE(rings(mailbox));
}

TEST(Mailbox, a_letter_that_posts_does_not_run_for_ever) {
  Mailbox mailbox;
  int ran = 0;
  mailbox.post([&] {
    ++ran;
    mailbox.post([&] { ++ran; });
  });
  mailbox.run_all();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(rings(mailbox));
  mailbox.run_all();
  EXPECT_EQ(ran, 2);
}

TEST(Mailbox, a_closed_mailbox_runs_and_keeps_nothing) {
  Mailbox mailbox;
  const auto captured = std::make_shared<int>(1);
  bool ran = false;
  mailbox.post([captured, &ran] { ran = true; });
  mailbox.close();
  EXPECT_EQ(captured.use_count(), 1) << "unread letters are thrown away";
  mailbox.post([captured, &ran] { ran = true; });
  EXPECT_EQ(captured.use_count(), 1);
  mailbox.run_all();
  EXPECT_FALSE(ran);
}

// What a letter captured may post when it is destroyed: that must not meet a lock which is held.
TEST(Mailbox, a_letter_that_posts_as_it_is_thrown_away_does_no_harm) {
  struct Poster {
    explicit Poster(Mailbox& to) : mailbox(to) {}
    Poster(const Poster&) = delete;
    Poster& operator=(const Poster&) = delete;
    ~Poster() {
      mailbox.post([] {});
    }
    Mailbox& mailbox;
  };
  Mailbox mailbox;
  mailbox.post([poster = std::make_shared<Poster>(mailbox)] {});
  mailbox.close();
  mailbox.post([poster = std::make_shared<Poster>(mailbox)] {});
}

TEST(Mailbox, letters_of_many_threads_all_arrive_each_threads_own_in_order) {
  constexpr int kThreads = 4;
  constexpr int kLetters = 5000;
  Mailbox mailbox;
  std::vector<int> last(kThreads, 0);
  int arrived = 0;
  bool in_order = true;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int number = 1; number <= kLetters; ++number) {
        mailbox.post([&, thread, number] {
          in_order = in_order && last[thread] == number - 1;
          last[thread] = number;
          ++arrived;
        });
      }
    });
  }
  while (arrived < kThreads * kLetters) {
    pollfd bell = {.fd = mailbox.fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&bell, 1, 20000), 1) << "letters lie there and the bell does not ring";
    mailbox.run_all();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace reactor::tests
