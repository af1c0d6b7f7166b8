// The page itself: what the user does goes to the connection and the chat, what happens there is shown. The address bar
// keeps what it is connected to, `#/chat?user=Ann`, so a reload or a bookmark comes back there.
'use strict';

const totals = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0, lately: 0 };

const framesFeed = new Feed($('frames-feed'), drawFrame);
const chatFeed = new Feed($('chat-feed'), drawChat);
const connection = new Connection({ onState: showState, onMessage: received });
const chat = new Chat({
  send: message => sendData(JSON.stringify(message)),
  onChange: chatChanged,
  onEntry(conversation, entry) {
    if (conversation === chat.active) chatFeed.add(entry);
    chatChanged();
  },
  onUpdate(conversation, entry) {
    if (conversation === chat.active) chatFeed.update(entry);
  },
});
const sidebar = new Sidebar($('sidebar'), chat, (kind, name) => {
  choose(kind === 'room' ? chat.rooms.get(name) : kind === 'person' ? chat.personNamed(name) : chat.everyone);
}, showConversation);

// ---- Where to

// `/chat?user=Ann` of this server, or null: `//elsewhere/x` is another one's.
function ownPath(text) {
  if (!text.startsWith('/')) return null;
  try {
    const url = new URL(text, location.origin);
    return url.origin === location.origin ? url : null;
  } catch {
    return null;
  }
}

// The fields say `path`; in the chat the name has a field of its own.
function fillFields(path) {
  const url = ownPath(path);
  if (url === null) return false;
  const isChat = url.pathname === '/chat';
  if (isChat && url.searchParams.has('user')) {
    $('name').value = url.searchParams.get('user');
    url.searchParams.delete('user');
  }
  $('path').value = url.pathname + url.search;
  showMode(isChat);
  return true;
}

function showMode(isChat) {
  body.dataset.mode = isChat ? 'chat' : 'frames';
  if (!isChat) setView('frames');
  else if (body.dataset.endpoint !== '/chat') setView('chat');
  body.dataset.endpoint = isChat ? '/chat' : 'other';
  for (const button of document.querySelectorAll('[data-path]')) {
    button.setAttribute('aria-pressed', String(button.dataset.path === $('path').value.split('?')[0]));
  }
}

// The server's rule; a browser does not show a page the words with which a handshake is refused.
function wrongName(name) {
  if (name === '') return 'Say who you are first: the others see this name.';
  if ([...name].length > 64) return 'A name has at most 64 characters.';
  if (/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(name)) return 'A name has no control characters, and none that turns the direction of writing.';
  return '';
}

function go() {
  if (!fillFields($('path').value.trim())) {
    return refuse($('path'), 'A path begins with one slash, as /echo does.');
  }
  const url = ownPath($('path').value);
  if (body.dataset.mode === 'chat') {
    const name = $('name').value.trim();
    const wrong = wrongName(name);
    if (wrong) {
      connection.close();
      return refuse($('name'), wrong);
    }
    url.searchParams.set('user', name);
    if (chat.me !== name) chat.reset(name);
  }
  const path = url.pathname + url.search;
  history.replaceState(null, '', '#' + path);
  for (const field of [$('path'), $('name')]) field.removeAttribute('aria-invalid');
  fieldWords = '';
  connection.open(path);
}

let fieldWords = '';  // what is wrong with where to connect to

function refuse(field, words) {
  field.setAttribute('aria-invalid', 'true');
  field.focus();
  fieldWords = words;
  showNotice();
}

$('endpoint').addEventListener('submit', event => {
  event.preventDefault();
  // Enter in a field counts as the button, but nobody means to disconnect by it.
  if ($('connect').textContent === 'Disconnect' && document.activeElement.tagName !== 'INPUT') connection.close();
  else go();
});
$('endpoint').addEventListener('input', event => {
  event.target.removeAttribute('aria-invalid');
  fieldWords = '';
  showNotice();
  if (event.target === $('path')) showMode(ownPath($('path').value.trim())?.pathname === '/chat');
  showConnectButton();
});
for (const button of document.querySelectorAll('[data-path]')) {
  button.addEventListener('click', () => {
    fillFields(button.dataset.path);
    go();
  });
}
addEventListener('hashchange', () => fillFields(decodeHash()) && go());

