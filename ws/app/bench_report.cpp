// Rows and columns. Figures have three digits, because no more of them come again in the next run.
#include "ws/app/bench_report.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "ws/app/escape.hpp"

namespace ws::app {

namespace {

constexpr std::array<std::pair<std::string_view, double>, 4> kQuantiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}};

std::string three_digits(double value) {
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string rounded(double value) {
  return with_commas(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0))));
}

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

// ---- The table

constexpr std::size_t kLabelWidth = 16;
constexpr std::size_t kCellWidth = 18;

// Cells stand under each other, and nothing stands behind the last.
void add_row(std::string& table, std::string_view label, const std::vector<std::string>& cells) {
  std::string line(label);
  line.resize(std::max(line.size() + 1, kLabelWidth), ' ');
  for (const std::string& cell : cells) {
    line += cell;
    line.append(cell.size() < kCellWidth ? kCellWidth - cell.size() : 1, ' ');
  }
  table += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
}

void add_latency(std::string& table, std::string_view label, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  std::vector<std::string> cells;
  for (const auto& [name, share] : kQuantiles) {
    cells.push_back(std::string(name) + ' ' + format_nanoseconds(static_cast<double>(histogram.quantile(share))));
  }
  cells.push_back("max " + format_nanoseconds(static_cast<double>(histogram.max())));
  add_row(table, label, cells);
}

std::string plural(std::uint64_t count, std::string_view word) {
  return with_commas(count) + ' ' + std::string(word) + (count == 1 ? "" : "s");
}

std::string headline(const BenchOptions& options, const BenchResult& result) {
  std::string line(name_of(options.mode));
  const bool messages = options.mode == BenchMode::kEcho || options.mode == BenchMode::kBroadcast;
  if (messages) line += " of " + format_bytes(static_cast<double>(options.size)) + (options.text ? " text" : " binary");
  if (options.mode == BenchMode::kBroadcast) {
    line += " to " + plural(options.connections, "subscriber");
  } else if (options.mode != BenchMode::kHandshake) {
    line += (messages ? " on " : ": ") + plural(result.opened, "connection");
  }
  if (options.rate > 0) line += ", " + with_commas(options.rate) + " a second";
  if (options.mode == BenchMode::kHandshake) line += ", " + with_commas(options.depth) + " at a time";
  if (messages && options.depth < kUnlimitedDepth) line += ", " + with_commas(options.depth) + " in flight";
  return line + ", for " + three_digits(result.seconds) + " s";
}

std::string_view name_of(protocol::Compression::Mode mode) {
  switch (mode) {
    case protocol::Compression::Mode::kOff: return "off";
    case protocol::Compression::Mode::kShared: return "shared";
    case protocol::Compression::Mode::kDedicated: break;
  }
  return "dedicated";
}

// What is not a plain message over a plain connection.
void add_wire(std::string& table, const BenchOptions& options, const BenchResult& result) {
  if (!result.wire.tls.empty()) {
    add_row(table, "encrypted", {result.wire.tls + (options.tls.insecure ? ", whoever answers is believed" : "")});
  }
  if (!result.wire.compression) return;
  const bool messages = options.mode == BenchMode::kEcho || options.mode == BenchMode::kBroadcast;
  const std::string frame = messages ? ", a frame is " + format_bytes(static_cast<double>(result.frame_size)) : "";
  add_row(table, "compressed", {std::string(name_of(options.compression.mode)) + frame});
}

void add_counts(std::string& table, const BenchOptions& options, const BenchResult& result) {
  const BenchFigures& figures = result.figures;
  if (options.mode == BenchMode::kIdle) {
    return add_row(table, "connections",
                   {with_commas(result.opened), "opened in " + three_digits(result.open_seconds) + " s"});
  }
  std::vector<std::string> cells = {rounded(per_second(figures.count, result.seconds)) + " /s"};
  if (options.mode != BenchMode::kHandshake) {
    cells.push_back(format_bytes(per_second(figures.count * options.size, result.seconds)) + "/s");
  }
  cells.push_back(with_commas(figures.count) + " in all");
  add_row(table, bench_unit(options.mode), cells);
}

