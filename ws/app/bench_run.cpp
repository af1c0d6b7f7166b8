// The phases, in their order. Each ends by a deadline, or because nothing is left to wait for.
#include "ws/app/bench_run.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "reactor/address.hpp"
#include "ws/app/bench_report.hpp"
#include "ws/app/quantities.hpp"
#include "ws/masking_keys.hpp"
#include "ws/protocol/handshake.hpp"

namespace ws::app {

namespace {

// Descriptors that are not connections: standard streams, the loop's own, /proc.
constexpr std::size_t kOtherDescriptors = 32;
constexpr std::size_t kLandingSize = 512 * 1024;
// From one address to one destination: fewer than the kernel has ports for (ip_local_port_range, 28,232 as a rule), so
// that those which are in use or in TIME_WAIT do not matter.
constexpr std::size_t kConnectionsOfSource = 16'384;
constexpr std::size_t kMostSources = 254;
constexpr double kSecond = 1e9;

// The soft limit is there for programs that use select(); each connection is a descriptor.
void make_room_for(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (connections + kOtherDescriptors <= limit.rlim_cur) return;
  throw std::runtime_error("bench: " + std::to_string(connections) + " connections need as many descriptors, and " +
                           std::to_string(limit.rlim_cur) + " are allowed (ulimit -Hn); raise that, or take fewer");
}

double seconds_between(std::uint64_t from, std::uint64_t to) { return static_cast<double>(to - from) / kSecond; }

std::size_t link_count(const BenchOptions& options) {
  if (options.mode == BenchMode::kHandshake) return options.depth;
  return options.connections + (options.mode == BenchMode::kBroadcast ? 1 : 0);
}

// Every address of 127.0.0.0/8 is this machine's. Empty where the kernel's choice will do, or there is no other.
std::vector<reactor::Address> make_sources(const std::vector<reactor::Address>& destinations, std::size_t count) {
  std::vector<reactor::Address> sources;
  const auto is_one_of_many = [](const reactor::Address& address) {
    return address.family() == AF_INET && address.is_loopback();
  };
  const std::size_t wanted = (count + kConnectionsOfSource - 1) / kConnectionsOfSource;
  if (wanted < 2 || !std::any_of(destinations.begin(), destinations.end(), is_one_of_many)) return sources;
  for (std::size_t each = 1; each <= std::min<std::size_t>(wanted, kMostSources); ++each) {
    sources.push_back(*reactor::Address::numeric("127.0.0." + std::to_string(each), 0));
  }
  return sources;
}

// One nonce and one masking key for the run: a load generator hides nothing.
std::unique_ptr<BenchPlan> make_plan(reactor::Loop& loop, const BenchOptions& options) {
  std::array<std::uint8_t, protocol::kKeySize> nonce{};
  fill_random(nonce);
  protocol::MaskingKey mask{};
  fill_random(mask);
  // A bare server has one answer, and this key of RFC 6455 1.3 is the one that it is right for.
  const std::string key = options.raw ? "dGhlIHNhbXBsZSBub25jZQ==" : protocol::make_key(nonce);
  const std::string extensions = protocol::write_deflate_offer(options.compression);
  const bool compresses = options.compression.mode != protocol::Compression::Mode::kOff;
  const auto content = compresses ? BenchMessages::Content::kWords : BenchMessages::Content::kRandom;
  std::optional<reactor::TlsContext> tls;
  if (options.url.secure) tls = reactor::TlsContext::client(options.tls);
  auto addresses = reactor::resolve(options.url.host, options.url.port, false);
  auto sources = make_sources(addresses, link_count(options));
  auto plan = std::make_unique<BenchPlan>(BenchPlan{
      .loop = loop,
      .addresses = std::move(addresses),
      .sources = std::move(sources),
      .tls = std::move(tls),
      .host = options.url.host,
      .compression = options.compression,
      .request = protocol::write_upgrade_request(
          {.host = options.url.host_field, .target = options.url.target, .key = key, .extensions = extensions}),
      .key = key,
      .messages = BenchMessages(options.size, options.text, options.depth, mask, content),
      .inflater = protocol::Inflater(),
      .errors = {},
      .wire = {},
      .verify = options.verify,
      .raw = options.raw,
      .landing = std::vector<std::uint8_t>(kLandingSize)});
  return plan;
}

}  // namespace

BenchRun::BenchRun(const BenchOptions& options) : options_(options), server_(options.pid) {}
BenchRun::~BenchRun() = default;

void BenchRun::make_links() {
  const std::size_t count = link_count(options_);
  make_room_for(count);
  plan_ = make_plan(loop_, options_);
  driver_ = make_driver(options_, links_);
  driver_->opened = [this](BenchLink&) { on_opened(); };
  driver_->gone = [this](BenchLink& link) { on_gone(link); };
  links_.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    links_.push_back(std::make_unique<BenchLink>(*plan_, *driver_, index));
  }
  if (options_.mode != BenchMode::kBroadcast) return;
  for (const auto& link : links_) link->expect_from(*links_.back());
}

