// The Node client `ws` against /ws and /echo: text and bytes of every size class, fragments, pings, close codes, and
// what is negotiated, as another implementation of RFC 6455 sees it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import WebSocket from 'ws';

import { DEADLINE, compression, main, test, within, withServer } from './harness.mjs';

async function connect(url, protocols = [], options = {}) {
  const socket = new WebSocket(url, protocols, options);
  socket.inbox = [];
  socket.on('message', (data, isBinary) => {
    socket.inbox.push({ data, isBinary });
    socket.emit('inbox');
  });
  await within(DEADLINE, 'the handshake', once(socket, 'open'));
  return socket;
}

async function receive(socket) {
  while (socket.inbox.length === 0) await within(DEADLINE, 'a message', once(socket, 'inbox'));
  return socket.inbox.shift();
}

async function close(socket, ...how) {
  socket.close(...how);
  const [code, reason] = await within(DEADLINE, 'the close', once(socket, 'close'));
  return { code, reason: reason.toString() };
}

const seldom = ['--period', '1h'];
test('text and bytes of every size class come back as they were', () => withServer(seldom, async ({ url }) => {
  for (const path of ['/ws', '/echo']) {
    const socket = await connect(url + path);
    for (const size of [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 16 << 20]) {
      for (const isBinary of [false, true]) {
        const sent = isBinary ? randomBytes(size) : Buffer.from('x'.repeat(size));
        socket.send(sent, { binary: isBinary });
        const got = await receive(socket);
        assert.equal(got.isBinary, isBinary, `the type of ${size} bytes`);
        assert.ok(got.data.equals(sent), `${size} bytes at ${path} changed on their way`);
      }
    }
    assert.deepEqual(await close(socket, 1000), { code: 1000, reason: '' });
  }
}));

test('a thousand messages sent without waiting come back in order', () => withServer([], async ({ url }) => {
  const socket = await connect(url + '/echo');
  for (let number = 0; number < 1000; ++number) socket.send(`${number} ${'x'.repeat(number * 7 % 3000)}`);
  for (let number = 0; number < 1000; ++number) {
    assert.equal((await receive(socket)).data.toString().split(' ')[0], String(number));
  }
  await close(socket);
}));

test('fragments come back as one message, after the pong to a ping between them', () => withServer([], async ({ url }) => {
  const socket = await connect(url + '/echo');
  let pongs = 0;
  socket.on('pong', () => { ++pongs; });
  socket.send('κό', { fin: false });
  socket.ping('between');
  socket.send('', { fin: false });
  socket.send('σμε', { fin: true });
  const got = await receive(socket);
  assert.equal(got.data.toString(), 'κόσμε');
  assert.equal(got.isBinary, false);
  assert.equal(pongs, 1);
  await close(socket);
}));

test('a ping is answered by a pong with its payload', () => withServer([], async ({ url }) => {
  const socket = await connect(url + '/ws');
  for (const payload of ['', 'hello', 'x'.repeat(125)]) {
    socket.ping(payload);
    const [data] = await within(DEADLINE, 'the pong', once(socket, 'pong'));
    assert.equal(data.toString(), payload);
  }
  socket.pong('nobody asked');
  await close(socket);
}));

const often = ['--ping-interval', '100ms', '--pong-timeout', '10s'];
test('the pings of the server keep a client that answers them', () => withServer(often, async ({ url }) => {
  const socket = await connect(url + '/echo');
  for (let count = 0; count < 5; ++count) await within(DEADLINE, 'a ping', once(socket, 'ping'));
  socket.send('alive');
  assert.equal((await receive(socket)).data.toString(), 'alive');
  await close(socket);
}));

test('every close code that may be sent comes back', () => withServer([], async ({ url }) => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    const socket = await connect(url + '/echo');
    assert.equal((await close(socket, code, 'a reason')).code, code);
  }
  const socket = await connect(url + '/echo');
  assert.equal((await close(socket)).code, 1005, 'a close without a code is answered without one');
}));

test('what the server closes for has its code', () => withServer(['--max-message', '1KiB'], async ({ url }) => {
  const tooBig = await connect(url + '/echo');
  tooBig.send('x'.repeat(1025));
  assert.equal((await within(DEADLINE, 'the close', once(tooBig, 'close')))[0], 1009);

  const noText = await connect(url + '/ws');
  noText.send(Buffer.from([0xC3, 0x28]), { binary: false });
  assert.equal((await within(DEADLINE, 'the close', once(noText, 'close')))[0], 1007);

  const over = await connect(url + '/ws?close_after=50ms');
  assert.equal((await within(DEADLINE, 'the close', once(over, 'close')))[0], 1000);
}));

test('nothing is agreed on that the server does not speak', () => withServer([], async ({ url }) => {
  const socket = await connect(url + '/ws', [], { perMessageDeflate: true });
  assert.equal(socket.protocol, '');
  assert.equal(socket.extensions, compression ? 'permessage-deflate' : '');
  socket.send('x'.repeat(10_000));
  assert.equal((await receive(socket)).data.length, 10_000);
  await close(socket);
  // RFC 6455 4.1 allows the server to choose none; this client then gives up by itself.
  const asked = new WebSocket(url + '/ws', ['chat']);
  const [error] = await within(DEADLINE, 'the end of the handshake', once(asked, 'error'));
  assert.match(error.message, /no subprotocol/);
}));

const ticking = ['--period', '50ms', '--period-message', 'tick'];
test('the periodic message comes as text', () => withServer(ticking, async ({ url }) => {
  const socket = await connect(url + '/ws');
  for (let count = 0; count < 3; ++count) {
    const got = await receive(socket);
    assert.equal(got.data.toString(), 'tick');
    assert.equal(got.isBinary, false);
  }
  await close(socket);
}));

test('a refused handshake is told by its status', () => withServer([], async ({ url }) => {
  const refused = async (path, options) => {
    const socket = new WebSocket(url + path, [], options);
    const [, response] = await within(DEADLINE, 'the refusal', once(socket, 'unexpected-response'));
    response.resume();
    return response.statusCode;
  };
  assert.equal(await refused('/nothing', {}), 404);
  assert.equal(await refused('/ws?period=never', {}), 400);
  assert.equal(await refused('/ws', { origin: 'http://evil.example' }), 403);
  assert.equal(await refused('/ws', { protocolVersion: 8 }), 426);
  const socket = await connect(url + '/ws', [], { origin: url.replace('ws', 'http') });
  await close(socket);
}));

test('a stopped server says 1001', async () => {
  let told;
  await withServer([], async ({ url }) => {
    const socket = await connect(url + '/echo');
    told = within(DEADLINE, 'the close', once(socket, 'close'));
  });
  assert.equal((await told)[0], 1001);
});

await main();
