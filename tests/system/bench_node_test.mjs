// `ws101 bench` against a server of another project: `ws` for Node, in this very process.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

import { WebSocketServer } from 'ws';

import { clientFlags, DEADLINE, knownCertificate, main, secure, test, within } from './harness.mjs';

const program = process.env.WS101 || 'build/release/ws101';

// The report of a run, which must end well.
async function bench(url, ...flags) {
  const child = spawn(program, ['bench', url, '--json', '--seconds', '500ms', ...clientFlags(), ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', piece => { output[name] += piece; });
  const [status] = await within(DEADLINE, 'the run', once(child, 'close'));
  assert.equal(status, 0, `the exit status; it said ${output.stderr} ${output.stdout}`);
  return JSON.parse(output.stdout);
}

function ownFiles() {
  const { certificate, key } = knownCertificate();
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}

async function withNodeServer(onMessage, body) {
  const listening = secure ? createSecureServer(ownFiles()) : createServer();
  const server = new WebSocketServer({ server: listening });
  listening.listen(0, '127.0.0.1');
  await within(DEADLINE, 'listening', once(listening, 'listening'));
  server.on('connection', socket => socket.on('message', (data, binary) => onMessage(server, socket, data, binary)));
  try {
    await body(`${secure ? 'wss' : 'ws'}://127.0.0.1:${listening.address().port}/`);
  } finally {
    for (const socket of server.clients) socket.terminate();
    await within(DEADLINE, 'the end of the server', new Promise(resolve => { listening.close(resolve); }));
  }
}

const echo = (server, socket, data, binary) => socket.send(data, { binary });
const broadcast = (server, socket, data, binary) => {
  for (const client of server.clients) if (client !== socket) client.send(data, { binary });
};

test('the echo of ws for Node is measured and verified', () => withNodeServer(echo, async url => {
  for (const flags of [['--verify', '--text'], ['--depth', '16'], ['--size', '1MiB', '--verify'], ['--rate', '500']]) {
    const report = await bench(url, '--connections', '5', '--warmup', '100ms', ...flags);
    assert.ok(report.count > 0, `nothing came back with ${flags}`);
    assert.deepEqual([report.errors, report.unexpected], [{}, 0]);
  }
}));

test('a broadcast to all but the sender is measured and verified', () => withNodeServer(broadcast, async url => {
  const report = await bench(url, '--mode', 'broadcast', '--connections', '7', '--warmup', '100ms', '--verify');
  assert.ok(report.count > 0, 'nothing came');
  assert.ok(Math.abs(report.count - 7 * report.sent) <= 7, `${report.count} deliveries of ${report.sent}`);
}));

test('handshakes of ws for Node are counted', () => withNodeServer(echo, async url => {
  assert.ok((await bench(url, '--mode', 'handshake', '--depth', '3', '--warmup', '100ms')).count > 0);
  assert.equal((await bench(url, '--mode', 'idle', '--connections', '30')).connections.opened, 30);
}));

await main();
