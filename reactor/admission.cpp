// Counting for each address costs a map entry for each address, and only where that limit is set.
#include "reactor/admission.hpp"

namespace reactor {

Admission::~Admission() {
  if (admissions_ != nullptr) admissions_->release(client_);
}

Admissions::Verdict Admissions::admit(const Address& client, Admission& admission) {
  if (limit_ != 0 && open_ >= limit_) return Verdict::kFull;
  // A unix socket has no address to count by: whoever may open its path is trusted as one more.
  if (limit_per_address_ != 0 && client.family() != AF_UNIX) {
    const auto entry = clients_.try_emplace(client.client_key(), 0).first;
    if (entry->second >= limit_per_address_) return Verdict::kTooManyFromAddress;
    ++entry->second;
    admission.client_ = &*entry;
  }
  admission.admissions_ = this;
  ++open_;
  return Verdict::kAdmitted;
}

void Admissions::release(Admission::Client* client) {
  --open_;
  if (client != nullptr && --client->second == 0) clients_.erase(client->first);
}

}  // namespace reactor
