// One HTTP/1.1 connection: it feeds what its stream receives to a RequestParser, lets the handlers answer, and keeps
// the promises that need a clock or a socket: deadlines, pipelining in order, refusals that reach their reader.
//
//   on_input ─► parser ─► handler ─┬─ respond() ─► written; the next request, or Connection: close and linger
//                  │               └─ hijack() ──► the stream is its new owner's; this object ends with the turn
//                  └─ refused ─► 4xx, linger
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "http/request_parser.hpp"
#include "http/response.hpp"
#include "http/site.hpp"
#include "reactor/loop.hpp"
#include "reactor/stream.hpp"

namespace http {

class Connection final : public reactor::Resident, private reactor::StreamHandler {
 public:
  // Above this many unsent bytes no further request of a pipeline is looked at.
  static constexpr std::size_t kMaxUnsent = 64 * 1024;

  // REQUIRES: `site` outlives the connection, or closes it before it goes.
  Connection(Site& site, std::unique_ptr<reactor::Stream> stream, const reactor::Address& remote);
  ~Connection() override;

  // Ends it now, without a word.
  void close();

 private:
  class Deadline final : public reactor::Timer {
   public:
    explicit Deadline(Connection& connection) : connection_(connection) {}

   private:
    void on_timer() override { connection_.on_deadline(); }
    Connection& connection_;
  };

  void on_input(std::span<std::uint8_t> bytes) override;
  void on_end(reactor::StreamEnd end) override;
  void on_drained() override;
  void wind_down() override;
  void on_deadline();
  bool output_moved();

  void serve(std::span<std::uint8_t> bytes);
  bool must_wait();
  void wait_for_room(std::span<const std::uint8_t> bytes);
  void answer(std::span<std::uint8_t> early);
  void refuse(const Refusal& refusal);
  void send(const Response& response, bool with_body, bool close);
  void set_deadline(reactor::Milliseconds delay);
  void linger();
  void finish();
  void record(int status, std::string_view what);

  Site& site_;
  std::unique_ptr<reactor::Stream> stream_;  // empty: it was hijacked, or lingers
  Deadline deadline_{*this};
  std::list<Connection*>::iterator place_;  // in the site's list, while the stream is ours
  RequestParser parser_;
  bool served_one_ = false;            // the deadline of the first request runs from the accept
  std::uint64_t progress_ = 0;         // of the output, when it was last asked for
  std::vector<std::uint8_t> waiting_;  // received, and not looked at before the client takes its responses
};

}  // namespace http
