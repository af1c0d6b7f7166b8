// The page over https and its connections over wss and compressed, in a real browser that believes this one certificate.

import assert from 'node:assert/strict';

import { pageUrl, say, state, withPage } from './browser.mjs';
import { main, makeCertificate, test, withServer } from './harness.mjs';

const LONG = 'all work and no play '.repeat(40).trim();

// From here on the page's sockets are known; it opens the next one when an endpoint is chosen.
async function choose(page, path) {
  await page.evaluate(() => {
    globalThis.sockets = [];
    const Plain = WebSocket;
    WebSocket = class extends Plain {
      constructor(...given) {
        super(...given);
        sockets.push(this);
      }
    };
  });
  await page.locator('#path').fill(path);
  await page.locator('#path').press('Enter');
  await page.locator('.note', { hasText: `Connected to ${path}` }).first().waitFor({ state: 'attached' });
  return page.evaluate(() => ({ url: sockets.at(-1).url, extensions: sockets.at(-1).extensions }));
}

// RFC 7692 7.1.1: what the server has answered, which is what a browser's `extensions` say.
const ANSWERS = { shared: /^permessage-deflate; server_no_context_takeover; client_no_context_takeover/, dedicated: /^permessage-deflate(?!.*takeover)/ };

for (const mode of ['shared', 'dedicated']) {
  test(`the page echoes and chats over wss, compressed (${mode})`, () => withServer(['--period', '1h'], ({ url }) =>
    withPage(pageUrl(url, '/ws'), async page => {
      await state(page, 'Connected');
      assert.equal(await page.evaluate(() => isSecureContext && location.protocol), 'https:');
      const echo = await choose(page, '/echo');
      assert.equal(echo.url, `${url.replace(/^ws:/, 'wss:')}/echo`);
      assert.match(echo.extensions, ANSWERS[mode]);
      for (const [index, text] of ['hello', LONG, 'hello', LONG].entries()) {
        await page.evaluate(data => sendData(data), text);
        const row = page.locator('#frames-feed .frame.received').nth(index);
        await row.waitFor();
        assert.equal(await row.locator('.words').textContent(), text);
      }

      await withPage(pageUrl(url, '/chat?user=Bob'), async bob => {
        await state(bob, 'Connected');
        const chat = await choose(page, '/chat?user=Alice');
        assert.match(chat.extensions, ANSWERS[mode]);
        for (const text of ['Hey Bob', LONG]) {
          await say(page, text);
          await bob.locator('.say.theirs', { hasText: text }).waitFor();
        }
      });
    }), { wire: `tls-${mode}` }));
}

test('a certificate that nobody vouches for is refused', () => withServer([], async ({ url }) => {
  await assert.rejects(withPage(pageUrl(url), () => {}), /ERR_CERT_AUTHORITY_INVALID/);
}, { wire: 'tls', identity: makeCertificate() }));

await main();