function decodeHash() {
  return location.hash.slice(1) || '/ws';
}

// Whether the fields ask for something else than what it is connected to.
function edited() {
  const url = ownPath($('path').value.trim());
  if (url === null) return true;
  if (url.pathname === '/chat') url.searchParams.set('user', $('name').value.trim());
  return url.pathname + url.search !== connection.path;
}

// ---- The state of the connection

const STATE_WORDS = {
  idle: 'Not connected', connecting: 'Connecting', open: 'Connected', closing: 'Closing', waiting: 'Reconnecting', closed: 'Closed',
};

function showState() {
  const { state, path } = connection;
  body.dataset.state = state;
  setText($('status'), STATE_WORDS[state]);
  $('send').disabled = state !== 'open';
  showConnectButton();
  if (state === 'open') note(`Connected to ${path}`, 'good');
  if (state === 'closed' || state === 'waiting') {
    if (connection.words && connection.words !== showState.noted) note(connection.words, state === 'closed' ? 'warn' : 'bad');
    showState.noted = connection.words;
  }
  if (state === 'open') showState.noted = '';
  else chat.lost();
  showNotice();
}

function note(words, tone) {
  framesFeed.add(noteEntry(words, tone));
}

function showConnectButton() {
  const connected = ['connecting', 'open', 'waiting'].includes(connection.state) && !edited();
  setText($('connect'), connected ? 'Disconnect' : 'Connect');
  $('connect').classList.toggle('primary', !connected);
}

function showNotice() {
  const { state } = connection;
  const words = fieldWords || connection.words;
  const retrying = state === 'waiting' || (state === 'connecting' && connection.attempt > 1);
  $('notice').hidden = !(retrying || fieldWords || (state === 'closed' && words));
  $('notice').dataset.tone = retrying ? 'bad' : 'warn';
  setText($('notice').querySelector('[role=alert]'), $('notice').hidden ? '' : words);
  $('notice').querySelector('.actions').hidden = !retrying;
  $('retry').disabled = state !== 'waiting';
  showCountdown();
}

function showCountdown() {
  const { state, attempt, retryAt } = connection;
  const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
  const words = state === 'waiting' ? `Trying again in ${seconds} s` : state === 'connecting' && attempt > 1 ? `Trying again, ${ordinal(attempt - 1)} time` : '';
  setText($('notice').querySelector('.countdown'), words);
}

function ordinal(number) {
  const ending = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
  return number + ending[new Intl.PluralRules('en', { type: 'ordinal' }).select(number)];
}

$('retry').addEventListener('click', () => connection.retryNow());
$('give-up').addEventListener('click', () => {
  connection.close();
  $('connect').focus();
});
addEventListener('online', () => connection.retryNow());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  connection.retryNow();
  chat.activate(chat.active);
});

// ---- Messages

function received(data) {
  const entry = messageEntry('received', data);
  ++totals.received;
  ++totals.lately;
  totals.bytesReceived += entry.size;
  framesFeed.add(entry);
  if (body.dataset.mode === 'chat' && typeof data === 'string') chat.receive(data);
}

function sendData(data) {
  if (!connection.send(data)) return false;
  const entry = messageEntry('sent', data);
  ++totals.sent;
  totals.bytesSent += entry.size;
  framesFeed.add(entry);
  return true;
}

let shownCounts = '';
setInterval(() => {
  const rate = Math.round(totals.lately * 2);
  totals.lately = 0;
  const waiting = connection.unsent;
  const counts = `↑ ${totals.sent.toLocaleString('en')} sent, ${formatSize(totals.bytesSent)}   ↓ ${totals.received.toLocaleString('en')} received, ` +
    formatSize(totals.bytesReceived) + (rate > 20 ? `   ${rate.toLocaleString('en')} a second` : '') +
    (waiting > 0 ? `   ${formatSize(waiting)} still on their way` : '');
  if (counts !== shownCounts) setText($('totals'), counts);
  shownCounts = counts;
  if (connection.state === 'waiting') showCountdown();
}, 500);

