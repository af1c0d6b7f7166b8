// What is published waits in the stream's queue until the end of the turn, with the topic as its tag.
#include "ws/connection_subscriber.hpp"

#include "reactor/output_queue.hpp"
#include "ws/codec.hpp"
#include "ws/publication.hpp"

namespace ws {

// Compressed once for all who agreed on the same. Who takes his context over has a compressor of his own, to which
// nobody else's message is of use: for him this is only what it would take as it is.
const reactor::SharedBytes& ConnectionSubscriber::frame_of(const Publication& publication) const {
  if (connection_.is(Connection::kTakesContextOver) || !connection_.worth_compressing(publication.payload().size()))
    return publication.frame();
  return publication.frame(connection_.sending(), connection_.settings().codec->deflater);
}

std::size_t ConnectionSubscriber::size_of(const Publication& publication) const { return frame_of(publication).size(); }

Subscriber::Taken ConnectionSubscriber::take(const Publication& publication, Tag topic, std::size_t max_queue) {
  if (!connection_.is_open()) return Taken::kGone;
  const reactor::SharedBytes& frame = frame_of(publication);
  reactor::Stream& stream = *connection_.stream_;
  if (stream.has_waiting() && stream.waiting() + frame.size() > max_queue) {
    stream.flush();  // some of it may have waited only for the end of the turn
    if (stream.has_waiting() && stream.waiting() + frame.size() > max_queue) return Taken::kNoRoom;
  }
  connection_.loop().count_work();
  const bool own_compressor =
      connection_.is(Connection::kTakesContextOver) && connection_.worth_compressing(publication.payload().size());
  // RFC 6455 5.3: a client's frame is masked, so it is its own too.
  if (connection_.role() == Role::kClient || own_compressor) {
    connection_.write_message(publication.type(), publication.payload());
    return Taken::kYes;
  }
  if (connection_.is(Connection::kTraced)) connection_.trace(false, frame.view());
  stream.write_shared(frame, 0, SIZE_MAX, topic);
  return Taken::kYes;
}

std::size_t ConnectionSubscriber::drop(Tag topic, std::size_t wanted) {
  return connection_.is_open() ? connection_.stream_->take_back(topic, wanted) : 0;
}

// What waits is given up, so that the memory is free at once and the Close frame is next.
void ConnectionSubscriber::cut_off() {
  if (!connection_.is_open()) return;
  connection_.stream_->take_back(reactor::OutputQueue::kAnyTag);
  connection_.close(protocol::kTryAgainLater, "too much waits that was not read");
}

}  // namespace ws
