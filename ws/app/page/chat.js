// The chat as one page sees it: who is online, which rooms it is in, and its conversations. It speaks the JSON of /chat
// and knows nothing of the document; the page is told by `onChange` (something to draw anew), `onEntry(conversation,
// entry)` and `onUpdate(conversation, entry)`.
'use strict';

// With everybody, the people of a room, or one other person.
class Conversation {
  entries = [];
  unread = 0;
  draft = '';
  members = new Set();  // of a room

  constructor(kind, name) {
    this.kind = kind;  // everyone, room, person
    this.name = name;
    this.key = `${kind} ${name}`;
  }
}

class Chat {
  me = '';
  online = new Set();
  everyone = new Conversation('everyone', '');
  rooms = new Map();
  people = new Map();  // those with whom there is a conversation
  active = this.everyone;
  #lastId = 0;
  #unanswered = new Map();  // id: what became of it is not known yet
  #asked = [];              // rooms whose members were asked for; the answers come in that order
  #send;

  constructor({ send, onChange, onEntry, onUpdate }) {
    this.#send = send;
    this.onChange = onChange;
    this.onEntry = onEntry;
    this.onUpdate = onUpdate;
  }

  get conversations() {
    return [this.everyone, ...this.rooms.values(), ...this.people.values()];
  }

  get unread() {
    return this.conversations.reduce((sum, conversation) => sum + conversation.unread, 0);
  }

  // ---- What the user does

  activate(conversation) {
    this.active = conversation;
    conversation.unread = 0;
    this.onChange();
  }

  personNamed(name) {
    if (!this.people.has(name)) this.people.set(name, new Conversation('person', name));
    return this.people.get(name);
  }

  say(text) {
    const conversation = this.active;
    const id = ++this.#lastId;
    const message = { type: 'message', message: text, id };
    if (conversation.kind === 'person') Object.assign(message, { type: 'private_message', receiver: conversation.name });
    if (conversation.kind === 'room') Object.assign(message, { type: 'room_message', room: conversation.name });
    if (!this.#send(message)) return false;
    const entry = { ...sayEntry(this.me, true, text), delivery: 'sending' };
    this.#unanswered.set(id, { conversation, entry });
    // What goes to oneself comes back as to all of one's pages.
    if (conversation.kind !== 'person' || conversation.name !== this.me) this.#add(conversation, entry);
    return true;
  }

  join(name) {
    if (!this.rooms.has(name)) this.rooms.set(name, new Conversation('room', name));
    const room = this.rooms.get(name);
    this.#enter(room);
    return room;
  }

  leave(room) {
    this.#send({ type: 'leave', room: room.name });
    this.#forget(room);
  }

  #forget(room) {
    this.rooms.delete(room.name);
    if (this.active === room) this.activate(this.everyone);
    this.onChange();
  }

  #enter(room) {
    const id = ++this.#lastId;
    this.#unanswered.set(id, { conversation: room, entry: null });
    if (!this.#send({ type: 'join', room: room.name, id })) return;
    const question = ++this.#lastId;
    this.#unanswered.set(question, { conversation: room, entry: null, question: true });
    this.#asked.push(room);
    this.#send({ type: 'who', room: room.name, id: question });
  }

  // Who comes back to many rooms asks for more at once than the server takes.
  #enterLater(room) {
    this.#asked = this.#asked.filter(asked => asked !== room);
    setTimeout(() => this.rooms.get(room.name) === room && this.#enter(room), 1000 + 2000 * Math.random());
  }

  // ---- What happens to it

  // Another user, so another chat.
  reset(me) {
    this.me = me;
    this.everyone = new Conversation('everyone', '');
    this.rooms.clear();
    this.people.clear();
    this.activate(this.everyone);
  }

  // The connection is gone: nobody is known to be there, and nothing more will be heard of what was under way.
  lost() {
    const missing = this.online.size > 0 ? [this.everyone, ...this.rooms.values()] : [];
    for (const conversation of missing) this.#note(conversation, 'Disconnected: what is said here now, you miss.', 'warn');
    this.online.clear();
    for (const room of this.rooms.values()) room.members.clear();
    for (const { conversation, entry } of this.#unanswered.values()) {
      if (entry) this.#fail(conversation, entry, 'the connection was lost before the server confirmed it');
    }
    this.#unanswered.clear();
    this.#asked = [];
    this.onChange();
  }

  receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message === null || typeof message !== 'object') return;
    const known = Object.hasOwn(Chat.#handlers, message.type) ? Chat.#handlers[message.type] : null;
    known?.call(this, message);
  }

  static #handlers = {
    welcome(message) {
      this.me = String(message.user);
      this.online = new Set(names(message.online));
      this.online.add(this.me);
      for (const room of this.rooms.values()) this.#enter(room);
      this.onChange();
    },
    who(message) {
      if (typeof message.room !== 'string' && this.#asked.length === 0) {
        this.online = new Set(names(message.online));
      } else {
        const room = this.rooms.get(message.room) ?? this.#asked[0];
        this.#asked = this.#asked.filter(asked => asked !== room);
        if (room) room.members = new Set(names(message.online));
      }
      this.onChange();
    },
    presence(message) {
      if (typeof message.user !== 'string') return;
      if (typeof message.room === 'string') this.#roomPresence(message);
      else this.#presence(message);
      this.onChange();
    },
    message(message) {
      this.#heard(this.everyone, message);
    },
    room_message(message) {
      const room = this.rooms.get(message.room);
      if (room) this.#heard(room, message);
    },
    private_message(message) {
      const other = message.sender === this.me ? message.receiver : message.sender;
      if (typeof other === 'string') this.#heard(this.personNamed(other), message);
    },
    ack(message) {
      const { conversation, entry } = this.#answered(message.id);
      if (!entry) return;
      entry.delivery = 'acked';
      this.onUpdate(conversation, entry);
    },
    error(message) {
      const { conversation, entry, question } = this.#answered(message.id);
      const words = `${message.message} (${message.code})`;
      if (entry) return this.#fail(conversation, entry, words);
      if (conversation && message.code === 'too_fast') return this.#enterLater(conversation);
      if (question) this.#asked = this.#asked.filter(room => room !== conversation);
      else if (conversation) this.#forget(conversation);
      this.#note(this.active, words, 'bad');
    },
    missed(message) {
      const count = Number(message.count) || 0;
      this.#note(this.everyone, `${plural(count, 'message')} left out: this page did not keep up.`, 'warn');
    },
  };

  #presence({ user, status }) {
    const came = status === 'online';
    if (came === this.online.has(user)) return;
    if (came) this.online.add(user);
    else this.online.delete(user);
    const words = `${user} ${came ? 'came online' : 'went offline'}`;
    this.#note(this.everyone, words, '');
    if (this.people.has(user)) this.#note(this.people.get(user), words, '');
  }

  #roomPresence({ user, room: name, status }) {
    const room = this.rooms.get(name);
    if (!room) return;
    const joined = status === 'joined';
    if (joined === room.members.has(user)) return;
    if (joined) room.members.add(user);
    else room.members.delete(user);
    this.#note(room, `${user} ${joined ? 'joined' : 'left'}`, '');
  }

  #heard(conversation, { sender, message }) {
    if (typeof sender !== 'string' || sender === '' || typeof message !== 'string') return;
    this.#add(conversation, sayEntry(sender, sender === this.me, message));
  }

  #answered(id) {
    const found = this.#unanswered.get(id) ?? {};
    this.#unanswered.delete(id);
    return found;
  }

  #fail(conversation, entry, why) {
    entry.delivery = 'failed';
    entry.failure = why;
    this.onUpdate(conversation, entry);
  }

  #note(conversation, words, tone) {
    this.#add(conversation, noteEntry(words, tone));
  }

  #add(conversation, entry) {
    const counts = entry.direction !== 'note' && !entry.mine;
    if (conversation !== this.active) keep(conversation.entries, entry);
    if (counts && (conversation !== this.active || document.hidden)) ++conversation.unread;
    this.onEntry(conversation, entry);
  }
}

function names(list) {
  return Array.isArray(list) ? list.filter(name => typeof name === 'string' && name !== '') : [];
}
