// The page in its chat: pages of several users, in one real browser, talk to each other over /chat.

import assert from 'node:assert/strict';

import { pageUrl, sameAddress, say, state, UNREACHABLE, until, withPage } from './browser.mjs';
import { main, test, withServer } from './harness.mjs';

// Runs `body` with a connected page for each name, opened in that order.
async function withUsers(url, names, body, settings = {}, pages = []) {
  if (pages.length === names.length) return body(...pages);
  await withPage(pageUrl(url, `/chat?user=${encodeURIComponent(names[pages.length])}`), async page => {
    await state(page, 'Connected');
    await person(page, names[pages.length], '(you)').waitFor({ state: 'attached' });
    await withUsers(url, names, body, settings, [...pages, page]);
  }, settings);
}

const chatTest = (name, names, body, settings) =>
  test(name, () => withServer([], ({ url }) => withUsers(url, names, (...pages) => body(...pages, url), settings)));

// The button of a user, whose state is `(you)`, `(offline)` or nothing.
function person(page, name, stateWords = '') {
  return page.locator('#people button')
    .filter({ has: page.locator('.who').getByText(name, { exact: true }) })
    .filter({ has: page.locator('.state', { hasText: stateWords === '' ? /^$/ : stateWords }) });
}

const everyone = page => page.locator('#everyone button');
const room = (page, name) => page.locator('#rooms button', { hasText: name });
const theirs = (page, text) => page.locator('.say.theirs', { hasText: text });
const mine = (page, text) => page.locator('.say.mine', { hasText: text });
const noted = (page, text) => page.locator('#chat-feed .note', { hasText: text });
const badge = button => button.locator('.badge');

async function join(page, name) {
  await page.locator('#room').fill(name);
  await page.locator('#room').press('Enter');
  await page.locator('#conversation-name', { hasText: `# ${name}` }).waitFor();
}

chatTest('a click on a name holds a private conversation, which nobody else hears', ['Alice', 'Bob', 'Charlie'], async (alice, bob, charlie) => {
  await person(alice, 'Bob').click();
  await say(alice, 'Hey Bob, how are you?');
  await mine(alice, 'Hey Bob').locator('.delivery.acked').waitFor();
  await badge(person(bob, 'Alice')).getByText('1').waitFor();
  assert.match(await bob.title(), /^\(1\) /);
  await person(bob, 'Alice').click();
  await theirs(bob, 'Hey Bob, how are you?').waitFor();
  assert.equal(await bob.title(), 'ws101');
  await say(bob, 'Fine, Alice.');
  await theirs(alice, 'Fine, Alice.').waitFor();
  assert.equal(await alice.locator('#chat-feed .sender').last().textContent(), 'Bob');
  await say(charlie, 'to all');
  await badge(everyone(alice)).getByText('1').waitFor();
  await everyone(alice).click();
  await theirs(alice, 'to all').locator('.sender').click();
  await alice.locator('#conversation-name', { hasText: 'Charlie' }).waitFor();
  await everyone(alice).click();
  assert.equal(await alice.locator('.say').count(), 1);
  assert.equal(await charlie.locator('.say').count(), 1);
  assert.equal(await badge(person(charlie, 'Alice')).isHidden(), true);
});

chatTest('presence comes and goes', ['Alice'], async (alice, url) => {
  await withUsers(url, ['Bob'], async () => {
    await noted(alice, 'Bob came online').waitFor();
    await alice.locator('#online-count', { hasText: '2 online' }).waitFor();
    await person(alice, 'Bob').click();
    await alice.locator('#conversation-about', { hasText: 'online' }).waitFor();
  });
  await noted(alice, 'Bob went offline').waitFor();
  await person(alice, 'Bob', '(offline)').waitFor();
  await say(alice, 'Are you there?');
  await mine(alice, 'Are you there?').locator('.failure', { hasText: /Not delivered: .*unknown_receiver/ }).waitFor();
  await withUsers(url, ['Bob'], async bob => {
    await person(alice, 'Bob').waitFor();
    await say(alice, 'Again');
    await mine(alice, 'Again').locator('.delivery.acked').waitFor();
    await badge(person(bob, 'Alice')).getByText('1').waitFor();
  });
});

chatTest('a room is heard by who is in it, and shows who that is', ['Alice', 'Bob', 'Charlie'], async (alice, bob, charlie) => {
  await join(alice, 'lunch');
  await join(bob, 'lunch');
  await noted(alice, 'Bob joined').waitFor();
  for (const page of [alice, bob]) await page.locator('#conversation-about', { hasText: '2 here: Alice, Bob' }).waitFor();
  await say(alice, 'Noon?');
  await theirs(bob, 'Noon?').waitFor();
  await mine(alice, 'Noon?').locator('.delivery.acked').waitFor();
  await everyone(bob).click();
  await say(alice, 'Or one?');
  await badge(room(bob, 'lunch')).getByText('1').waitFor();
  await room(bob, 'lunch').click();
  await bob.getByRole('button', { name: 'Leave' }).click();
  await noted(alice, 'Bob left').waitFor();
  await alice.locator('#conversation-about', { hasText: '1 here: Alice' }).waitFor();
  assert.equal(await room(bob, 'lunch').count(), 0);
  assert.equal(await charlie.locator('.say').count(), 0);
});

