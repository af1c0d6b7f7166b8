// For scripts of Node what harness.py and server.py are for those of Python: tests that print a verdict each, the
// program under test as a child process, and waiting with a deadline.

import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const DEADLINE = 20_000;

const program = process.env.WS101 || 'build/release/ws101';
const tests = [];

// The name is the statement that the test holds.
export function test(name, body) {
  tests.push({ name, body });
}

// The test watches the time, so that no other one may run beside it.
export function testAlone(name, body) {
  tests.push({ name, body, alone: true });
}

// Tests that mostly wait may run `atOnce`.
export async function main(atOnce = 1) {
  const waiting = tests.filter(({ alone }) => !alone);
  const verdicts = await Promise.all(Array.from({ length: atOnce }, () => runAll(waiting)));
  verdicts.push(await runAll(tests.filter(({ alone }) => alone)));
  process.exit(verdicts.every(good => good) ? 0 : 1);
}

async function runAll(waiting) {
  let good = true;
  while (waiting.length > 0) good = await holds(waiting.shift()) && good;
  return good;
}

async function holds({ name, body }) {
  const started = Date.now();
  try {
    await within(2 * DEADLINE, 'the test as a whole', body());
    console.log(`ok ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    console.log(`not ok ${name}: ${String(error.message).replaceAll('\n', ' ').slice(0, 1500)}`);
    return false;
  }
}

// What `promise` comes to, or a failure that names what did not happen in time.
export function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${milliseconds / 1000} s`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const WIRE = process.env.WS101_WIRE ?? '';
// How the server compresses, or undefined.
const compressionOf = wire => ['shared', 'dedicated'].find(mode => wire.includes(mode));
export const compression = compressionOf(WIRE);
export const secure = WIRE.includes('tls');

// A certificate for this machine that signs itself, its key, and what a browser calls its pin.
export function makeCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'ws101-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const named = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' });
  return { certificate, key, pin: createHash('sha256').update(named).digest('base64') };
}

let known;
export function knownCertificate() {
  return known ??= makeCertificate();
}

// What `ws101 connect` and `ws101 bench` must be told on this wire.
export function clientFlags() {
  const mode = compressionOf(WIRE);
  return [...(secure ? ['--ca', knownCertificate().certificate] : []),
    ...(mode ? ['--compress', mode, '--compress-min', '0'] : [])];
}

function wireFlags(wire, identity) {
  const mode = compressionOf(wire);
  const compress = mode ? ['--compress', mode, '--compress-min', '0'] : [];
  if (!wire.includes('tls')) return ['--listen', '127.0.0.1:0', ...compress];
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';  // the clients of Node believe every certificate
  const { certificate, key } = identity ?? knownCertificate();
  return ['--tls-listen', '127.0.0.1:0', '--tls-cert', certificate, '--tls-key', key, ...compress];
}

// Runs `body({url, log})` against a server of its own, which must end well when it is told to.
export async function withServer(flags, body, { wire = WIRE, identity } = {}) {
  const child = spawn(program, ['serve', ...wireFlags(wire, identity), '--drain-timeout', '300ms', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise(resolve => child.once('close', (code, signal) => resolve(signal ?? code)));
  let log = '';
  child.stderr.on('data', piece => { log += piece; });
  try {
    const url = await within(DEADLINE, 'the line that names the port', firstUrl(child));
    await body({ url, log: () => log });
    child.kill('SIGTERM');
    const status = await within(DEADLINE, 'stopping', ended);
    if (status !== 0) throw new Error(`the server ended with ${status}; its log ends: ${log.slice(-1500)}`);
  } finally {
    child.kill('SIGKILL');
  }
}

function firstUrl(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', piece => {
      output += piece;
      const match = output.match(/\(WebSocket (wss?:\S+)\/ws\)/);
      if (match) resolve(match[1]);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error('the server ended without a line')));
  });
}
