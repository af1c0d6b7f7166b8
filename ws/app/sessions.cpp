// The log line of a message is for people who watch a terminal: short, one line, and nothing in it obeys the sender.
#include "ws/app/sessions.hpp"

#include "ws/app/escape.hpp"
#include "ws/app/quantities.hpp"

namespace ws::app {

void Greeter::on_open(Connection& ws) {
  ws.loop().log(reactor::LogLevel::kInfo, remote_ + " connected");
  ticker_.start(ws.loop(), times_.period, [this, &ws] {
    // A peer that does not read gets no more of them: the next one will do.
    if (!ws.above_high_water()) ws.write_text(message_);
  });
  if (times_.close_after.count() > 0) {
    end_.start(ws.loop(), times_.close_after, [&ws] { ws.close(protocol::kNormal, "close_after is over"); });
  }
}

void Greeter::on_message(Connection& ws, const Message& message) {
  if (ws.loop().logs(reactor::LogLevel::kInfo)) {
    const std::string text = message.is_text() ? escape_for_log(message.text())
                                               : "[" + std::to_string(message.payload.size()) + " bytes of binary]";
    ws.loop().log(reactor::LogLevel::kInfo, remote_ + " sent: " + text);
  }
  ws.write_message(message.type, message.payload);
}

void Greeter::on_close(Connection& ws, const Closed& how) {
  ticker_.stop();
  end_.stop();
  if (!ws.loop().logs(reactor::LogLevel::kInfo)) return;
  const std::string who = how.by == Closed::By::kUs ? "closed by us" : how.by == Closed::By::kPeer ? "closed" : "lost";
  const std::string reason = how.reason.empty() ? "" : ": " + escape_for_log(how.reason);
  ws.loop().log(reactor::LogLevel::kInfo, remote_ + " " + who + ", " + std::to_string(how.code) + " " +
                                              std::string(protocol::describe_close_code(how.code)) + reason);
}

SessionOrResponse make_greeter(const http::Request& request, const ServeOptions& options) {
  Greeter::Times times = {.period = options.period};
  const auto read = [&request](const char* name, reactor::Milliseconds& value) {
    const auto text = request.query_value(name);
    if (!text) return true;
    const auto parsed = parse_duration(*text);
    if (!parsed || *parsed < kShortestPeriod || *parsed > kLongestPeriod) return false;
    value = *parsed;
    return true;
  };
  for (const auto& [name, value] : {std::pair("period", &times.period), std::pair("close_after", &times.close_after)}) {
    if (!read(name, *value)) {
      return http::text(400, std::string(name) + " must be a duration from " + format_duration(kShortestPeriod) +
                                 " to " + format_duration(kLongestPeriod) + ", such as 500ms or 5s\n");
    }
  }
  return std::make_unique<Greeter>(times, options.period_message, request.remote().to_string());
}

}  // namespace ws::app
