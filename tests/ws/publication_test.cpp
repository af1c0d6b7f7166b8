// A published message is one frame of a server (RFC 6455 5.2), encoded when it is first asked for, and once.
#include "ws/publication.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/ws/frames.hpp"

namespace ws {
namespace {

std::string bytes_of(const Publication& publication) {
  const auto view = publication.frame().view();
  return {view.begin(), view.end()};
}

TEST(Publication, is_the_frame_that_a_server_sends) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 100000U}) {
    const std::string text(size, 'x');
    EXPECT_EQ(bytes_of(Publication(text)), tests::frame(tests::Role::kServer, tests::Opcode::kText, text)) << size;
  }
  const std::vector<std::uint8_t> binary = {0, 255};
  EXPECT_EQ(bytes_of(Publication(MessageType::kBinary, binary)),
            tests::frame(tests::Role::kServer, tests::Opcode::kBinary, std::string("\0\xFF", 2)));
}

TEST(Publication, is_encoded_once_and_shared) {
  const Publication publication("hello");
  const auto* place = publication.frame().view().data();
  const reactor::SharedBytes kept = publication.frame();
  EXPECT_EQ(publication.frame().view().data(), place);
  EXPECT_EQ(kept.view().data(), place);
}

}  // namespace
}  // namespace ws
