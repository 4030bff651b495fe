// The WebSocket connection to the chat: opens it, keeps it alive, notices when it is dead and opens the next. It says
// how it stands and hands over the frames that come.

const OPEN_MS = 15_000; // for the handshake, a cold start included
const ANSWER_MS = 15_000; // for the answer to listMembers, which tells a dead connection from a quiet one
const REFRESH_MS = 240_000; // API Gateway ends a connection that is silent for ten minutes
const STABLE_MS = 10_000; // a connection that lived this long was a good one: the next delay starts small again
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/** One person's way into one room: connects, reconnects for as long as it is not left, and says how it stands. */
export class Connection {
  #url;
  #token;
  #on;
  #opened = true;
  #socket = null;
  #attempts = 0;
  #retryAt = 0;
  #left = false;
  #timers = {};

  /** `token(renew)` promises a token; `renew` asks for another one, as the last was perhaps refused. */
  constructor(url, token, on) {
    this.#url = url;
    this.#token = token;
    this.#on = on;
    this.#open();
  }

  get online() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Sends a frame; false if there is no connection to send it on. */
  send(frame) {
    if (!this.online) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Asks who is here. The answer also proves that the connection is alive, and the question keeps it so. */
  refresh() {
    if (!this.send({ action: "listMembers" })) return;
    this.#timers.answer ??= setTimeout(() => this.#lost(), ANSWER_MS);
  }

  /** Connects at once if it is waiting to. */
  retryNow() {
    if (this.#left || this.#socket || !this.#timers.retry) return;
    clearTimeout(this.#timers.retry);
    delete this.#timers.retry;
    this.#open();
  }

  leave() {
    this.#left = true;
    const socket = this.#drop();
    socket?.close(1000, "left");
  }

  async #open() {
    delete this.#timers.retry;
    this.#on.state("connecting", 0);
    let token;
    try {
      // A browser does not tell a refused handshake from one that failed: the next attempt has a new token in either case.
      token = await this.#token(!this.#opened);
    } catch (error) {
      if (this.#left) return;
      if (error.code !== "Network") return this.#on.signedOut();
      return this.#lost();
    }
    if (this.#left) return;
    this.#opened = false;
    // The token goes as a subprotocol, as a page can set no header here; the server chooses the other one.
    const socket = new WebSocket(this.#url, ["ferrogate.chat", `bearer.${token}`]);
    this.#socket = socket;
    this.#timers.open = setTimeout(() => this.#lost(), OPEN_MS);
    socket.onopen = () => {
      this.#opened = true;
      clearTimeout(this.#timers.open);
      this.#timers.stable = setTimeout(() => (this.#attempts = 0), STABLE_MS);
      this.#timers.refresh = setInterval(() => this.refresh(), REFRESH_MS);
      this.#on.state("online", 0);
      this.refresh();
    };
    socket.onmessage = (event) => {
      const frame = parse(event.data);
      if (frame?.type === "members") {
        clearTimeout(this.#timers.answer);
        delete this.#timers.answer;
      }
      if (frame) this.#on.frame(frame);
    };
    socket.onclose = () => this.#lost();
  }

  // Forgets the socket and its timers. Its late events must not speak for the connection that follows it.
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    return socket;
  }

  #lost() {
    this.#drop()?.close();
    // Twice as long each time, and never all clients of a broken server at the same moment.
    const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempts++);
    const delay = ceiling * (0.5 + Math.random() / 2);
    this.#retryAt = Date.now() + delay;
    this.#timers.retry = setTimeout(() => this.#open(), delay);
    this.#on.state("offline", this.#retryAt);
  }
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    return frame && typeof frame === "object" ? frame : null;
  } catch {
    return null; // nothing that this page knows how to show
  }
}
