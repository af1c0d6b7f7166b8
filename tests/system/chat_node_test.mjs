// /chat as a page would use it: the interface of browsers, of the Node client `ws`, and the example of the README.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';

import WebSocket from 'ws';

import { DEADLINE, main, test, within, withServer } from './harness.mjs';

// A connection in the words of browsers; `next()` is the next message, parsed.
async function enter(url, query) {
  const socket = new WebSocket(`${url}/chat${query}`);
  const inbox = [];
  let arrived = () => {};
  socket.onmessage = event => {
    assert.equal(typeof event.data, 'string');
    inbox.push(JSON.parse(event.data));
    arrived();
  };
  await within(DEADLINE, 'the handshake', once(socket, 'open'));
  const say = value => socket.send(JSON.stringify(value));
  const next = async () => {
    while (inbox.length === 0) await within(DEADLINE, 'a message', new Promise(resolve => { arrived = resolve; }));
    return inbox.shift();
  };
  return { socket, say, next };
}

test('three users hold private conversations over one connection each', () => withServer([], async ({ url }) => {
  const alice = await enter(url, '?user=Alice');
  assert.deepEqual(await alice.next(), { type: 'welcome', user: 'Alice', online: ['Alice'] });
  const bob = await enter(url, '');
  bob.say({ type: 'hello', sender: 'Bob' });
  assert.deepEqual(await bob.next(), { type: 'welcome', user: 'Bob', online: ['Alice', 'Bob'] });
  const charlie = await enter(url, '?user=Charlie');
  await charlie.next();
  for (const user of ['Bob', 'Charlie']) {
    assert.deepEqual(await alice.next(), { type: 'presence', user, status: 'online' });
  }
  await bob.next();

  const talks = [[alice, 'Alice', bob, 'Bob'], [bob, 'Bob', alice, 'Alice'], [charlie, 'Charlie', alice, 'Alice'],
    [alice, 'Alice', charlie, 'Charlie'], [bob, 'Bob', charlie, 'Charlie']];
  for (const [from, sender, to, receiver] of talks) {
    const said = { type: 'private_message', sender, receiver, message: `${sender} \u{1f600} to\n"${receiver}"`, id: 1 };
    from.say(said);
    assert.deepEqual(await to.next(), said);
    assert.deepEqual(await from.next(), { type: 'ack', id: 1 });
  }
  bob.socket.close(1000);
  for (const user of [alice, charlie]) {
    assert.deepEqual(await user.next(), { type: 'presence', user: 'Bob', status: 'offline' });
  }
}));

test('a bad name in the URL is told by its status', () => withServer([], async ({ url }) => {
  const socket = new WebSocket(`${url}/chat?user=`);
  const [, response] = await within(DEADLINE, 'the refusal', once(socket, 'unexpected-response'));
  response.resume();
  assert.equal(response.statusCode, 400);
}));

test('the example of the README does what it says', () => withServer([], async ({ url }) => {
  const readme = readFileSync(`${process.env.WS101_ROOT ?? '.'}/README.md`, 'utf8');
  const example = readme.match(/```js\n(const chat = [^]*?)```/)[1];
  const bob = await enter(url, '?user=Bob');
  await bob.next();

  const lines = [];
  const printed = { log: line => { lines.push(line); } };
  new Function('WebSocket', 'console', example.replace('ws://localhost:8080', url))(WebSocket, printed);
  assert.deepEqual(await bob.next(), { type: 'presence', user: 'Alice', status: 'online' });
  assert.deepEqual(await bob.next(), { type: 'private_message', sender: 'Alice', receiver: 'Bob',
    message: 'Hey Bob, how are you?' });
  const charlie = await enter(url, '?user=Charlie');
  await bob.next();
  bob.say({ type: 'private_message', receiver: 'Alice', message: 'Fine!', id: 1 });
  assert.deepEqual(await bob.next(), { type: 'ack', id: 1 });
  assert.deepEqual(await charlie.next(), { type: 'welcome', user: 'Charlie', online: ['Alice', 'Bob', 'Charlie'] });
  charlie.say({ type: 'private_message', receiver: 'Alice', message: 'And me?', id: 1 });
  assert.deepEqual(await charlie.next(), { type: 'ack', id: 1 });
  await within(DEADLINE, 'what Alice prints', (async () => {
    while (lines.length < 3) await new Promise(resolve => { setTimeout(resolve, 5); });
  })());
  assert.deepEqual(lines, ['Charlie is online', 'Bob: Fine!', 'Charlie: And me?']);
}));

await main();
