// The peer websocketpp: one thread, so its locks are off; no logging; a broadcast is framed once and shared. It is
// compiled as C++17: its headers are older than C++20.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/server.hpp>

namespace {

struct Config : websocketpp::config::asio {
  using type = Config;
  using base = websocketpp::config::asio;
  using concurrency_type = websocketpp::concurrency::none;
  using alog_type = websocketpp::log::stub;
  using elog_type = websocketpp::log::stub;

  struct transport_config : base::transport_config {
    using concurrency_type = type::concurrency_type;
    using alog_type = type::alog_type;
    using elog_type = type::elog_type;
    static constexpr bool enable_multithreading = false;
  };
  using transport_type = websocketpp::transport::asio::endpoint<transport_config>;
  static constexpr std::size_t max_message_size = 64 << 20;
};

using Server = websocketpp::server<Config>;
using Handle = websocketpp::connection_hdl;

class Peer {
 public:
  explicit Peer(unsigned short port) {
    server_.init_asio();
    server_.set_reuse_addr(true);
    server_.set_listen_backlog(4096);
    server_.set_tcp_post_init_handler([this](Handle handle) {
      server_.get_con_from_hdl(handle)->get_raw_socket().set_option(boost::asio::ip::tcp::no_delay(true));
    });
    server_.set_open_handler([this](Handle handle) { open(handle); });
    server_.listen({boost::asio::ip::address_v4::loopback(), port});
    server_.start_accept();
    boost::system::error_code error;
    std::printf("listening on %d\n", server_.get_local_endpoint(error).port());
    std::fflush(stdout);
  }

  void run() { server_.run(); }

 private:
  void open(Handle handle) {
    const Server::connection_ptr connection = server_.get_con_from_hdl(handle);
    if (connection->get_resource() != "/broadcast") {
      // The handler belongs to the connection, so it may know it by its address.
      connection->set_message_handler(
          [raw = connection.get()](Handle, const Server::message_ptr& message) { raw->send(message); });
      return;
    }
    members_.insert(connection);
    connection->set_message_handler([this](Handle, const Server::message_ptr& message) { publish(message); });
    connection->set_close_handler([this](Handle closed) { members_.erase(server_.get_con_from_hdl(closed)); });
    connection->set_fail_handler([this](Handle failed) { members_.erase(server_.get_con_from_hdl(failed)); });
  }

  void publish(const Server::message_ptr& message) {
    namespace frame = websocketpp::frame;
    const std::size_t size = message->get_payload().size();
    message->set_header(frame::prepare_header(frame::basic_header(message->get_opcode(), size, true, false),
                                              frame::extended_header(size)));
    message->set_prepared(true);
    for (const Server::connection_ptr& member : members_) member->send(message);
  }

  Server server_;
  std::set<Server::connection_ptr> members_;
};

}  // namespace

int main(int count, char** arguments) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Peer(static_cast<unsigned short>(count > 1 ? std::atoi(arguments[1]) : 0)).run();
}
