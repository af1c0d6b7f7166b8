// The page at `/` in a real browser: sending and receiving, how it ends and begins again, and that it is safe, quick, and
// open to everybody. Its chat is in page_chat_test.mjs.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pageUrl, sameAddress, say, state, UNREACHABLE, until, withPage } from './browser.mjs';
import { main, test, testAlone, withServer } from './harness.mjs';

const seldom = ['--period', '1h'];
const onPage = (path, body, settings, flags = seldom) =>
  withServer(flags, ({ url }) => withPage(pageUrl(url, path), page => body(page, url), settings));

const sent = page => page.locator('#frames-feed .frame.sent');
const received = page => page.locator('#frames-feed .frame.received');

async function withFile(name, bytes, body) {
  const folder = await mkdtemp(join(tmpdir(), 'page-test-'));
  try {
    await writeFile(join(folder, name), bytes);
    await body(join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}

// ---- The document

test('the page asks nobody but its own server, and its policy has nothing to forbid', () => onPage('', async (page, url) => {
  await state(page, 'Connected');
  await say(page, 'hello');
  await received(page).first().waitFor();
  assert.deepEqual(page.asked.filter(address => !address.startsWith('data:')), [pageUrl(url), `${url}/ws`]);
}));

test('a browser that has the page gets 304, and the policy is strict', () => withServer(seldom, async ({ url }) => {
  const first = await fetch(pageUrl(url));
  const policy = first.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src( 'sha256-[\w+/=]{44}')+; style-src 'sha256-[\w+/=]{44}'; connect-src 'self'; /);
  assert.match(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'/);
  assert.equal(first.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(first.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(first.headers.get('cache-control'), 'no-cache');
  assert.match(first.headers.get('etag'), /^"[\w+/=]+"$/);
  const again = await fetch(pageUrl(url), { headers: { 'if-none-match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), '');
}));

test('markup that got into the document would do nothing', () => onPage('/echo', async page => {
  const tried = await page.evaluate(async () => {
    const outcomes = [];
    const attempt = (name, act) => {
      try {
        act();
        outcomes.push(`${name} went through`);
      } catch {
        // Trusted types: a text never becomes markup or a program.
      }
    };
    attempt('innerHTML', () => { document.body.innerHTML = '<img src=x onerror=alert(1)>'; });
    attempt('write', () => document.write('<p>'));
    const script = document.createElement('script');
    attempt('script', () => { script.textContent = 'window.ran = 1'; });
    const image = new Image();
    const blocked = new Promise(resolve => { image.onerror = resolve; });
    image.src = '/healthz?image';
    await blocked;
    await fetch('http://localhost:1/').catch(() => outcomes.push('blocked'));
    return outcomes;
  });
  assert.deepEqual(tried, ['blocked']);
}, { expected: /policy: |Mixed Content|Content Security Policy|violates|requires 'Trusted|Trusted Type/i }));

// ---- Messages

test('a message goes out and comes back, each with direction, time and size', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  await say(page, 'hello κόσμε');
  for (const [rows, direction] of [[sent(page), 'sent'], [received(page), 'received']]) {
    await rows.first().waitFor();
    assert.equal(await rows.locator('.words').textContent(), 'hello κόσμε');
    assert.equal(await rows.locator('.arrow .spoken').textContent(), direction);
    assert.match(await rows.locator('time').textContent(), /^\d\d:\d\d:\d\d\.\d{3}$/);
    assert.equal(await rows.locator('.size').textContent(), '16 B');
  }
  await until(page, 'the counts', () => document.querySelector('#totals').textContent.startsWith('↑ 1 sent, 16 B   ↓ 1 received, 16 B'));
  await page.locator('#clear').click();
  assert.equal(await page.locator('.frame').count(), 0);
}));

test('a message to /broadcast reaches the other page there, and comes back to its own', () => onPage('/broadcast', (page, url) =>
  withPage(pageUrl(url), async other => {
    await other.getByRole('button', { name: '/broadcast' }).click();
    await other.locator('#frames-feed .note', { hasText: 'Connected to /broadcast' }).waitFor();
    await state(page, 'Connected');
    await say(page, 'to all');
    for (const one of [page, other]) await received(one).filter({ hasText: 'to all' }).waitFor();
    assert.equal(await sent(other).count(), 0);
  })));

test('several lines, nothing, and a very long text are messages like any other', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  await page.locator('#text').fill('two');
  await page.locator('#text').press('Shift+Enter');
  await page.locator('#text').pressSequentially('lines');
  await page.locator('#text').press('Enter');
  await received(page).nth(0).waitFor();
  assert.equal(await received(page).locator('.words').textContent(), 'two\nlines');
  await page.locator('#send').click();
  await received(page).nth(1).waitFor();
  assert.equal(await received(page).nth(1).locator('.size').textContent(), '0 B');
  await say(page, 'x'.repeat(5000));
  await received(page).nth(2).waitFor();
  assert.equal((await received(page).nth(2).locator('.words').textContent()).length, 1000);
  await received(page).nth(2).getByRole('button', { name: 'Show more of 4.9 KiB' }).click();
  assert.equal((await received(page).nth(2).locator('.words').textContent()).length, 5000);
}));

test('hexadecimal digits go out as bytes; what is no digit is said and not sent', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  await page.getByRole('button', { name: 'Hex' }).click();
  for (const [wrong, words] of [['48 6', 'An odd number of digits'], ['48 zz', '“z” is no hexadecimal digit']]) {
    await say(page, wrong);
    await page.locator('#hint', { hasText: words }).waitFor();
    assert.equal(await page.locator('#text').getAttribute('aria-invalid'), 'true');
    assert.equal(await page.locator('#text').inputValue(), wrong);
  }
  assert.equal(await sent(page).count(), 0);
  await say(page, '48 65, 0x6c6c:6F ff');
  await received(page).first().waitFor();
  assert.equal(await received(page).locator('.size').textContent(), 'binary · 6 B');
  assert.match(await received(page).locator('pre').textContent(), /^0000 {2}48 65 6c 6c 6f ff +Hello·$/);
}));

test('a file that is dropped or picked is one binary message', () => onPage('/echo', async page => {
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256));
  await withFile('every byte.bin', bytes, async path => {
    await state(page, 'Connected');
    const devtools = await page.context().newCDPSession(page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver']) await devtools.send('Input.dispatchDragEvent', { type, x: 500, y: 300, data });
    await page.getByText('Drop to send as a binary message').waitFor();
    await devtools.send('Input.dispatchDragEvent', { type: 'drop', x: 500, y: 300, data });
    await page.locator('#hint', { hasText: 'Sent every byte.bin, 300 B, as one binary message' }).waitFor();
    await received(page).nth(0).waitFor();
    assert.equal(await page.locator('#drop').isHidden(), true);
    assert.ok(page.url().startsWith('http'), 'the browser has not left for the file');

    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Send a file' }).click();
    await (await chooser).setFiles(path);
    await received(page).nth(1).waitFor();
    for (const index of [0, 1]) {
      assert.equal(await received(page).nth(index).locator('.size').textContent(), 'binary · 300 B');
      await received(page).nth(index).getByRole('button', { name: 'Show more' }).click();
      const dump = await received(page).nth(index).locator('pre').textContent();
      const shown = dump.split('\n').map(line => line.slice(6, 53).trim()).join(' ');
      assert.equal(shown.replaceAll(' ', ''), bytes.toString('hex'));
    }
  });
}));

const HOSTILE = ['<img src=x onerror=alert(1)>', '</script><script>alert(1)</script>', '"><svg onload=alert(1)>', '&lt;b&gt;', '\u202Eevil'];
test('hostile text is shown as text', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  let dialogs = 0;
  page.on('dialog', dialog => { ++dialogs; dialog.dismiss(); });
  for (const [index, text] of HOSTILE.entries()) {
    await say(page, text);
    await received(page).nth(index).waitFor();
    assert.equal(await received(page).nth(index).locator('.words').textContent(), text);
  }
  assert.equal(await page.locator('#frames-feed img, #frames-feed svg, #frames-feed script, #frames-feed b').count(), 0);
  assert.equal(dialogs, 0);
}));

test('what was sent is recalled by the arrow keys', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  for (const text of ['first', 'second']) await say(page, text);
  for (const [key, shown] of [['ArrowUp', 'second'], ['ArrowUp', 'first'], ['ArrowUp', 'first'], ['ArrowDown', 'second'], ['ArrowDown', '']]) {
    await page.locator('#text').press(key);
    assert.equal(await page.locator('#text').inputValue(), shown);
  }
}));

