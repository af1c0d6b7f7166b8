// How an entry of a feed becomes an element. Whatever came from the network is only ever set as textContent, so no
// message and no name can become markup.
'use strict';

const TEXT_SHOWN = 1000;   // characters, until somebody asks for more
const TEXT_KEPT = 65_536;  // and then
const BYTES_SHOWN = 256;
const BYTES_KEPT = 4096;
const narrow = matchMedia('(max-width: 40rem)');

// An entry of the frames feed, with no more of the message than can ever be shown.
function messageEntry(direction, data) {
  const entry = { direction, at: Date.now(), text: null, bytes: null, size: 0 };
  if (typeof data === 'string') {
    entry.size = sizeOfText(data);
    entry.text = beginningOf(data, TEXT_KEPT);
  } else {
    entry.size = data.byteLength;
    entry.bytes = new Uint8Array(data.slice(0, BYTES_KEPT));
  }
  return entry;
}

// An entry of a conversation.
function sayEntry(sender, mine, text) {
  return { sender, mine, at: Date.now(), text: beginningOf(text, TEXT_KEPT), size: sizeOfText(text) };
}

// A line of ours between the messages; `tone` is good, warn or bad.
function noteEntry(text, tone) {
  return { direction: 'note', at: Date.now(), text, tone };
}

function drawNote(entry, exactly) {
  return make('li', `note ${entry.tone}`, makeTime(entry.at, exactly), make('span', 'words', entry.text));
}

function drawFrame(entry) {
  if (entry.direction === 'note') return drawNote(entry, true);
  const sent = entry.direction === 'sent';
  const arrow = make('span', 'arrow', make('span', 'glyph', sent ? '↑' : '↓'), make('span', 'spoken', sent ? 'sent' : 'received'));
  const kind = entry.bytes ? 'binary · ' : '';
  return make('li', `frame ${entry.direction}`, arrow, makeTime(entry.at, true),
    entry.bytes ? drawBytes(entry) : drawText(entry, 'body'), make('span', 'size', kind + formatSize(entry.size)));
}

function drawText(entry, className) {
  const body = make('div', className);
  const text = make('span', entry.text === '' ? 'words nothing' : 'words', entry.text === '' ? 'an empty message' : '');
  text.dir = 'auto';
  body.append(text);
  const show = length => {
    text.textContent = entry.text.slice(0, length);
    const rest = entry.size - (length >= entry.text.length ? sizeOfText(entry.text) : 0);
    return length < entry.text.length ? `Show more of ${formatSize(entry.size)}` : rest ? `… ${formatSize(rest)} more, not kept` : '';
  };
  if (entry.text !== '') addMore(body, show, TEXT_SHOWN, TEXT_KEPT);
  return body;
}

function drawBytes(entry) {
  const body = make('div', 'body');
  const dump = make('pre', '');
  body.append(dump);
  const show = length => {
    dump.textContent = hexDump(entry.bytes.subarray(0, length), narrow.matches ? 8 : 16, !narrow.matches);
    const rest = entry.size - entry.bytes.length;
    return length < entry.bytes.length ? `Show more of ${formatSize(entry.size)}` : rest ? `… ${formatSize(rest)} more, not kept` : '';
  };
  if (entry.size === 0) dump.replaceWith(make('span', 'words nothing', 'an empty message'));
  else addMore(body, show, BYTES_SHOWN, BYTES_KEPT);
  return body;
}

// `show(length)` shows so much and returns what there is to say about the rest; a first part is shown, all on demand.
function addMore(body, show, first, all) {
  const said = show(first);
  if (!said) return;
  if (said.startsWith('…')) return body.append(make('span', 'rest', said));
  const more = make('button', 'more', said);
  more.type = 'button';
  more.addEventListener('click', () => {
    const rest = show(all);
    more.replaceWith(make('span', 'rest', rest));
  });
  body.append(more);
}

// ---- The chat

const DELIVERY = { sending: '', acked: '✓', failed: '!' };

// Messages of one sender within a few minutes stand under one name.
function goesOn(entry, previous) {
  return previous?.sender === entry.sender && entry.at - previous.at < 180_000;
}

function drawChat(entry, previous) {
  if (entry.direction === 'note') return drawNote(entry, false);
  const item = make('li', `say ${entry.mine ? 'mine' : 'theirs'}`);
  const follows = goesOn(entry, previous);
  item.classList.toggle('follows', follows);
  if (!entry.mine) item.dataset.sender = entry.sender;
  if (!follows && !entry.mine) item.append(makeAvatar(entry.sender));
  const name = make('bdi', 'sender', entry.mine ? 'You' : entry.sender);
  if (!entry.mine) name.style.setProperty('--hue', hueOf(entry.sender));
  if (follows) name.classList.add('spoken');
  const delivery = make('span', `delivery ${entry.delivery ?? ''}`, DELIVERY[entry.delivery] ?? '');
  if (entry.delivery === 'acked') delivery.title = 'handed on by the server';
  item.append(name, drawText(entry, 'bubble'), make('span', 'meta', makeTime(entry.at, false), delivery));
  if (entry.failure) item.append(make('p', 'failure', `Not delivered: ${entry.failure}`));
  return item;
}
