// One of the few places that manage memory by hand: which of the two lives in the union, kind_ says.
#include "reactor/waiting_output.hpp"

namespace reactor {

void WaitingOutput::clear() {
  if (is_frame()) frame_.~SharedBytes();
  if (is_queue()) queue_.~unique_ptr();
  kind_ = Kind::kNothing;
}

std::size_t WaitingOutput::take_back(Tag tag, std::size_t wanted) {
  if (is_queue()) return queue_->take_back(tag, wanted);
  const bool meant = is_frame() && (tag_ == tag || (tag == OutputQueue::kAnyTag && tag_ != OutputQueue::kNoTag));
  if (!meant || wanted == 0) return 0;
  clear();
  return 1;
}

OutputQueue& WaitingOutput::queue() {
  if (is_frame()) {
    SharedBytes frame = std::move(frame_);
    clear();
    begin_queue().append_shared(std::move(frame), 0, SIZE_MAX, tag_);
  } else if (!is_queue()) {
    begin_queue();
  }
  return *queue_;
}

OutputQueue& WaitingOutput::begin_queue() {
  new (&queue_) std::unique_ptr<OutputQueue>(std::make_unique<OutputQueue>());
  kind_ = Kind::kQueue;
  return *queue_;
}

void WaitingOutput::remove_front_of_frame(std::size_t size) {
  if (size == frame_.size()) return clear();
  if (size > 0) queue().remove_front(size);
}

}  // namespace reactor
