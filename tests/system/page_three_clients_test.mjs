// Three users in three clients that share no code: Alice on the page in a real browser, Bob in `ws101 connect`, Charlie in a
// program with python3-websockets. All that each of them is told is compared, so nobody hears what is private to others.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { pageUrl, say, state, withPage } from './browser.mjs';
import { clientFlags, DEADLINE, knownCertificate, main, secure, test, within, withServer } from './harness.mjs';

const CONNECT = [process.env.WS101 || 'build/release/ws101', 'connect', ...clientFlags()];
// Whom Python believes.
const TRUST = secure ? { SSL_CERT_FILE: knownCertificate().certificate } : {};

// A line of its input is a message, and a message is a line of its output, as with `ws101 connect`.
const PYTHON = ['/usr/bin/python3', '-c', `
import asyncio, sys, websockets

async def main():
    async with websockets.connect(sys.argv[1]) as ws:
        async def hear():
            async for message in ws:
                print(message, flush=True)
        hearing = asyncio.create_task(hear())
        while line := await asyncio.to_thread(sys.stdin.readline):
            await ws.send(line.removesuffix("\\n"))
        await ws.close()
        await hearing

asyncio.run(main())
`];

// A user who speaks through a program; `next()` is the next thing that it was told.
class User {
  constructor(command, url, name) {
    this.child = spawn(command[0], [...command.slice(1), `${url}/chat?user=${name}`], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...TRUST } });
    this.name = name;
    this.errors = '';
    this.child.stderr.on('data', piece => { this.errors += piece; });
    this.ended = once(this.child, 'close');
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async next() {
    const { value, done } = await within(DEADLINE, `a message to ${this.name}`, this.lines.next());
    assert(!done, `${this.name} hears no more: ${this.errors}`);
    return JSON.parse(value);
  }

  async expect(...messages) {
    for (const message of messages) assert.deepEqual(await this.next(), message);
  }

  say(message) {
    this.child.stdin.write(JSON.stringify(message) + '\n');
  }

  // Its input ends: it closes, and was told nothing more.
  async leave() {
    this.child.stdin.end();
    assert((await within(DEADLINE, `${this.name}'s farewell`, this.lines.next())).done, `${this.name} was told too much`);
    assert.deepEqual(await this.ended, [0, null], `how ${this.name} ended, who said: ${this.errors}`);
    assert.equal(this.errors, '');
  }
}

const welcome = (user, ...online) => ({ type: 'welcome', user, online });
const presence = (user, status) => ({ type: 'presence', user, status });
const whisper = (sender, receiver, message) => ({ type: 'private_message', sender, receiver, message });

// The page counts what it sends; the others leave that away.
const fromPage = (...words) => async user => {
  const { id, ...message } = await user.next();
  assert.equal(typeof id, 'number');
  assert.deepEqual(message, whisper(...words));
};

const person = (page, name) => page.locator('#people button').filter({ has: page.locator('.who').getByText(name, { exact: true }) });
const inFeed = (page, kind, text) => page.locator(`#chat-feed ${kind}`, { hasText: text }).waitFor();

async function withUser(command, url, name, body) {
  const user = new User(command, url, name);
  try {
    await body(user);
  } finally {
    user.child.kill('SIGKILL');
  }
}

test('a browser, connect and python hold private conversations over one connection each, and see each other come and go', () =>
  withServer([], ({ url }) => withPage(pageUrl(url, '/chat?user=Alice'), async alice => {
    await state(alice, 'Connected');
    await withUser(CONNECT, url, 'Bob', async bob => {
      await bob.expect(welcome('Bob', 'Alice', 'Bob'));
      await inFeed(alice, '.note', 'Bob came online');
      await withUser(PYTHON, url, 'Charlie', async charlie => {
        await charlie.expect(welcome('Charlie', 'Alice', 'Bob', 'Charlie'));
        await bob.expect(presence('Charlie', 'online'));
        await inFeed(alice, '.note', 'Charlie came online');

        await person(alice, 'Bob').click();
        await say(alice, 'Hey Bob, how are you?');
        await fromPage('Alice', 'Bob', 'Hey Bob, how are you?')(bob);
        bob.say(whisper('Bob', 'Alice', 'Fine, Alice. <b>You?</b>'));
        await inFeed(alice, '.say.theirs', 'Fine, Alice. <b>You?</b>');
        charlie.say(whisper('Charlie', 'Bob', 'Und du, Bob? Grüße 😀'));
        await bob.expect(whisper('Charlie', 'Bob', 'Und du, Bob? Grüße 😀'));
        bob.say(whisper('Bob', 'Charlie', 'Well.'));
        await charlie.expect(whisper('Bob', 'Charlie', 'Well.'));
        charlie.say(whisper('Charlie', 'Alice', 'Psst, Alice'));
        await person(alice, 'Charlie').locator('.badge').getByText('1').waitFor();
        await person(alice, 'Charlie').click();
        await inFeed(alice, '.say.theirs', 'Psst, Alice');
        assert.equal(await alice.locator('.say').count(), 1, 'what Bob said stands elsewhere');
        await say(alice, 'What is it?');
        await fromPage('Alice', 'Charlie', 'What is it?')(charlie);
        await bob.leave();
        await charlie.expect(presence('Bob', 'offline'));
        await person(alice, 'Bob').filter({ hasText: '(offline)' }).waitFor();

        await withUser(CONNECT, url, 'Bob', async again => {
          await again.expect(welcome('Bob', 'Alice', 'Bob', 'Charlie'));
          await charlie.expect(presence('Bob', 'online'));
          charlie.child.kill('SIGKILL');  // gone without a word
          await again.expect(presence('Charlie', 'offline'));
          await person(alice, 'Charlie').filter({ hasText: '(offline)' }).waitFor();
          assert.equal(alice.asked.filter(address => address.startsWith('ws')).length, 1, 'connections of the page');
          await alice.getByRole('button', { name: 'Disconnect' }).click();
          await again.expect(presence('Alice', 'offline'));
          await again.leave();
        });
      });
    });
  })));

await main();
