// The list of conversations: everyone, the rooms, the people. It is drawn anew at most once in a frame of the screen, and
// an entry that stays keeps its element, so that who is on it with the keyboard stays there.
'use strict';

class Sidebar {
  #buttons = new Map();  // by key of the conversation
  #frame = 0;

  constructor(root, chat, onChoice, onDraw) {
    this.root = root;
    this.chat = chat;
    this.onChoice = onChoice;
    this.onDraw = onDraw;
  }

  change() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.draw();
      this.onDraw();
    });
  }

  draw() {
    const { chat } = this;
    const focused = document.activeElement;
    this.#fill('everyone', [{ kind: 'everyone', name: '', about: 'Everyone' }]);
    this.#fill('rooms', [...chat.rooms.keys()].sort(compareNames).map(name => ({ kind: 'room', name, about: name })));
    this.#fill('people', this.#people());
    $('online-count').textContent = chat.online.size ? `${chat.online.size.toLocaleString('en')} online` : '';
    if (focused !== document.activeElement && focused.isConnected) focused.focus();
  }

  // Oneself first, then who is here, then those with whom one spoke and who are gone.
  #people() {
    const { me, online, people } = this.chat;
    const gone = [...people.keys()].filter(name => !online.has(name) && name !== me).sort(compareNames);
    const here = [...online].filter(name => name !== me).sort(compareNames);
    return [...(online.has(me) ? [me] : []), ...here, ...gone].map(name => ({ kind: 'person', name, about: name }));
  }

  #fill(id, wanted) {
    const list = $(id);
    const keys = new Set(wanted.map(({ kind, name }) => `${kind} ${name}`));
    for (const item of [...list.children]) {
      if (keys.has(item.dataset.key)) continue;
      this.#buttons.delete(item.dataset.key);
      item.remove();
    }
    let place = list.firstElementChild;
    for (const one of wanted) {
      const item = this.#item(one);
      if (item === place) place = place.nextElementSibling;
      else list.insertBefore(item, place);
      this.#refresh(item, one);
    }
  }

  #item({ kind, name, about }) {
    const key = `${kind} ${name}`;
    if (this.#buttons.has(key)) return this.#buttons.get(key);
    const mark = { everyone: '∗', room: '#', person: undefined }[kind];
    const button = make('button', '', makeAvatar(name || about, mark), make('bdi', 'who', about), make('span', 'state'), make('span', 'badge'));
    button.type = 'button';
    button.addEventListener('click', () => this.onChoice(kind, name));
    const item = make('li', kind, button);
    item.dataset.key = key;
    this.#buttons.set(key, item);
    return item;
  }

  #refresh(item, { kind, name }) {
    const { chat } = this;
    const conversation = { everyone: chat.everyone, room: chat.rooms.get(name), person: chat.people.get(name) }[kind];
    const button = item.firstElementChild;
    const offline = kind === 'person' && !chat.online.has(name);
    if (chat.active === conversation) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    item.classList.toggle('offline', offline);
    const state = kind !== 'person' ? '' : name === chat.me ? '(you)' : offline ? '(offline)' : '';
    setText(button.querySelector('.state'), state);
    showBadge(button.querySelector('.badge'), conversation?.unread ?? 0);
  }
}

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

function compareNames(one, other) {
  return collator.compare(one, other) || (one < other ? -1 : 1);
}
