// Where a message is written: text, or bytes as hexadecimal digits, or files, dropped, pasted or picked, each of which is one
// binary message. In the chat's own view it is words to the conversation that is shown.
'use strict';

const history_ = [];  // what was sent, for the arrow keys
let historyPlace = 0;
let kind = 'text';

function inChatView() {
  return body.dataset.view === 'chat';
}

function hint(words, tone = '') {
  setText($('hint'), words);
  $('hint').dataset.tone = tone;
}

function complain(words) {
  $('text').setAttribute('aria-invalid', 'true');
  $('text').focus();
  hint(words, 'bad');
}

function showComposer() {
  const asHex = kind === 'hex' && !inChatView();
  body.dataset.kind = asHex ? 'hex' : 'text';
  const whom = [...$('conversation-name').textContent];
  $('text').placeholder = inChatView() ? `Message to ${whom.slice(0, 18).join('')}${whom.length > 18 ? '…' : ''}` : asHex ? '48 65 6c 6c 6f' : 'A message';
}

function resizeText() {
  $('text').style.height = 'auto';
  if ($('text').value === '') return;
  $('text').style.height = `${Math.min($('text').scrollHeight + 2, innerHeight / 3)}px`;
}

function submitText() {
  const text = $('text').value;
  if (connection.state !== 'open') return hint('Not connected: nothing was sent.', 'bad');
  if (inChatView()) {
    if (text.trim() === '') return;
    chat.say(text);
    chatFeed.follow();
  } else if (kind === 'hex') {
    const { bytes, error } = parseHex(text);
    if (error) return complain(error);
    sendData(bytes.buffer);
    framesFeed.follow();
  } else {
    sendData(text);
    framesFeed.follow();
  }
  if (text !== '' && history_.at(-1) !== text) history_.push(text);
  historyPlace = history_.length;
  $('text').value = '';
  $('text').removeAttribute('aria-invalid');
  hint('');
  resizeText();
}

async function sendFiles(files) {
  if (inChatView()) return hint('The chat takes words only; a file goes to another endpoint.', 'warn');
  for (const file of files) {
    try {
      const data = await file.arrayBuffer();
      if (!sendData(data)) return hint(`Not connected: ${file.name} was not sent.`, 'bad');
      hint(`Sent ${file.name}, ${formatSize(data.byteLength)}, as one binary message.`);
    } catch {
      // A folder, or a file that is gone.
      hint(`${file.name} cannot be read.`, 'bad');
    }
  }
}

// Up and down go through what was sent, where the cursor has no other line to go to.
function recall(event) {
  const field = $('text');
  const up = event.key === 'ArrowUp';
  const edge = up ? field.selectionEnd === 0 || !field.value.includes('\n') : field.selectionStart === field.value.length || !field.value.includes('\n');
  const place = historyPlace + (up ? -1 : 1);
  if (!edge || place < 0 || place > history_.length || (place === history_.length && up)) return;
  event.preventDefault();
  historyPlace = place;
  field.value = history_[place] ?? '';
  resizeText();
}

$('composer').addEventListener('submit', event => {
  event.preventDefault();
  submitText();
});
$('text').addEventListener('keydown', event => {
  if (event.isComposing) return;
  if (event.key === 'Enter' && !event.shiftKey) {
    event.preventDefault();
    submitText();
  } else if (['ArrowUp', 'ArrowDown'].includes(event.key) && !event.shiftKey) {
    recall(event);
  }
});
$('text').addEventListener('input', () => {
  $('text').removeAttribute('aria-invalid');
  hint('');
  resizeText();
});

for (const button of document.querySelectorAll('[data-kind]:not(body)')) {
  button.addEventListener('click', () => {
    kind = button.dataset.kind;
    pressOne('[data-kind]', other => other === button);
    $('text').removeAttribute('aria-invalid');
    hint('');
    showComposer();
    $('text').focus();
  });
}

$('pick').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', async () => {
  await sendFiles([...$('file').files]);
  $('file').value = '';
});

// ---- Dropping and pasting

addEventListener('paste', event => {
  const files = [...event.clipboardData.files];
  if (files.length === 0) return;
  event.preventDefault();
  sendFiles(files);
});

function hasFiles(event) {
  return event.dataTransfer?.types.includes('Files');
}

addEventListener('dragover', event => {
  if (!hasFiles(event)) return;
  event.preventDefault();  // or the browser would leave the page for the file
  $('drop').hidden = false;
});
addEventListener('dragleave', event => {
  if (event.relatedTarget === null) $('drop').hidden = true;
});
addEventListener('drop', event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  $('drop').hidden = true;
  sendFiles([...event.dataTransfer.files]);
});
