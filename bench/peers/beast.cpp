// The peer Boost.Beast: asynchronous, one thread, no lock, no type-erased executor, no deflate compiled in, each
// connection's buffer used again; a broadcast is one shared string, and each connection's own queue.
#define BOOST_ASIO_DISABLE_THREADS
#include <sys/resource.h>

#include <utility>  // Asio of Boost 1.74 forgets it

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Stream = websocket::stream<Socket, false>;

constexpr std::size_t kMaxMessage = 64 << 20;

class Session;
using Members = std::unordered_set<Session*>;

class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket&& socket, Members& members) : stream_(std::move(socket)), members_(members) {
    stream_.read_message_max(kMaxMessage);
    stream_.auto_fragment(false);
  }
  ~Session() { members_.erase(this); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    request_ = std::make_unique<http::request<http::empty_body>>();
    http::async_read(stream_.next_layer(), buffer_, *request_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->accept();
                     });
  }

 private:
  void accept() {
    buffer_.consume(buffer_.size());
    broadcasts_ = request_->target() == "/broadcast";
    stream_.async_accept(*request_, [self = shared_from_this()](beast::error_code error) {
      self->request_.reset();
      if (error) return;
      if (self->broadcasts_) self->members_.insert(self.get());
      self->read();
    });
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->leave();
      self->broadcasts_ ? self->publish() : self->echo();
    });
  }

  void echo() {
    stream_.text(stream_.got_text());
    stream_.async_write(buffer_.cdata(), [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return;
      self->buffer_.clear();
      self->read();
    });
  }

  void publish() {
    const auto message = std::make_shared<const std::string>(beast::buffers_to_string(buffer_.cdata()));
    const bool text = stream_.got_text();
    buffer_.clear();
    for (Session* const member : members_) member->deliver(message, text);
    read();
  }

  void deliver(const std::shared_ptr<const std::string>& message, bool text) {
    stream_.text(text);
    unsent_.push_back(message);
    if (unsent_.size() == 1) write();
  }

  void write() {
    stream_.async_write(asio::buffer(*unsent_.front()),
                        [self = shared_from_this()](beast::error_code error, std::size_t) {
                          if (error) return self->leave();
                          self->unsent_.pop_front();
                          if (!self->unsent_.empty()) self->write();
                        });
  }

  void leave() { members_.erase(this); }

  Stream stream_;
  Members& members_;
  beast::flat_buffer buffer_{kMaxMessage};
  std::unique_ptr<http::request<http::empty_body>> request_;  // until it is accepted
  std::deque<std::shared_ptr<const std::string>> unsent_;
  bool broadcasts_ = false;
};

void accept_next(Acceptor& acceptor, Members& members) {
  acceptor.async_accept([&](beast::error_code error, Socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket), members)->start();
    }
    accept_next(acceptor, members);
  });
}

}  // namespace

int main(int count, char** arguments) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  asio::io_context context(1);
  Members members;
  const auto port = static_cast<unsigned short>(count > 1 ? std::atoi(arguments[1]) : 0);
  Acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
  acceptor.listen(4096);
  std::printf("listening on %d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  accept_next(acceptor, members);
  context.run();
}
