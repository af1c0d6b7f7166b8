// One of the few places that manage memory by hand: what lives in the union is made and ended here.
#include "reactor/waiting_output.hpp"

namespace reactor {

void WaitingOutput::clear() {
  if (is_frame()) held_.frame.~SharedBytes();
  if (is_queue()) held_.queue.~unique_ptr();
  kind_ = Kind::kNothing;
}

std::size_t WaitingOutput::take_back(Tag tag, std::size_t wanted) {
  if (is_queue()) return held_.queue->take_back(tag, wanted);
  const bool meant = is_frame() && (tag_ == tag || (tag == OutputQueue::kAnyTag && tag_ != OutputQueue::kNoTag));
  if (!meant || wanted == 0) return 0;
  clear();
  return 1;
}

OutputQueue& WaitingOutput::queue() {
  if (is_frame()) {
    SharedBytes frame = std::move(held_.frame);
    clear();
    begin_queue().append_shared(std::move(frame), 0, SIZE_MAX, tag_);
  } else if (!is_queue()) {
    begin_queue();
  }
  return *held_.queue;
}

OutputQueue& WaitingOutput::begin_queue() {
  new (&held_.queue) std::unique_ptr<OutputQueue>(std::make_unique<OutputQueue>());
  kind_ = Kind::kQueue;
  return *held_.queue;
}

void WaitingOutput::remove_front_of_frame(std::size_t size) {
  if (size == held_.frame.size()) return clear();
  if (size > 0) queue().remove_front(size);
}

}  // namespace reactor