testAlone('20,000 messages at once leave the page alive and its list bounded', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  const longestPause = await page.evaluate(async count => {
    let longest = 0, last = performance.now(), done = false;
    const look = now => {
      longest = Math.max(longest, now - last);
      last = now;
      if (!done) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    for (let number = 0; number < count; ++number) {
      sendData(`message ${number}`);
      if (number % 200 === 0) await new Promise(resolve => setTimeout(resolve));
    }
    while (totals.received < count) await new Promise(resolve => setTimeout(resolve, 20));
    done = true;
    return longest;
  }, 20_000);
  await until(page, 'the last one', () => document.querySelector('#frames-feed li:last-child .words').textContent === 'message 19999');
  assert.ok(await page.locator('#frames-feed li').count() <= 500);
  assert.ok(longestPause < 1500, `the page stood still for ${longestPause} ms`);
  await until(page, 'the counts', () => document.querySelector('#totals').textContent.includes('20,000 received'));
}));

test('who reads further up is left there, and is told what is new', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  await page.evaluate(() => { for (let number = 0; number < 30; ++number) sendData(`line ${number}`); });
  await received(page).nth(29).waitFor();
  await page.locator('#frames-feed ol').focus();
  await page.keyboard.press('Home');
  await until(page, 'the top', () => document.querySelector('#frames-feed ol').scrollTop === 0);
  await page.evaluate(() => sendData('news'));
  await page.getByRole('button', { name: '2 new ↓' }).click();
  await until(page, 'the end', () => {
    const list = document.querySelector('#frames-feed ol');
    return list.scrollHeight - list.scrollTop - list.clientHeight < 2;
  });
  assert.equal(await page.locator('#frames-feed .newer').isHidden(), true);
}));

