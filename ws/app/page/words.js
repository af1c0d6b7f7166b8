// What things are called, and how numbers, times and bytes look. Nothing here knows the document or a socket.
'use strict';

// RFC 6455 7.4.1 and the registry that it began.
const CLOSE_WORDS = new Map([
  [1000, 'done, a normal close'],
  [1001, 'the server is going away'],
  [1002, 'a rule of the protocol was broken'],
  [1003, 'this kind of data is not accepted'],
  [1005, 'closed without a code'],
  [1006, 'the connection was lost without a goodbye'],
  [1007, 'the data was not what it claimed to be, as text that is not UTF-8'],
  [1008, 'against the server’s policy'],
  [1009, 'the message was too big'],
  [1010, 'an extension is missing'],
  [1011, 'the server ran into an error'],
  [1012, 'the server restarts'],
  [1013, 'the server asks to try again later'],
  [1014, 'a gateway got a bad answer'],
  [1015, 'the TLS handshake failed'],
]);

function closeWords(code) {
  if (CLOSE_WORDS.has(code)) return CLOSE_WORDS.get(code);
  if (code >= 4000) return 'a code of this application';
  return code >= 3000 ? 'a registered code' : 'a code that nobody has defined';
}

// After these the same attempt would end the same way, so only a person tries again.
function worthRetrying(code) {
  return ![1000, 1002, 1003, 1007, 1008, 1009, 1010].includes(code) && code < 3000;
}

// How long to wait before attempt `attempt` (from 1): doubling up to half a minute. The lower half is fixed, the upper
// one is chance, so that a thousand pages that lost the same server do not come back in the same instant.
function backoff(attempt, chance = Math.random()) {
  const longest = Math.min(30_000, 1000 * 2 ** (attempt - 1));
  return longest / 2 + longest / 2 * chance;
}

function plural(count, one, many = one + 's') {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

function formatSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024, unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    ++unit;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function pad(number, digits = 2) {
  return String(number).padStart(digits, '0');
}

function formatTime(date) {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

// `48 65 6c 6c 6f`, `48656c6c6f`, `0x48, 0x65`: the bytes, or the sentence that says what is wrong.
function parseHex(text) {
  const digits = text.replace(/0x/gi, ' ').replace(/[\s,;:]+/g, '');
  const strange = digits.match(/[^0-9a-f]/iu);
  if (strange) return { error: `“${strange[0]}” is no hexadecimal digit` };
  if (digits.length % 2) return { error: 'An odd number of digits: each byte has two' };
  return { bytes: Uint8Array.from(digits.match(/../g) ?? [], byte => parseInt(byte, 16)) };
}

// Lines of `48 65 6c 6c 6f  Hello`, with the offset in front where there is room for it.
function hexDump(bytes, perLine, withOffset) {
  const lines = [];
  for (let start = 0; start < bytes.length; start += perLine) {
    const line = bytes.subarray(start, start + perLine);
    const hex = Array.from(line, byte => pad(byte.toString(16))).join(' ').padEnd(3 * perLine - 1);
    const text = Array.from(line, byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${withOffset ? pad(start.toString(16), 4) + '  ' : ''}${hex}  ${text}`);
  }
  return lines.join('\n');
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function sizeOfText(text) {
  return encoder.encode(text).length;
}

// A copy: what slice() gives keeps all of a long text in memory.
function beginningOf(text, length) {
  return text.length <= length ? text : decoder.decode(encoder.encode(text.slice(0, length)));
}
