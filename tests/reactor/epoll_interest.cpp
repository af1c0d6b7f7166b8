// Each epoll descriptor lists what it watches in its fdinfo: `tfd:   7 events: 80002001 data: ...`.
#include "tests/reactor/epoll_interest.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace reactor::tests {

std::optional<std::uint32_t> epoll_interest(int fd) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo", error)) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);) {
      std::istringstream words(line);
      std::string name;
      std::string label;
      std::uint32_t events = 0;
      int watched = -1;
      if (words >> name >> watched >> label >> std::hex >> events && name == "tfd:" && watched == fd) return events;
    }
  }
  return std::nullopt;
}

}  // namespace reactor::tests