// ---- How it ends, and begins again

const notice = (page, words) => page.locator('#notice [role=alert]', { hasText: words }).waitFor();

test('the end is told in words', () => onPage('/ws?close_after=100ms', async page => {
  await notice(page, 'Closed by the server: 1000, done, a normal close (“close_after is over”).');
  await state(page, 'Closed');
  await page.getByRole('button', { name: '/echo' }).click();
  await state(page, 'Connected');
  assert.equal(await page.locator('#notice').isHidden(), true);
  await say(page, 'x'.repeat(1025));
  await notice(page, 'Closed by the server: 1009, the message was too big');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await state(page, 'Connected');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await notice(page, 'Closed: 1000, done, a normal close.');
  assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled(), true);
}, {}, ['--max-message', '1KiB', '--period', '1h']));

test('a path where nothing is, is refused in the server’s words and not tried again', () => onPage('/nothing', async page => {
  await notice(page, 'Refused: 404');
  await state(page, 'Closed');
  await page.locator('#path').fill('/healthz');
  await page.locator('#path').press('Enter');
  await notice(page, 'Nothing at /healthz speaks WebSocket');
  await page.locator('#path').fill('/ws?period=never');
  await page.locator('#path').press('Enter');
  await notice(page, 'The server is there, but refuses to open /ws?period=never');
  await state(page, 'Closed');
}, { expected: UNREACHABLE }));

test('a server that restarts is found again', async () => {
  let address, page_, done;
  const finished = new Promise(resolve => { done = resolve; });
  let started;
  await withServer(seldom, async ({ url }) => {
    address = sameAddress(url);
    await new Promise((resolve, reject) => {
      started = withPage(pageUrl(url, '/echo'), async page => {
        page_ = page;
        await state(page, 'Connected');
        await page.evaluate(() => { Math.random = () => 0; });  // of the waiting times the shortest
        resolve();
        await finished;
      }, { expected: UNREACHABLE });
      started.catch(reject);
    });
  });
  try {
    await notice(page_, /Closed by the server: 1001, the server is going away|cannot be reached/);
    await page_.locator('.countdown', { hasText: /Trying again/ }).waitFor();
    await notice(page_, 'The server cannot be reached.');
    await withServer([...seldom, ...address], async () => {
      await state(page_, 'Connected');
      assert.equal(await page_.locator('#notice').isHidden(), true);
      await say(page_, 'still here');
      await received(page_).filter({ hasText: 'still here' }).waitFor();
      await page_.getByRole('button', { name: 'Disconnect' }).click();
      await state(page_, 'Closed');
    });
  } finally {
    done();
  }
  await started;
});

