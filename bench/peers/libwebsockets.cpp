// The peer libwebsockets: on libuv, because its own loop is poll(), which looks at every connection for each event.
// A message is gathered, and written when the library says that it may, as its documents ask; no copy is made of it.
#include <libwebsockets.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace {

struct Message {
  std::string bytes = std::string(LWS_PRE, '\0');  // the library puts the frame's header there
  bool text = false;
};

struct Session {
  std::shared_ptr<Message> coming;
  std::deque<std::shared_ptr<Message>> unsent;
  bool broadcasts = false;
};

std::unordered_set<lws*> members;

void queue(lws* connection, const std::shared_ptr<Message>& message) {
  auto* session = *static_cast<Session**>(lws_wsi_user(connection));
  session->unsent.push_back(message);
  if (session->unsent.size() == 1) lws_callback_on_writable(connection);
}

void receive(lws* connection, Session& session, const void* bytes, std::size_t size) {
  if (session.coming == nullptr) {
    session.coming = std::make_shared<Message>();
    session.coming->text = lws_frame_is_binary(connection) == 0;
  }
  session.coming->bytes.append(static_cast<const char*>(bytes), size);
  if (lws_is_final_fragment(connection) == 0 || lws_remaining_packet_payload(connection) != 0) return;
  const std::shared_ptr<Message> message = std::move(session.coming);
  if (!session.broadcasts) return queue(connection, message);
  for (lws* const member : members) queue(member, message);
}

bool write(lws* connection, Session& session) {
  while (!session.unsent.empty() && lws_partial_buffered(connection) == 0) {
    Message& message = *session.unsent.front();
    auto* payload = reinterpret_cast<unsigned char*>(message.bytes.data()) + LWS_PRE;
    const std::size_t size = message.bytes.size() - LWS_PRE;
    if (lws_write(connection, payload, size, message.text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY) < 0) return false;
    session.unsent.pop_front();
  }
  if (!session.unsent.empty()) lws_callback_on_writable(connection);
  return true;
}

bool is_broadcast(lws* connection) {
  char path[64] = "";
  lws_hdr_copy(connection, path, sizeof path, WSI_TOKEN_GET_URI);
  return std::string_view(path) == "/broadcast";
}

int on_event(lws* connection, lws_callback_reasons reason, void* user, void* bytes, std::size_t size) {
  auto** session = static_cast<Session**>(user);
  switch (static_cast<int>(reason)) {
    case LWS_CALLBACK_ESTABLISHED:
      *session = std::make_unique<Session>().release();  // the library keeps it until it is closed
      (*session)->broadcasts = is_broadcast(connection);
      if ((*session)->broadcasts) members.insert(connection);
      return 0;
    case LWS_CALLBACK_RECEIVE: receive(connection, **session, bytes, size); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return write(connection, **session) ? 0 : -1;
    case LWS_CALLBACK_CLOSED:
      members.erase(connection);
      std::unique_ptr<Session>(std::exchange(*session, nullptr)).reset();
      return 0;
    default: return 0;
  }
}

}  // namespace

int main(int count, char** arguments) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;  // it makes a table of as many at the start
  setrlimit(RLIMIT_NOFILE, &files);
  lws_set_log_level(0, nullptr);
  // The second number is the largest piece that is handed over.
  const lws_protocols protocols[] = {{"echo", on_event, sizeof(Session*), 65536, 0, nullptr, 0},
                                     {nullptr, nullptr, 0, 0, 0, nullptr, 0}};
  lws_context_creation_info info{};
  const int port = count > 1 ? std::atoi(arguments[1]) : 0;
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  info.iface = "127.0.0.1";
  lws_context* context = lws_create_context(&info);
  if (context == nullptr) return 1;
  info.port = port;
  info.protocols = protocols;
  lws_vhost* host = lws_create_vhost(context, &info);
  if (host == nullptr) return 1;
  std::printf("listening on %d\n", lws_get_vhost_listen_port(host));
  std::fflush(stdout);
  while (lws_service(context, 0) >= 0) {
  }
  return 1;
}