BenchResult BenchRun::run() {
  make_links();
  result_.wanted = links_.size();
  began_ = bench_now();
  if (options_.mode == BenchMode::kHandshake) {
    result_.opened = links_.size();
    warm_up();
  } else {
    target_ = std::min(kFirstConnections, links_.size() / 2);
    open_more();
  }
  while (phase_ != Phase::kDone) step();
  result_.figures = std::move(driver_->figures);
  if (!collected_) collect();
  return std::move(result_);
}

// ---- Connect

void BenchRun::open_more() {
  while (opening_ < kOpenAtOnce && next_ < target_) {
    ++opening_;
    links_[next_++]->open();
  }
  if (phase_ != Phase::kConnecting || opening_ > 0 || next_ < target_) return;
  if (target_ < links_.size() && (open_ > 0 || next_ == 0)) {
    first_ = open_;
    memory_before_ = server_.memory();
    target_ = links_.size();
    return open_more();
  }
  connected();
}

void BenchRun::on_opened() {
  --opening_;
  ++open_;
  open_more();
}

void BenchRun::on_gone(const BenchLink& link) {
  if (options_.mode == BenchMode::kHandshake) {
    // Only at the end, or if the driver has given up.
  } else if (link.has_been_open()) {
    --open_;
  } else {
    --opening_;
    if (open_ == 0) target_ = next_;  // nobody has come in: do not try them all
  }
  if (phase_ == Phase::kConnecting) return open_more();
  const bool over = open_ == 0 || (options_.mode == BenchMode::kBroadcast && &link == links_.back().get());
  if (over && (phase_ == Phase::kWarmingUp || phase_ == Phase::kMeasuring)) end_measuring();
}

void BenchRun::connected() {
  result_.opened = open_;
  result_.open_seconds = seconds_between(began_, bench_now());
  if (open_ == 0) {
    phase_ = Phase::kDone;
  } else {
    warm_up();
  }
}

// ---- Measure

void BenchRun::warm_up() {
  phase_ = Phase::kWarmingUp;
  if (options_.mode == BenchMode::kIdle || options_.warmup.count() == 0) {
    measure();
  } else {
    deadline_.start(loop_, options_.warmup, [this] { measure(); });
  }
  driver_->start(bench_now());
}

void BenchRun::measure() {
  phase_ = Phase::kMeasuring;
  deadline_.start(loop_, options_.seconds, [this] { end_measuring(); });
  server_cpu_before_ = server_.cpu();
  own_cpu_before_ = own_cpu();
  driver_->figures.from = bench_now();
}