test('waiting is cut short by “Now” and ended by “Stop trying”', async () => {
  await withServer(seldom, ({ url }) => withPage(pageUrl(url, '/echo'), async page => {
    await state(page, 'Connected');
    // As if the network were gone: each attempt fails from here on.
    await page.evaluate(() => {
      fetch = () => Promise.reject(new Error('no network'));
      WebSocket = class extends EventTarget {
        constructor() {
          super();
          globalThis.attempts = (globalThis.attempts ?? 0) + 1;
          setTimeout(() => this.onclose({ code: 1006, reason: '' }));
        }
        close() {}
      };
      connection.open('/echo');
    });
    await page.getByRole('button', { name: 'Now' }).click();
    await until(page, 'the second attempt', () => attempts >= 2);
    await state(page, 'Reconnecting');
    await page.getByRole('button', { name: 'Stop trying' }).click();
    await state(page, 'Closed');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'connect');
  }, { expected: UNREACHABLE }));
});

test('a reload comes back to the same endpoint; the address bar leads to no other server', () => onPage('/echo?x=1', async (page, url) => {
  await state(page, 'Connected');
  await page.locator('#path').fill('/ws?period=1h');
  await page.locator('#path').press('Enter');
  await until(page, 'the address', () => location.hash === '#/ws?period=1h');
  await page.reload();
  await state(page, 'Connected');
  assert.equal(await page.locator('#path').inputValue(), '/ws?period=1h');
  for (const elsewhere of ['//evil.example/ws', '/\\evil.example/ws', 'ws://evil.example/ws', '//[', 'javascript:alert(1)']) {
    await page.evaluate(hash => { location.hash = hash; }, elsewhere);
    await page.locator('#path').fill(elsewhere);
    await page.locator('#path').press('Enter');
    await notice(page, 'A path begins with one slash');
    await page.goto('about:blank');
    await page.goto(pageUrl(url) + '#' + elsewhere);
    await state(page, 'Connected');
    assert.equal(await page.locator('#path').inputValue(), '/ws');
  }
  assert.deepEqual(page.asked.filter(address => !/^(data:|about:)/.test(address) && new URL(address).host !== new URL(url).host), []);
}));

// ---- For everybody