$('clear').addEventListener('click', () => {
  framesFeed.clear();
  Object.assign(totals, { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0 });
});

// ---- The chat

function setView(view) {
  body.dataset.view = view;
  pressOne('[data-view]', button => button.dataset.view === view);
  showComposer();
  for (const feed of [framesFeed, chatFeed]) feed.follow();
}
for (const button of document.querySelectorAll('button[data-view]')) button.addEventListener('click', () => setView(button.dataset.view));

function choose(conversation) {
  if (body.dataset.view === 'chat') chat.active.draft = $('text').value;
  else setView('chat');
  chat.activate(conversation);
  showConversation();
  $('text').value = conversation.draft;
  resizeText();
  closeSidebar();
  $('text').focus();
}

// Called with each message: what takes long is drawn once for all of them.
function chatChanged() {
  if (chatFeed.entries !== chat.active.entries) chatFeed.show(chat.active.entries);
  document.title = chat.unread ? `(${chat.unread}) ws101` : 'ws101';
  sidebar.change();
}

function showConversation() {
  const { kind, name } = chat.active;
  setText($('conversation-name'), kind === 'everyone' ? 'Everyone' : kind === 'room' ? `# ${name}` : name);
  setText($('conversation-about'), aboutActive());
  $('leave').hidden = kind !== 'room';
  showBadge($('open-sidebar').querySelector('.badge'), chat.unread);
  showComposer();
}

function aboutActive() {
  const { kind, name, members } = chat.active;
  if (connection.state !== 'open') return 'not connected';
  if (kind === 'person') return name === chat.me ? 'you, in all your tabs' : chat.online.has(name) ? 'online, only the two of you see this' : 'offline';
  const people = kind === 'room' ? members : chat.online;
  const first = [...people].sort(compareNames).slice(0, 12).join(', ');
  return people.size ? `${people.size.toLocaleString('en')} ${kind === 'room' ? 'here' : 'online'}: ${first}${people.size > 12 ? ', …' : ''}` : '';
}

// A name among the messages is as good as the one at the side; that one is the keyboard's.
chatFeed.list.addEventListener('click', event => {
  const { sender } = event.target.closest('.sender, .avatar')?.parentElement.dataset ?? {};
  if (sender) choose(chat.personNamed(sender));
});

$('join').addEventListener('submit', event => {
  event.preventDefault();
  const name = $('room').value.trim();
  if (name === '' || connection.state !== 'open') return;
  $('room').value = '';
  choose(chat.join(name));
});
$('leave').addEventListener('click', () => {
  chat.leave(chat.active);
  $('text').focus();
});

$('open-sidebar').addEventListener('click', () => {
  const open = body.classList.toggle('sidebar-open');
  $('open-sidebar').setAttribute('aria-expanded', String(open));
  if (open) ($('sidebar').querySelector('[aria-current]') ?? $('room')).focus();
});
function closeSidebar() {
  body.classList.remove('sidebar-open');
  $('open-sidebar').setAttribute('aria-expanded', 'false');
}
// Beside the list there is nothing to press while it lies over the page; a keyboard (detail 0) presses what it is on.
document.addEventListener('click', event => {
  const covers = body.classList.contains('sidebar-open') && getComputedStyle($('sidebar')).position === 'fixed';
  if (!covers || event.detail === 0 || $('sidebar').contains(event.target)) return;
  event.preventDefault();
  event.stopPropagation();
  closeSidebar();
}, true);
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || !body.classList.contains('sidebar-open')) return;
  closeSidebar();
  $('open-sidebar').focus();
});

fillFields(decodeHash()) || fillFields('/ws');
$('origin').textContent = location.origin.replace(/^http/, 'ws');
showState();
chatChanged();
showConversation();
if (location.protocol !== 'file:') go();