// How much of a core, and how much for each.
std::vector<std::string> cpu_cells(std::uint64_t nanoseconds, const BenchResult& result) {
  const double share = result.seconds > 0 ? static_cast<double>(nanoseconds) / (result.seconds * 1e7) : 0;
  std::vector<std::string> cells = {three_digits(share) + "% of a core"};
  if (result.figures.count > 0) {
    cells.push_back(format_nanoseconds(static_cast<double>(nanoseconds) / static_cast<double>(result.figures.count)) +
                    " of CPU each");
  }
  return cells;
}

void add_cpu(std::string& table, const BenchOptions& options, const BenchResult& result) {
  if (result.server_cpu) add_row(table, "server", cpu_cells(*result.server_cpu, result));
  if (result.memory) {
    std::vector<std::string> cells = {format_bytes(static_cast<double>(*result.memory))};
    if (result.memory_each) cells.push_back(format_bytes(*result.memory_each) + " each connection");
    add_row(table, "server's memory", cells);
  }
  auto own = cpu_cells(result.own_cpu, result);
  if (options.rate > 0) own = {own.front(), "most of it waiting for the next that is due"};
  add_row(table, "this client", own);
}

void add_errors(std::string& table, const BenchResult& result) {
  if (result.unexpected > 0) {
    add_row(table, "besides", {plural(result.unexpected, "message") + " that nobody asked for (a greeting?)"});
  }
  for (std::size_t index = 0; index < BenchErrors::kKinds; ++index) {
    const auto kind = static_cast<BenchError>(index);
    if (result.errors.count(kind) == 0) continue;
    add_row(table, "ERROR",
            {std::string(BenchErrors::name(kind)) + ": " + with_commas(result.errors.count(kind)) +
             ", first: " + printable(result.errors.first(kind))});
  }
}

// ---- JSON

// Members of an object, in order.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, const std::string& value) {
    text_ += (text_.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
    return *this;
  }
  JsonObject& add_text(std::string_view name, std::string_view value) {
    return add(name, '"' + escape_for_json(value) + '"');
  }
  JsonObject& add(std::string_view name, std::uint64_t value) { return add(name, std::to_string(value)); }
  JsonObject& add(std::string_view name, bool value) { return add(name, std::string(value ? "true" : "false")); }
  JsonObject& add(std::string_view name, double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.3f", value);
    return add(name, std::string(text.data()));
  }
  template <class Number>
  JsonObject& add_if(std::string_view name, const std::optional<Number>& value) {
    return value ? add(name, *value) : add(name, std::string("null"));
  }
  std::string str() const { return '{' + text_ + '}'; }

 private:
  std::string text_;
};

std::string latency_json(const Histogram& histogram) {
  const auto microseconds = [](std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; };
  JsonObject object;
  object.add("count", histogram.count()).add("mean", histogram.mean() / 1000);
  for (const auto& [name, share] : kQuantiles) {
    object.add(name == "p99.9" ? "p99_9" : name, microseconds(histogram.quantile(share)));
  }
  return object.add("max", microseconds(histogram.max())).str();
}

std::string options_json(const BenchOptions& options) {
  JsonObject object;
  object.add("connections", std::uint64_t{options.connections})
      .add("size", std::uint64_t{options.size})
      .add("depth", std::uint64_t{options.depth})
      .add("rate", options.rate)
      .add("seconds", static_cast<double>(options.seconds.count()) / 1000)
      .add("warmup", static_cast<double>(options.warmup.count()) / 1000)
      .add("text", options.text)
      .add("verify", options.verify)
      .add_text("compress", name_of(options.compression.mode));
  return object.str();
}

std::string wire_json(const BenchOptions& options, const BenchResult& result) {
  JsonObject object;
  const bool messages = options.mode == BenchMode::kEcho || options.mode == BenchMode::kBroadcast;
  object.add_text("tls", result.wire.tls)
      .add("compressed", result.wire.compression.has_value())
      .add_if("frame_bytes", messages ? std::optional(std::uint64_t{result.frame_size}) : std::nullopt);
  return object.str();
}

std::string cpu_json(std::uint64_t nanoseconds, const BenchResult& result, JsonObject object = {}) {
  const auto count = static_cast<double>(result.figures.count);
  object.add("cpu_seconds", static_cast<double>(nanoseconds) / 1e9)
      .add("cpu_percent", result.seconds > 0 ? static_cast<double>(nanoseconds) / (result.seconds * 1e7) : 0.0)
      .add_if("cpu_us_each", count > 0 ? std::optional(static_cast<double>(nanoseconds) / 1000 / count) : std::nullopt);
  return object.str();
}