test('the keyboard alone can do everything', () => onPage('', async page => {
  const chooser = page.waitForEvent('filechooser');  // asked for early, as the browser has to be told that it is watched
  await state(page, 'Connected');
  const focusOn = async selector => {
    for (let count = 0; count < 40; ++count) {
      if (await page.evaluate(wanted => document.activeElement.matches(wanted), selector)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not lead to ${selector}`);
  };
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text', 'one can type at once');
  await focusOn('[data-path="/echo"]');
  await page.keyboard.press('Enter');
  await page.locator('#frames-feed .note', { hasText: 'Connected to /echo' }).waitFor();
  await focusOn('[data-kind=hex]');
  await page.keyboard.press('Space');
  await page.keyboard.type('6869');
  await page.keyboard.press('Enter');
  await received(page).first().waitFor();
  await focusOn('#pick');
  await page.keyboard.press('Enter');
  await chooser;
  await focusOn('.skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
  await focusOn('#connect');
  await page.keyboard.press('Enter');
  await state(page, 'Closed');
}));

test('everything that can be used has a name for those who hear the page', () => onPage('/chat', async page => {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send('Accessibility.getFullAXTree');
  const controls = nodes.filter(({ ignored, role }) => !ignored && ['button', 'textbox', 'log', 'link', 'group', 'form'].includes(role?.value));
  assert.ok(controls.length > 10, `${controls.length} controls`);
  assert.deepEqual(controls.filter(({ name }) => !name?.value).map(({ role }) => role.value), []);
}, { expected: UNREACHABLE }));

const PAIRS = [['ink', 'paper'], ['ink', 'card'], ['dim', 'paper'], ['dim', 'card'], ['dim', 'sunk'], ['ink', 'sent-tint'], ['ink', 'received-tint'],
  ['sent', 'sent-tint'], ['received', 'received-tint'], ['good', 'card'], ['good', 'paper'], ['warn', 'card'], ['warn', 'paper'], ['bad', 'card'], ['bad', 'paper'],
  ['ink', 'warn-tint'], ['ink', 'bad-tint'], ['dim', 'bad-tint'], ['on-accent', 'accent']];
for (const colorScheme of ['light', 'dark']) {
  test(`every text stands out from its ground, ${colorScheme} (WCAG 1.4.3)`, () => onPage('/echo', async page => {
    const weak = await page.evaluate(pairs => {
      const style = getComputedStyle(document.documentElement);
      const luminance = name => {
        const channels = style.getPropertyValue(`--${name}`).match(/[0-9a-f]{2}/g).map(hex => parseInt(hex, 16) / 255);
        const [red, green, blue] = channels.map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      return pairs.flatMap(pair => {
        const [low, high] = pair.map(luminance).sort((one, other) => one - other);
        const ratio = (high + 0.05) / (low + 0.05);
        return ratio < 4.5 ? [`${pair.join(' on ')} ${ratio.toFixed(2)}`] : [];
      });
    }, PAIRS);
    assert.deepEqual(weak, []);
  }, { colorScheme }));
}

test('a narrow screen needs no scrolling to the side, and who wants no motion has none', () => onPage('/echo', async page => {
  await state(page, 'Connected');
  await say(page, 'x'.repeat(400));
  await say(page, 'a line of words that is longer than this screen is wide, so it has to be broken');
  await page.getByRole('button', { name: 'Hex' }).click();
  await say(page, '00'.repeat(64));
  await received(page).nth(2).waitFor();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await state(page, 'Closed');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('#frames-feed ol, #frames-feed pre')].filter(one => one.scrollWidth > one.clientWidth).length), 0);
  await page.evaluate(() => { document.body.dataset.state = 'connecting'; });
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.pulse')).animationName), 'none');
}, { viewport: { width: 360, height: 640 }, reducedMotion: 'reduce' }));

// ---- Its words

test('bytes, codes, sizes and waiting times read as they should', () => onPage('/echo', async page => {
  const found = await page.evaluate(() => ({
    hex: ['', '48656c', '0x48 0X65', ' 4 8 '].map(text => [...parseHex(text).bytes]),
    wrong: ['4', 'g0', '4٣'].map(text => 'error' in parseHex(text)),
    sizes: [0, 1023, 1024, 10_240, 16 * 2 ** 20, 5 * 2 ** 30].map(formatSize),
    dump: hexDump(new Uint8Array([72, 105, 0, 255, 126]), 4, true),
    codes: [1006, 1016, 2999, 3000, 4000].map(closeWords),
    retried: [1000, 1001, 1005, 1006, 1008, 1011, 1012, 1013, 4000].filter(worthRetrying),
    waits: [1, 2, 3, 6, 7, 1000].map(attempt => [backoff(attempt, 0), backoff(attempt, 1)]),
  }));
  assert.deepEqual(found, {
    hex: [[], [0x48, 0x65, 0x6C], [0x48, 0x65], [0x48]],
    wrong: [true, true, true],
    sizes: ['0 B', '1023 B', '1.0 KiB', '10 KiB', '16 MiB', '5.0 GiB'],
    dump: '0000  48 69 00 ff  Hi··\n0004  7e           ~',
    codes: ['the connection was lost without a goodbye', 'a code that nobody has defined', 'a code that nobody has defined',
      'a registered code', 'a code of this application'],
    retried: [1001, 1005, 1006, 1011, 1012, 1013],
    waits: [[500, 1000], [1000, 2000], [2000, 4000], [15000, 30000], [15000, 30000], [15000, 30000]],
  });
}));

// ---- Without our page

test('JavaScript in a browser’s console speaks to /ws', () => withServer(seldom, ({ url }) => withPage(pageUrl(url) + 'healthz', async page => {
  const answer = await page.evaluate(address => new Promise((resolve, reject) => {
    const ws = new WebSocket(address);
    ws.onmessage = event => resolve(event.data);
    ws.onerror = () => reject(new Error('refused'));
    ws.onopen = () => ws.send('hello');
  }), `${url}/ws`);
  assert.equal(answer, 'hello');
}, { expected: UNREACHABLE })));

await main(4);