const HOSTILE = '<img src=x onerror=alert(1)>';
chatTest('hostile names, rooms and texts are shown as text', [HOSTILE, '"><b>Bob</b>'], async (one, other) => {
  await join(one, HOSTILE);
  await join(other, HOSTILE);
  await noted(one, '"><b>Bob</b> joined').waitFor();
  await say(one, '</script><script>alert(1)</script>');
  await theirs(other, '</script><script>alert(1)</script>').waitFor();
  assert.equal(await other.locator('#chat-feed .sender').last().textContent(), HOSTILE);
  assert.equal(await other.locator('#conversation-name').textContent(), `# ${HOSTILE}`);
  await person(other, HOSTILE).click();
  await say(other, HOSTILE);
  await badge(person(one, '"><b>Bob</b>')).getByText('1').waitFor();
  for (const page of [one, other]) assert.equal(await page.locator('main img, main b, main script').count(), 0);
});

chatTest('what a server should never send harms nobody', ['Alice'], async alice => {
  await alice.evaluate(() => {
    for (const text of ['', 'no JSON', 'null', '7', '[]', '{}', '{"type":"__proto__"}', '{"type":"toString"}', '{"type":"constructor"}',
      '{"type":"message"}', '{"type":"message","sender":7,"message":{}}', '{"type":"presence","user":{}}', '{"type":"presence","user":"X","room":"nowhere","status":"joined"}',
      '{"type":"who","online":"all"}', '{"type":"who","room":"nowhere","online":[]}', '{"type":"welcome","user":"Alice","online":[1,null,""]}',
      '{"type":"ack","id":{}}', '{"type":"ack"}', '{"type":"private_message","sender":"Alice","message":"x"}', '{"type":"missed","count":"many"}', '{"type":"error"}']) received(text);
  });
  await say(alice, 'still here');
  await mine(alice, 'still here').locator('.delivery.acked').waitFor();
});

chatTest('two tabs of one user show the same conversation', ['Alice', 'Alice', 'Bob'], async (tab, otherTab, bob) => {
  await person(tab, 'Bob').click();
  await say(tab, 'from a tab');
  await badge(person(bob, 'Alice')).getByText('1').waitFor();
  await person(otherTab, 'Bob').click();
  await mine(otherTab, 'from a tab').waitFor();
  await person(tab, 'Alice', '(you)').click();
  await say(tab, 'to myself');
  await mine(tab, 'to myself').waitFor();
  await person(otherTab, 'Alice', '(you)').click();
  await mine(otherTab, 'to myself').waitFor();
  assert.equal(await mine(tab, 'to myself').count(), 1);
});

test('a restarted server is found again, with its rooms and people', async () => {
  let address, done;
  const finished = new Promise(resolve => { done = resolve; });
  let started, pages;
  await withServer([], async ({ url }) => {
    address = sameAddress(url);
    await new Promise((resolve, reject) => {
      started = withUsers(url, ['Alice', 'Bob'], async (...users) => {
        pages = users;
        for (const page of users) await join(page, 'lunch');
        resolve();
        await finished;
      }, { expected: UNREACHABLE });
      started.catch(reject);
    });
  });
  try {
    const [alice, bob] = pages;
    for (const page of pages) await page.locator('#notice').getByText('Trying again').waitFor();
    await person(alice, 'Bob').waitFor({ state: 'detached' });
    await noted(alice, 'what is said here now, you miss').waitFor();
    await withServer([...address], async () => {
      for (const page of pages) await state(page, 'Connected');
      for (const page of pages) await page.locator('#conversation-about', { hasText: '2 here: Alice, Bob' }).waitFor();
      await say(alice, 'Are we back?');
      await theirs(bob, 'Are we back?').waitFor();
      for (const page of pages) {
        await page.getByRole('button', { name: 'Disconnect' }).click();
        await state(page, 'Closed');
      }
    });
  } finally {
    done();
  }
  await started;
});

test('nobody comes in without a name, and the name is kept in the address', () => withServer([], ({ url }) => withPage(pageUrl(url, '/echo'), async page => {
  await state(page, 'Connected');
  await page.getByRole('button', { name: '/chat' }).click();
  await page.locator('#notice [role=alert]', { hasText: 'Say who you are first' }).waitFor();
  await state(page, 'Closed');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
  await page.keyboard.type('Ann & Co');
  await page.keyboard.press('Enter');
  await state(page, 'Connected');
  await person(page, 'Ann & Co', '(you)').waitFor();
  await page.locator('#name').press('Enter');
  await state(page, 'Connected');
  await page.reload();
  await person(page, 'Ann & Co', '(you)').waitFor();
  await page.locator('#name').fill('x'.repeat(65));
  await page.locator('#name').press('Enter');
  await page.locator('#notice [role=alert]', { hasText: 'at most 64 characters' }).waitFor();
  for (const refused of ['a\tb', 'a\u0085b', 'a\u2028b', '\u202Eeve', 'a\u061Cb', 'a\u200Eb', 'a\u200Fb']) {
    await page.locator('#name').fill(refused);
    await page.locator('#name').press('Enter');
    await page.locator('#notice [role=alert]', { hasText: 'no control characters' }).waitFor();
  }
  await page.locator('#name').fill('Someone else');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await person(page, 'Someone else', '(you)').waitFor();
  assert.equal(await person(page, 'Ann & Co').count(), 0);
})));

