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
  Admission(Admission&& other) noexcept
      : admissions_(std::exchange(other.admissions_, nullptr)), client_(std::exchange(other.client_, nullptr)) {}
  Admission& operator=(Admission&& other) noexcept {
    std::swap(admissions_, other.admissions_);
    std::swap(client_, other.client_);
    return *this;
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

 private:
  friend class Admissions;
  using Clients = std::map<std::array<std::uint8_t, 16>, std::size_t>;
  using Client = Clients::value_type;

  Admissions* admissions_ = nullptr;
  Client* client_ = nullptr;  // this connection's entry, where connections are counted for each address
};

// REQUIRES: outlives every Admission it gave. The loop has one, because it outlives its streams.
class Admissions {
 public:
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
  void release(Admission::Client* client);

  std::size_t limit_ = 0;
  std::size_t limit_per_address_ = 0;
  std::size_t open_ = 0;
  Admission::Clients clients_;
};

}  // namespace reactor
