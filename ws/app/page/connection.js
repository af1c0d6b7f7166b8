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

  // A browser does not tell a page why a handshake failed, but answers to a plain request it shows. 426 is what an
  // endpoint says to a request that is no handshake, and it may well be there the next time.
  async #refused() {
    if (this.state === 'closing') {
      this.words = 'Given up.';
      return this.#become('closed');
    }
    const path = this.path, attempt = this.attempt;
    let answer = null, said = '';
    try {
      answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(3000) });
      said = (await answer.text()).trim().slice(0, 200);
    } catch {
      // Nobody there: that is what the next lines say.
    }
    if (this.state !== 'connecting' || this.#socket !== null || path !== this.path || attempt !== this.attempt) return;
    if (answer !== null && [400, 401, 403, 404].includes(answer.status)) {
      this.words = `Refused: ${answer.status}${said ? `, ${said}` : ''}`;
      return this.#become('closed');
    }
    if (answer?.ok) {
      this.words = `Nothing at ${path} speaks WebSocket: it answers as a web page does.`;
      return this.#become('closed');
    }
    this.words = answer === null ? 'The server cannot be reached.' : `The server refused the connection (${answer.status}).`;
    if (answer?.status === 426) this.words = 'The server did not open the connection.';
    this.#wait();
  }

  #wait() {
    const delay = backoff(this.attempt + 1);
    this.retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#become('waiting');
  }
}
