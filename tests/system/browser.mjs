// Pages in a real browser, Chromium without its windows, for the tests of the page at `/`: chromium-headless-shell opens a
// page in a quarter of the time that chromium --headless takes. Each is watched from its first moment: what the console
// says against it, what its policy forbids, and whom it asks for anything.

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { DEADLINE, knownCertificate } from './harness.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
  `--ignore-certificate-errors-spki-list=${knownCertificate().pin}`];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium-headless-shell', args: FLAGS, timeout: 3 * DEADLINE });

// What Chromium itself says where nobody answers or something is refused, which is what some tests are about.
export const UNREACHABLE = /WebSocket connection to .* failed|Failed to load resource/;

// `http://127.0.0.1:1234` of the `ws://127.0.0.1:1234` that the harness gives.
export function pageUrl(url, path = '') {
  return url.replace(/^ws/, 'http') + '/' + (path && '#' + path);
}

// The flags of a server that shall be found where the one at `url` was.
export function sameAddress(url) {
  return [url.startsWith('wss:') ? '--tls-listen' : '--listen', new URL(url).host];
}

// Runs `body(page)` with a page of its own at `address`, as another user's browser would: no cache or storage is shared.
// In the end nothing may have been said against it but what `expected` matches.
export async function withPage(address, body, { expected = /^$/, ...settings } = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, ...settings });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  const complaints = [];
  page.asked = [];
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => page.asked.push(request.url()));
  page.on('websocket', socket => page.asked.push(socket.url()));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  try {
    await page.goto(address);
    await body(page);
    assert.deepEqual(complaints.filter(text => !expected.test(text)), [], 'the console is silent');
  } finally {
    await context.close();
  }
}

// What the page says of its connection: Connected, Reconnecting, ...
export async function state(page, words) {
  await page.locator('#status', { hasText: words }).waitFor();
}

export async function say(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

// Waits until `read()`, run again and again in the page, gives what `check` takes for true.
export async function until(page, what, read, argument) {
  try {
    await page.waitForFunction(read, argument, { polling: 20 });
  } catch (error) {
    throw new Error(`${what}: ${error.message.split('\n')[0]}; the page says: ${(await page.locator('body').innerText()).slice(0, 600)}`);
  }
}
