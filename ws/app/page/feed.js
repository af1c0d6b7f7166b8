// A list that may grow by thousands of entries in a second. What comes between two frames of the screen is drawn at once;
// the oldest rows go, and what would be gone before it was seen is never drawn at all.
'use strict';

const KEPT = 500;
const SLOW = 8;   // milliseconds
const BUSY = 30;  // so many new rows in one drawing are too many to be read aloud

// Adds to `entries`, of which the oldest go. Not at each call, as that moves all the others.
function keep(entries, entry) {
  entries.push(entry);
  if (entries.length > 2 * KEPT) entries.splice(0, entries.length - KEPT);
}

class Feed {
  entries = [];
  #rows = new WeakMap();
  #waiting = [];
  #scheduled = false;
  #cost = 0;  // milliseconds that the last drawing took
  #following = true;  // the end is in view, and shall stay there
  #unseen = 0;

  // `drawRow(entry, previous)` makes the element of an entry; `previous` is the entry above it.
  constructor(root, drawRow) {
    this.root = root;
    this.list = root.querySelector('ol');
    this.newer = root.querySelector('.newer');
    this.drawRow = drawRow;
    this.list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.newer.addEventListener('click', () => {
      this.follow();
      this.list.focus({ preventScroll: true });
    });
    // The field below grows, a keyboard slides in: who was at the end stays there.
    new ResizeObserver(() => this.#following && this.#toEnd()).observe(this.list);
    this.#sayIfEmpty();
  }

  add(entry) {
    keep(this.entries, entry);
    keep(this.#waiting, entry);
    this.#schedule();
  }

  // The entry has changed: its row is made anew, if it has one.
  update(entry) {
    const row = this.#rows.get(entry);
    if (!row?.isConnected) return;
    const fresh = this.drawRow(entry, this.entries[this.entries.indexOf(entry) - 1]);
    this.#rows.set(entry, fresh);
    row.replaceWith(fresh);
    if (this.#following) this.#toEnd();
  }

  // Shows other entries from now on; the array stays its owner's, and grows by add().
  show(entries) {
    this.entries = entries;
    this.#waiting = entries.slice(-KEPT);
    this.list.replaceChildren();
    this.follow();
    this.#draw();
  }

  clear() {
    this.entries.length = 0;
    this.show(this.entries);
  }

  follow() {
    this.#following = true;
    this.#unseen = 0;
    this.newer.hidden = true;
    this.#toEnd();
  }

  // With the next frame of the screen; later where drawing is so slow that it would leave no time for anything else.
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const draw = () => requestAnimationFrame(() => this.#scheduled && this.#draw());
    if (this.#cost < SLOW) draw();
    else setTimeout(draw, 2 * this.#cost);
  }

  #draw() {
    const started = performance.now();
    this.#scheduled = false;
    this.#drawWaiting();
    this.#cost = performance.now() - started;
  }

  #drawWaiting() {
    const entries = this.#waiting.slice(-KEPT);
    this.#waiting = [];
    this.list.setAttribute('aria-live', entries.length > BUSY ? 'off' : 'polite');
    const rows = document.createDocumentFragment();
    let previous = this.entries[this.entries.length - entries.length - 1];
    for (const entry of entries) {
      const row = this.drawRow(entry, previous);
      this.#rows.set(entry, row);
      rows.append(row);
      previous = entry;
    }
    this.list.append(rows);
    while (this.list.childElementCount > KEPT) this.list.firstElementChild.remove();
    this.#sayIfEmpty();
    if (this.#following) return this.#toEnd();
    this.#unseen += entries.length;
    this.newer.textContent = `${this.#unseen.toLocaleString('en')} new ↓`;
    this.newer.hidden = this.#unseen === 0;
  }

  #sayIfEmpty() {
    this.root.classList.toggle('is-empty', this.list.childElementCount === 0);
  }

  #toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  #scrolled() {
    const rest = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight;
    if (rest < 40) {
      this.#following = true;
      this.#unseen = 0;
      this.newer.hidden = true;
    } else {
      this.#following = false;
    }
  }
}
