// Counting for each address costs a map entry for each address, and only where that limit is set.
#include "reactor/admission.hpp"

namespace reactor {

Admission::~Admission() {
  if (client_ != nullptr) client_->admissions->release(*client_);
}

Admissions::Verdict Admissions::admit(const Address& client, Admission& admission) {
  if (limit_ != 0 && open_ >= limit_) return Verdict::kFull;
  Admission::Client* counted = &anybody_;
  // A unix socket has no address to count by: whoever may open its path is trusted as one more.
  if (limit_per_address_ != 0 && client.family() != AF_UNIX) {
    const Admission::Address address = client.client_key();
    counted = &clients_.try_emplace(address, Admission::Client{.admissions = this, .address = address}).first->second;
    if (counted->connections >= limit_per_address_) return Verdict::kTooManyFromAddress;
  }
  ++counted->connections;
  ++open_;
  admission.client_ = counted;
  return Verdict::kAdmitted;
}

void Admissions::release(Admission::Client& client) {
  --open_;
  if (--client.connections == 0 && &client != &anybody_) clients_.erase(client.address);
}

}  // namespace reactor
