// How many connections there are, in all and from each address, and whether there may be one more. A connection
// holds its Admission for as long as it lives, whatever protocol it has come to speak; letting go of it counts down.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "reactor/address.hpp"

namespace reactor {

class Admissions;

class Admission {
 public:
  Admission() = default;
  Admission(Admission&& other) noexcept : client_(std::exchange(other.client_, nullptr)) {}
  Admission& operator=(Admission&& other) noexcept {
    std::swap(client_, other.client_);
    return *this;
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

 private:
  friend class Admissions;
  using Address = std::array<std::uint8_t, 16>;
  struct Client {
    Admissions* admissions;
    Address address = {};
    std::size_t connections = 0;
  };

  Client* client_ = nullptr;  // whom this is one connection of; one for all, where they are not counted by address
};

// REQUIRES: outlives every Admission it gave. The loop has one, because it outlives its streams.
class Admissions {
 public:
  Admissions() = default;
  Admissions(const Admissions&) = delete;
  Admissions& operator=(const Admissions&) = delete;

  enum class Verdict : std::uint8_t { kAdmitted, kFull, kTooManyFromAddress };

  // 0 is no limit.
  void set_limits(std::size_t in_all, std::size_t per_address) {
    limit_ = in_all;
    limit_per_address_ = per_address;
  }
  Verdict admit(const Address& client, Admission& admission);
  std::size_t open() const { return open_; }

 private:
  friend class Admission;
  void release(Admission::Client& client);

  Admission::Client anybody_{.admissions = this};
  std::size_t limit_ = 0;
  std::size_t limit_per_address_ = 0;
  std::size_t open_ = 0;
  std::map<Admission::Address, Admission::Client> clients_;
};

}  // namespace reactor