chatTest('what was under way when the connection ended is not taken for delivered', ['Alice'], async alice => {
  await alice.evaluate(() => { chat.receive = () => {}; });  // as if the confirmation were lost
  await say(alice, 'hello?');
  await mine(alice, 'hello?').waitFor();
  await alice.getByRole('button', { name: 'Disconnect' }).click();
  await mine(alice, 'hello?').locator('.failure', { hasText: 'lost before the server confirmed it' }).waitFor();
});

chatTest('who comes back to more rooms than the server takes at once is in all of them in the end', ['Alice'], async alice => {
  await alice.evaluate(() => {
    for (let number = 0; number < 60; ++number) chat.join(`room ${number}`);
  });
  await until(alice, 'sixty rooms with one member', () => [...chat.rooms.values()].filter(room => room.members.has('Alice')).length === 60);
  await alice.locator('#rooms li').nth(59).waitFor();
});

chatTest('the keyboard alone finds a person, a room, and the way back', ['Alice', 'Bob'], async (alice, bob) => {
  const focusOn = async selector => {
    for (let count = 0; count < 40; ++count) {
      if (await alice.evaluate(wanted => document.activeElement.matches(wanted), selector)) return;
      await alice.keyboard.press('Tab');
    }
    assert.fail(`Tab does not lead to ${selector}`);
  };
  await person(alice, 'Bob').waitFor();
  await focusOn('#people li:nth-child(2) button');
  await alice.keyboard.press('Enter');
  await alice.keyboard.type('by keyboard');
  await alice.keyboard.press('Enter');
  await badge(person(bob, 'Alice')).getByText('1').waitFor();
  await focusOn('#room');
  await alice.keyboard.type('keys');
  await alice.keyboard.press('Enter');
  await alice.locator('#conversation-name', { hasText: '# keys' }).waitFor();
  await focusOn('#leave');
  await alice.keyboard.press('Enter');
  await alice.locator('#conversation-name', { hasText: 'Everyone' }).waitFor();
  await focusOn('[data-view=frames]');
  await alice.keyboard.press('Enter');
  await alice.locator('#frames-feed .frame', { hasText: '"type":"leave"' }).waitFor();
});

chatTest('the JSON itself can be read and written', ['Alice', 'Bob'], async (alice, bob) => {
  await alice.getByRole('button', { name: 'JSON' }).click();
  await say(alice, '{"type":"private_message","sender":"Alice","receiver":"Bob","message":"Hey Bob, how are you?"}');
  await person(bob, 'Alice').click();
  await theirs(bob, 'Hey Bob, how are you?').waitFor();
  await say(alice, 'no JSON');
  await alice.locator('.frame.received', { hasText: 'bad_json' }).waitFor();
});

chatTest('a narrow screen has the people and rooms behind a button', ['Alice', 'Bob with a name that is much longer than it should be, really'], async (alice, bob) => {
  await say(bob, 'x'.repeat(300));
  await theirs(alice, 'xxx').waitFor();
  await alice.getByRole('button', { name: 'People and rooms' }).click();
  await alice.keyboard.press('Escape');
  assert.equal(await alice.locator('#sidebar').isVisible(), false);
  await alice.getByRole('button', { name: 'People and rooms' }).click();
  await alice.locator('#people button').nth(1).click();
  assert.equal(await alice.locator('#sidebar').isVisible(), false);
  await say(alice, 'from a phone');
  await bob.getByRole('button', { name: /People and rooms.*1 unread/ }).waitFor();
  for (const page of [alice, bob]) assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
}, { viewport: { width: 360, height: 640 } });

chatTest('a tap beside the list of people and rooms closes it, and nothing else', ['Alice'], async alice => {
  const open = alice.getByRole('button', { name: 'People and rooms' });
  await open.click();
  await join(alice, 'lunch');
  const leave = await alice.locator('#leave').boundingBox();
  await open.click();
  await alice.mouse.click(leave.x + leave.width - 5, leave.y + 5);
  await alice.locator('#sidebar').waitFor({ state: 'hidden' });
  assert.equal(await open.getAttribute('aria-expanded'), 'false');
  await alice.locator('#conversation-name', { hasText: '# lunch' }).waitFor();
  await alice.locator('#leave').click();
  await alice.locator('#conversation-name', { hasText: 'Everyone' }).waitFor();
}, { viewport: { width: 360, height: 640 } });

await main(4);