void BenchRun::end_measuring() {
  const bool measured = phase_ == Phase::kMeasuring;
  phase_ = Phase::kDraining;
  BenchFigures& figures = driver_->figures;
  const std::uint64_t now = bench_now();
  // If this comes late, because we had to wait for a processor, so does what fell due meanwhile.
  if (driver_->next_due() != UINT64_MAX) driver_->send_due(now);
  figures.to = now;
  if (measured) {
    result_.seconds = seconds_between(figures.from, figures.to);
    result_.own_cpu = own_cpu() - own_cpu_before_;
    const auto after = server_.cpu();
    if (after && server_cpu_before_) result_.server_cpu = BenchProcess::between(*server_cpu_before_, *after);
    result_.memory = server_.memory();
    if (result_.memory && memory_before_ && open_ >= first_ + kFewest) {
      result_.memory_each = (static_cast<double>(*result_.memory) - static_cast<double>(*memory_before_)) /
                            static_cast<double>(open_ - first_);
    }
  }
  driver_->stop();
  deadline_.start(loop_, kDrainTime, [this] { drained(); });
}

// ---- The end

void BenchRun::drained() {
  const std::uint64_t left = driver_->outstanding();
  if (left > 0) plan_->errors.add(BenchError::kUnanswered, "at the end, after two seconds more", left);
  collect();
  phase_ = Phase::kClosing;
  deadline_.start(loop_, kCloseTime, [this] { phase_ = Phase::kDone; });
  for (const auto& link : links_) {
    if (link->is_open()) link->close();
  }
}

// What went wrong. How the connections end, when all is over, is not looked at.
void BenchRun::collect() {
  collected_ = true;
  std::uint64_t missing = 0;
  for (const auto& link : links_) missing += link->missing();
  if (missing > 0) plan_->errors.add(BenchError::kMissing, "later ones came", missing);
  if (options_.verify && plan_->unexpected > 0) {
    plan_->errors.add(BenchError::kUnexpected, "of another size, or not asked for", plan_->unexpected);
  }
  result_.errors = plan_->errors;
  result_.unexpected = plan_->unexpected;
  result_.wire = plan_->wire;
  result_.frame_size = plan_->messages.frame_size();
}

void BenchRun::stop() {
  if (phase_ == Phase::kWarmingUp || phase_ == Phase::kMeasuring) return end_measuring();
  phase_ = Phase::kDone;
}

// One turn of the loop. What is due soon is waited for by turning: timers have the grain of a millisecond, and latency
// that is counted from when a message was due must not be ours.
void BenchRun::step() {
  const std::uint64_t due = driver_->next_due();
  reactor::Milliseconds wait{-1};
  if (due != UINT64_MAX) {
    const std::uint64_t now = bench_now();
    wait = reactor::Milliseconds(due > now + 2'000'000 ? (due - now) / 1'000'000 - 1 : 0);
  }
  loop_.run_once(wait);
  if (due != UINT64_MAX) driver_->send_due(bench_now());
  if (phase_ == Phase::kDraining && driver_->outstanding() == 0) drained();
  if (phase_ == Phase::kClosing && open_ == 0) phase_ = Phase::kDone;
}

std::string BenchRun::progress() const {
  switch (phase_) {
    case Phase::kConnecting: return with_commas(open_) + " of " + with_commas(links_.size()) + " connections";
    case Phase::kWarmingUp: return "warming up";
    case Phase::kDraining: return "waiting for what is in flight";
    case Phase::kMeasuring: break;
    case Phase::kClosing:
    case Phase::kDone: return {};
  }
  const BenchFigures& figures = driver_->figures;
  const double seconds = seconds_between(figures.from, bench_now());
  const auto whole = std::llround(seconds);
  std::string line = std::to_string(whole) + " s of " + format_duration(options_.seconds);
  if (figures.count == 0) return line;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(figures.count) / seconds);
  return line + "   " + with_commas(rate) + " /s   p99 " +
         format_nanoseconds(static_cast<double>(figures.latency.quantile(0.99)));
}

}  // namespace ws::app
