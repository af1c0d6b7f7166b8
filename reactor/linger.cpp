// The stream's last owner: it throws away what comes and lets go when the peer has closed or the time is over.
#include "reactor/linger.hpp"

#include <utility>

namespace reactor {

namespace {

// While something of ours still waits, the peer may take nothing of it for so many windows behind the first, and all of
// it together may take that many.
constexpr int kStandstills = 2;
constexpr int kLongest = 30;

class Lingering final : public Resident, private StreamHandler, private Timer {
 public:
  explicit Lingering(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  void start(FirstToClose first, Milliseconds time) {
    stream_->attach(*this);
    if (first == FirstToClose::kUs) stream_->finish_output();
    time_ = time;
    stream_->loop().arm(*this, time_);
    if (stream_->input_finished()) return on_end(StreamEnd::kFinished);
    stream_->resume_reading();
  }

 private:
  void on_input(std::span<std::uint8_t>) override {}
  void on_end(StreamEnd end) override {
    // Who sends no more may still read what waits here.
    if (end == StreamEnd::kFinished) stream_->flush();
    if (end == StreamEnd::kLost || stream_->unsent() == 0) finish();
  }
  void on_drained() override {
    if (stream_->input_finished()) finish();
  }
  void on_timer() override {
    if (stream_->unsent() == 0 || ++windows_ >= kLongest) return finish();
    const std::uint32_t taken = stream_->output_progress().taken;
    standstills_ = std::exchange(taken_, taken) == taken ? standstills_ + 1 : 0;
    if (standstills_ >= kStandstills) return finish();
    stream_->loop().arm(*this, time_);
  }
  void wind_down() override {}  // it ends by itself, soon

  void finish() {
    stream_->close();
    stream_->loop().retire(*this);
  }

  std::unique_ptr<Stream> stream_;
  Milliseconds time_{0};
  int windows_ = 0;
  int standstills_ = 0;
  std::uint32_t taken_ = 0;
};

}  // namespace

void linger(std::unique_ptr<Stream> stream, FirstToClose first, Milliseconds time) {
  if (stream->closed()) return;
  Loop& loop = stream->loop();
  loop.adopt(std::make_unique<Lingering>(std::move(stream))).start(first, time);
}

}  // namespace reactor
