// The peer Node.js `ws`: no compression. What it sends of a message that came is the very buffer that came.
import {WebSocketServer} from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
  backlog: 4096,
  perMessageDeflate: false,
  maxPayload: 64 << 20,
});
const members = new Set();

server.on("listening", () => console.log(`listening on ${server.address().port}`));
server.on("connection", (socket, request) => {
  socket.on("error", () => socket.terminate());
  if (request.url !== "/broadcast") {
    socket.on("message", (data, binary) => socket.send(data, {binary}));
    return;
  }
  members.add(socket);
  socket.on("close", () => members.delete(socket));
  socket.on("message", (data, binary) => {
    for (const member of members) member.send(data, {binary});
  });
});