std::string server_json(const BenchOptions& options, const BenchResult& result) {
  if (options.pid == 0) return "null";
  JsonObject object;
  object.add("pid", static_cast<std::uint64_t>(options.pid))
      .add_if("memory_bytes", result.memory)
      .add_if("memory_bytes_each", result.memory_each);
  return result.server_cpu ? cpu_json(*result.server_cpu, result, object) : object.str();
}

std::string errors_json(const BenchErrors& errors) {
  JsonObject object;
  for (std::size_t index = 0; index < BenchErrors::kKinds; ++index) {
    const auto kind = static_cast<BenchError>(index);
    if (errors.count(kind) == 0) continue;
    JsonObject entry;
    entry.add("count", errors.count(kind)).add_text("first", printable(errors.first(kind)));
    object.add(BenchErrors::name(kind), entry.str());
  }
  return object.str();
}

}  // namespace

std::string_view bench_unit(BenchMode mode) {
  switch (mode) {
    case BenchMode::kEcho: return "round trips";
    case BenchMode::kBroadcast: return "deliveries";
    case BenchMode::kIdle: return "connections";
    case BenchMode::kHandshake: break;
  }
  return "handshakes";
}

std::string bench_table(const BenchOptions& options, const BenchResult& result) {
  std::string table = headline(options, result) + '\n' + options.url_text + "\n\n";
  add_counts(table, options, result);
  add_wire(table, options, result);
  const bool broadcast = options.mode == BenchMode::kBroadcast;
  if (broadcast) {
    add_row(table, "sent",
            {rounded(per_second(result.figures.sent, result.seconds)) + " /s", "",
             with_commas(result.figures.sent) + " in all"});
  }
  std::string_view what = options.mode == BenchMode::kHandshake ? "until open" : "latency";
  if (options.rate > 0) what = "since due";
  add_latency(table, what, result.figures.latency);
  if (broadcast) add_latency(table, "until the last", result.figures.last);
  add_cpu(table, options, result);
  add_errors(table, result);
  return table;
}

std::string bench_json(const BenchOptions& options, const BenchResult& result) {
  const BenchFigures& figures = result.figures;
  JsonObject connections;
  connections.add("wanted", std::uint64_t{result.wanted})
      .add("opened", std::uint64_t{result.opened})
      .add("open_seconds", result.open_seconds);
  JsonObject object;
  object.add_text("url", options.url_text)
      .add_text("mode", name_of(options.mode))
      .add("options", options_json(options))
      .add("connections", connections.str())
      .add("wire", wire_json(options, result))
      .add("seconds", result.seconds)
      .add_text("unit", bench_unit(options.mode))
      .add("count", figures.count)
      .add("per_second", per_second(figures.count, result.seconds))
      .add("sent", figures.sent)
      .add("latency_corrected", options.rate > 0)
      .add("latency_us", latency_json(figures.latency));
  if (options.mode == BenchMode::kBroadcast) object.add("last_delivery_us", latency_json(figures.last));
  object.add("server", server_json(options, result))
      .add("client", cpu_json(result.own_cpu, result))
      .add("unexpected", result.unexpected)
      .add("errors", errors_json(result.errors))
      .add("ok", result.errors.total() == 0);
  return object.str();
}

std::string with_commas(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t index = 0; index < digits.size(); ++index) {
    if (index > 0 && (digits.size() - index) % 3 == 0) text.push_back(',');
    text.push_back(digits[index]);
  }
  return text;
}

std::string format_nanoseconds(double nanoseconds) {
  if (nanoseconds < 999.5) return three_digits(nanoseconds) + " ns";
  if (nanoseconds < 999.5e3) return three_digits(nanoseconds / 1e3) + " us";
  if (nanoseconds < 999.5e6) return three_digits(nanoseconds / 1e6) + " ms";
  return three_digits(nanoseconds / 1e9) + " s";
}

std::string format_bytes(double bytes) {
  if (bytes < 999.5) return std::to_string(std::llround(bytes)) + " B";
  if (bytes < 999.5e3) return three_digits(bytes / 1e3) + " kB";
  if (bytes < 999.5e6) return three_digits(bytes / 1e6) + " MB";
  return three_digits(bytes / 1e9) + " GB";
}

}  // namespace ws::app
