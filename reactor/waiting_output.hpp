// What of a stream waits: nothing, which is the rule; one published frame, which is what nearly every subscriber of a
// busy topic has waiting between the publish and the end of the turn; or else a queue. A lone frame costs no memory:
// to make a queue for each of a thousand subscribers, and free it in the same turn, was half of what a publish cost.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "reactor/output_queue.hpp"
#include "reactor/shared_bytes.hpp"

namespace reactor {

class WaitingOutput {
 public:
  using Tag = OutputQueue::Tag;

  WaitingOutput() = default;
  WaitingOutput(const WaitingOutput&) = delete;
  WaitingOutput& operator=(const WaitingOutput&) = delete;
  ~WaitingOutput() { clear(); }

  // That something waits does not say that bytes do: a queue may have been emptied by take_back().
  bool any() const { return kind_ != Kind::kNothing; }
  std::size_t bytes() const { return is_frame() ? held_.frame.size() : is_queue() ? held_.queue->bytes() : 0; }
  // See OutputQueue::waiting: behind a lone frame nothing does.
  std::size_t waiting() const { return is_queue() ? held_.queue->waiting() : 0; }
  std::size_t take_back(Tag tag, std::size_t wanted);

  // Where nothing waits: all of `frame` does now.
  void put(SharedBytes frame, Tag tag);
  // Null if it is not a lone frame that waits.
  const SharedBytes* frame() const { return is_frame() ? &held_.frame : nullptr; }
  // The first `size` bytes of the lone frame were sent.
  void remove_front_of_frame(std::size_t size);
  // The queue, made where there is none.
  OutputQueue& queue();
  void clear();

 private:
  enum class Kind : unsigned char { kNothing, kFrame, kQueue };

  bool is_frame() const { return kind_ == Kind::kFrame; }
  bool is_queue() const { return kind_ == Kind::kQueue; }
  OutputQueue& begin_queue();

  // Which of the two lives here, kind_ says.
  union Held {
    Held() {}
    ~Held() {}
    SharedBytes frame;
    std::unique_ptr<OutputQueue> queue;
  };
  Held held_;
  Tag tag_ = OutputQueue::kNoTag;  // of the lone frame
  Kind kind_ = Kind::kNothing;
};

static_assert(sizeof(WaitingOutput) == 16, "every stream has one");

inline void WaitingOutput::put(SharedBytes frame, Tag tag) {
  assert(!any());
  new (&held_.frame) SharedBytes(std::move(frame));
  kind_ = Kind::kFrame;
  tag_ = tag;
}

}  // namespace reactor
