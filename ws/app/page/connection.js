// One WebSocket after another: opens, hears the end, waits, tries again. The page is told each change by `onState` and
// each message by `onMessage`; it is never told anything by a socket that was given up.
'use strict';

const STABLE_AFTER = 5000;  // a connection that lasted so long starts the backoff anew

class Connection {
  state = 'idle';  // idle, connecting, open, closing, waiting (to try again), closed
  path = '';
  attempt = 0;
  retryAt = 0;
  words = '';  // how it ended
  #socket = null;
  #timer = 0;
  #openedAt = 0;
  #doubts = 0;  // how often it was there and yet refused us

  constructor({ onState, onMessage }) {
    this.onState = onState;
    this.onMessage = onMessage;
  }

  // `path` is of this server: `/echo?x=1`.
  open(path) {
    this.#forget();
    this.path = path;
    this.words = '';
    this.attempt = 0;
    this.#doubts = 0;
    this.#connect();
  }

  close() {
    clearTimeout(this.#timer);
    if (this.#socket === null) return this.#become(this.state === 'idle' ? 'idle' : 'closed');
    this.#become('closing');
    this.#socket.close(1000);
  }

  retryNow() {
    if (this.state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  // False if nobody would get it.
  send(data) {
    if (this.state !== 'open') return false;
    this.#socket.send(data);
    return true;
  }

  get unsent() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  #become(state) {
    this.state = state;
    this.onState(this);
  }

  #forget() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #connect() {
    ++this.attempt;
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + this.path);
    let opened = false;
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      opened = true;
      this.#openedAt = Date.now();
      this.#doubts = 0;
      this.#become('open');
    };
    socket.onmessage = event => {
      if (socket === this.#socket) this.onMessage(event.data);
    };
    socket.onclose = event => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (opened) this.#ended(event);
      else this.#refused();
    };
    this.#become('connecting');
  }

  #ended({ code, reason }) {
    const by = this.state === 'closing' ? 'Closed' : 'Closed by the server';
    this.words = `${code === 1006 ? 'Lost' : by}: ${code}, ${closeWords(code)}${reason ? ` (“${reason}”)` : ''}.`;
    if (Date.now() - this.#openedAt > STABLE_AFTER) this.attempt = 0;
    if (this.state === 'closing' || !worthRetrying(code)) this.#become('closed');
    else this.#wait();
  }

  // A browser does not tell a page why a handshake failed, but what answers to a plain request it shows.
  async #refused() {
    if (this.state === 'closing') {
      this.words = 'Given up.';
      return this.#become('closed');
    }
    const { path, attempt } = this;
    const answer = await answerOf(path);
    if (this.state !== 'connecting' || this.#socket !== null || path !== this.path || attempt !== this.attempt) return;
    // An endpoint says 426 to what is no handshake. It may just have come back; or it refuses us, for our query perhaps.
    this.#doubts = answer?.status === 426 ? this.#doubts + 1 : 0;
    const [words, final] = refusalWords(path, answer, this.#doubts);
    this.words = words;
    if (final) this.#become('closed');
    else this.#wait();
  }

  #wait() {
    const delay = backoff(this.attempt + 1);
    this.retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#become('waiting');
  }
}

// The status and the words with which the server answers to a plain request; null if there is no server.
async function answerOf(path) {
  try {
    const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(3000) });
    return { status: response.status, words: (await response.text()).trim().slice(0, 200) };
  } catch {
    return null;
  }
}

// What to say about a handshake that failed, and whether it would fail each time.
function refusalWords(path, answer, doubts) {
  if (answer === null) return ['The server cannot be reached.', false];
  const { status, words } = answer;
  if ([400, 401, 403, 404].includes(status)) return [`Refused: ${status}${words && `, ${words}`}.`, true];
  if (status < 300) return [`Nothing at ${path} speaks WebSocket: it answers as a web page does.`, true];
  if (status !== 426) return [`The server refused the connection (${status}).`, false];
  if (doubts < 2) return ['The server did not open the connection.', false];
  return [`The server is there, but refuses to open ${path}: perhaps because of what is behind the “?”.`, true];
}
