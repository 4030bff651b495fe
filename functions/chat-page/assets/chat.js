// The chat page. A name and a room are all it knows of its user; both go into the address of the WebSocket connection.
//
// Frames out: {action: "sendMessage", message}, {action: "listMembers"}. Frames in: `message`, `user_joined`,
// `user_left`, `members`, `error`. Whatever comes from others is put on the page as text nodes, never as markup.

const MAX_NAME = 64; // characters of a name or a room, as the functions count them
const MAX_MESSAGE = 4000; // characters of a message
const MAX_ENTRIES = 500; // lines kept on the page; older ones go
const MAX_SHOWN = 200; // people listed by name
const MAX_OUTBOX = 50; // messages that may wait for the connection
const ECHO_MS = 10_000; // a message's own broadcast takes milliseconds; after this it is called lost
const OPEN_MS = 15_000; // for the handshake, a cold start included
const ANSWER_MS = 15_000; // for the answer to listMembers, which tells a dead connection from a quiet one
const REFRESH_MS = 240_000; // API Gateway ends a connection that is silent for ten minutes
const STABLE_MS = 10_000; // a connection that lived this long was a good one: the next delay starts small again
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const GROUP_MS = 300_000; // messages of one person within this time share one heading

const $ = (id) => document.getElementById(id);
const length = (text) => [...text].length;
const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

// ---------------------------------------------------------------------------------------------------- connection

/** One person's way into one room: connects, reconnects for as long as it is not left, and says how it stands. */
class Connection {
  #url;
  #on;
  #socket = null;
  #attempts = 0;
  #retryAt = 0;
  #left = false;
  #timers = {};

  constructor(url, on) {
    this.#url = url;
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
    if (this.#left || this.#socket) return;
    clearTimeout(this.#timers.retry);
    this.#open();
  }

  leave() {
    this.#left = true;
    const socket = this.#drop();
    socket?.close(1000, "left");
  }

  #open() {
    this.#on.state("connecting", 0);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timers.open = setTimeout(() => this.#lost(), OPEN_MS);
    socket.onopen = () => {
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

// -------------------------------------------------------------------------------------------------------- outbox

/**
 * What the user has said and nobody has heard yet. One message is on its way at a time: API Gateway runs the function
 * for each frame by itself, so two frames sent together could be stored in either order.
 *
 * A message that was sent but whose broadcast never came may or may not have arrived. Sending it again by itself could
 * say it twice, so the user decides.
 */
class Outbox {
  #items = [];
  #transmit;
  #timer = 0;

  constructor(transmit) {
    this.#transmit = transmit;
  }

  get size() {
    return this.#items.length;
  }

  get full() {
    return this.#items.length >= MAX_OUTBOX;
  }

  add(text) {
    const item = { text, state: "waiting" };
    item.bubble = element("p", "bubble", ...linked(text));
    item.note = element("div", "pending-note");
    item.node = element("li", "entry own pending grouped", element("div", "message", item.bubble), item.note);
    this.#items.push(item);
    $("outbox").append(item.node);
    this.#show(item);
    this.pump();
  }

  /** Sends the next message if none is on its way. */
  pump() {
    if (this.#items.some((item) => item.state === "sent")) return;
    const next = this.#items.find((item) => item.state === "waiting");
    if (!next || !this.#transmit(next.text)) return;
    this.#set(next, "sent");
    this.#timer = setTimeout(() => this.#settle("unsure", "No answer."), ECHO_MS);
  }

  /** The broadcast of one's own message came back. */
  confirm(text) {
    const item = this.#items.find((it) => it.state !== "waiting" && it.text === text);
    if (!item) return;
    if (item.state === "sent") clearTimeout(this.#timer);
    this.#remove(item);
  }

  /** The message on its way was refused; false if there is none. */
  fail(reason) {
    return this.#settle("failed", reason);
  }

  /** The connection went away under the message on its way. */
  disconnected() {
    this.#settle("unsure", "The connection was lost.");
  }

  clear() {
    clearTimeout(this.#timer);
    this.#items = [];
    $("outbox").replaceChildren();
  }

  #settle(state, reason) {
    const item = this.#items.find((it) => it.state === "sent");
    if (!item) return false;
    clearTimeout(this.#timer);
    this.#set(item, state, reason);
    this.pump();
    return true;
  }

  #remove(item) {
    this.#items = this.#items.filter((it) => it !== item);
    item.node.remove();
    this.pump();
  }

  #set(item, state, reason = "") {
    item.state = state;
    item.reason = reason;
    this.#show(item);
  }

  #show(item) {
    item.node.dataset.state = item.state;
    if (item.state === "sent" || item.state === "waiting") {
      item.note.textContent = item.state === "sent" ? "Sending…" : "Waiting to be sent";
      return;
    }
    const again = element("button", "link", "Send again");
    again.onclick = () => {
      this.#set(item, "waiting");
      this.pump();
    };
    const discard = element("button", "link", "Discard");
    discard.onclick = () => this.#remove(item);
    const verdict = item.state === "failed" ? "Not sent." : "May not have arrived.";
    item.note.replaceChildren(element("span", "", `${item.reason} ${verdict}`), again, discard);
  }
}

// ----------------------------------------------------------------------------------------------------------- log

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

function dayOf(at) {
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (at.toDateString() === today.toDateString()) return "Today";
  if (at.toDateString() === yesterday.toDateString()) return "Yesterday";
  return calendar.format(at);
}

/** The text with its web addresses as links. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/u).map((part, i) => {
    if (i % 2 === 0 || !URL.canParse(part)) return part;
    const link = element("a", "", part);
    link.href = part;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  });
}

function avatar(userId) {
  let hash = 0;
  for (const char of userId) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  const node = element("span", "avatar", [...userId][0].toUpperCase());
  node.dataset.hue = hash % 8;
  node.setAttribute("aria-hidden", "true");
  return node;
}

/** What was said, in the order of its time stamps, whatever the order in which it arrived. */
class Log {
  #entries = [];
  #ids = new Set();

  /** Adds a message once; false if it is here already. */
  message({ userId, message, timestamp, messageId }, own) {
    if (this.#ids.has(messageId)) return false;
    this.#ids.add(messageId);
    const at = dateOf(timestamp);
    const face = avatar(userId);
    const author = element("span", "author", userId);
    author.dataset.hue = face.dataset.hue;
    const when = element("time", "when", clock.format(at));
    when.dateTime = at.toISOString();
    const bubble = element("p", "bubble", ...linked(message));
    bubble.title = exact.format(at);
    const body = element("div", "message", face, element("div", "meta", author, when), bubble);
    this.#insert({ at, userId, messageId, body, own, order: messageId });
    return true;
  }

  /** A line about the room or, without a time stamp of the server's, about this page. */
  system(text, timestamp) {
    const local = timestamp === undefined;
    this.#insert({ at: dateOf(timestamp), local, body: element("p", "system", text), order: "" });
  }

  clear() {
    this.#entries = [];
    this.#ids.clear();
    $("messages").replaceChildren();
    $("empty").hidden = false;
  }

  #insert(entry) {
    entry.node = element("li", entry.own ? "entry own" : "entry", entry.body);
    let index = this.#entries.length;
    // The page's own lines stay where they came up: this computer's clock and the server's may be minutes apart.
    while (index > 0 && !entry.local && after(this.#entries[index - 1], entry)) index--;
    $("messages").insertBefore(entry.node, this.#entries[index]?.node ?? null);
    this.#entries.splice(index, 0, entry);
    while (this.#entries.length > MAX_ENTRIES) {
      const old = this.#entries.shift();
      old.node.remove();
      this.#ids.delete(old.messageId);
      index = Math.max(0, index - 1);
    }
    for (const i of [0, index, index + 1]) this.#arrange(i);
    if (entry.messageId) $("empty").hidden = true;
  }

  // Gives the entry its day if it is the day's first, and its heading unless it goes on where the one before ended.
  #arrange(index) {
    const entry = this.#entries[index];
    if (!entry) return;
    const before = this.#entries[index - 1];
    const sameDay = before?.at.toDateString() === entry.at.toDateString();
    const sameAuthor = entry.userId !== undefined && before?.userId === entry.userId;
    const goesOn = sameDay && sameAuthor && entry.at - before.at < GROUP_MS;
    entry.node.classList.toggle("grouped", goesOn);
    entry.node.querySelector(".day")?.remove();
    if (!sameDay) entry.node.prepend(element("p", "day", dayOf(entry.at)));
  }
}

function after(a, b) {
  return !a.local && (a.at > b.at || (a.at - b.at === 0 && a.order > b.order));
}

function dateOf(timestamp) {
  const at = new Date(timestamp ?? Date.now());
  return Number.isNaN(at.getTime()) ? new Date() : at;
}

// ------------------------------------------------------------------------------------------------------ presence

/** Who is in the room, and with how many windows. */
class Members {
  #connections = new Map();

  replace(members, self) {
    this.#connections = new Map(members.map(({ userId, connections }) => [userId, connections]));
    // The index that the list is read from may lag behind one's own arrival.
    if (!this.#connections.has(self)) this.#connections.set(self, 1);
    this.#show(self);
  }

  set(userId, connections, self) {
    if (connections > 0) this.#connections.set(userId, connections);
    else this.#connections.delete(userId);
    this.#show(self);
  }

  clear() {
    this.#connections.clear();
    $("members").replaceChildren();
    $("people-count").textContent = "0";
  }

  #show(self) {
    const everybody = [...this.#connections].sort(([a], [b]) => (b === self) - (a === self) || a.localeCompare(b));
    $("people-count").textContent = everybody.length;
    $("people-title").textContent = plural(everybody.length, "person here", "people here");
    $("members").replaceChildren(
      ...everybody.slice(0, MAX_SHOWN).map(([userId, connections]) => {
        const notes = [userId === self ? "you" : "", connections > 1 ? plural(connections, "window", "windows") : ""];
        const name = element("span", "member-name", userId);
        name.title = userId;
        const note = element("span", "member-note", notes.filter(Boolean).join(", "));
        return element("li", "member", avatar(userId), element("div", "member-text", name, note));
      }),
    );
    const more = everybody.length - MAX_SHOWN;
    if (more > 0) $("members").append(element("li", "members-more", `and ${more.toLocaleString()} more`));
  }
}

// ---------------------------------------------------------------------------------------------------- the page

const chatUrl = document.querySelector('meta[name="chat-url"]').content;
const log = new Log();
const members = new Members();
const outbox = new Outbox((message) => connection?.send({ action: "sendMessage", message }) ?? false);
let connection = null;
let self = "";
let room = "";
let unread = 0;
let below = 0;
let following = true; // whether the end of the conversation is in view, and is to stay so
let seen = { scrollTop: 0, scrollHeight: 0 }; // as of the last scrolling
let everOnline = false;
let countdown = 0;

function nameError(text, what) {
  if (text === "") return `Enter ${what}.`;
  if (length(text) > MAX_NAME) return `At most ${MAX_NAME} characters.`;
  if (/[\p{Cc}\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/u.test(text)) return "No invisible characters.";
  return "";
}

function linkedRoom() {
  try {
    return new URLSearchParams(location.hash.slice(1)).get("room")?.trim() ?? "";
  } catch {
    return "";
  }
}

function showSignIn() {
  $("chat").hidden = true;
  $("sign-in").hidden = false;
  $("name").value = sessionStorage.getItem("name") ?? "";
  $("room").value = linkedRoom() || sessionStorage.getItem("room") || "lobby";
  $("name").focus();
  document.title = "Ferrogate chat";
}

function join(name, roomId) {
  self = name;
  room = roomId;
  sessionStorage.setItem("name", self);
  sessionStorage.setItem("room", room);
  sessionStorage.setItem("joined", "yes");
  history.replaceState(null, "", `#${new URLSearchParams({ room })}`);
  $("sign-in").hidden = true;
  $("chat").hidden = false;
  $("room-name").textContent = room;
  $("room-name").title = room;
  everOnline = false;
  showTitle();
  members.set(self, 1, self);
  connection = new Connection(`${chatUrl}?${new URLSearchParams({ userId: self, roomId: room })}`, {
    state: showState,
    frame: receive,
  });
  if (matchMedia("(pointer: fine)").matches) $("text").focus();
}

function leave() {
  connection?.leave();
  connection = null;
  clearInterval(countdown);
  log.clear();
  members.clear();
  outbox.clear();
  showPeople(false);
  $("notice").hidden = true;
  unread = below = 0;
  following = true;
  showJump();
  sessionStorage.removeItem("joined");
  showSignIn();
}

function receive(frame) {
  const { type, userId } = frame;
  if (type === "message" && typeof userId === "string" && userId && typeof frame.message === "string") {
    const own = userId === self;
    if (own) outbox.confirm(frame.message);
    if (log.message(frame, own) && !own) arrived();
  } else if ((type === "user_joined" || type === "user_left") && typeof userId === "string" && userId) {
    members.set(userId, Number(frame.connections) || 0, self);
    announce(type, userId, frame);
  } else if (type === "members" && Array.isArray(frame.members)) {
    members.replace(frame.members.filter((m) => typeof m?.userId === "string" && m.userId), self);
    $("people").classList.remove("stale");
  } else if (type === "error" || (type === undefined && frame.connectionId !== undefined)) {
    // The second is API Gateway's own error, which has no type.
    const reason = String(frame.message ?? "The server refused it.").replace(/([^.!?])$/, "$1.");
    if (!outbox.fail(reason)) notify(reason);
  }
}

// Further windows of somebody who is here already are not news.
function announce(type, userId, { connections, timestamp }) {
  if (userId === self) return;
  if (type === "user_joined" && connections === 1) log.system(`${userId} joined`, timestamp);
  else if (type === "user_left" && connections === 0) log.system(`${userId} left`, timestamp);
}

function arrived() {
  if (!following) below++;
  if (document.hidden) unread++;
  showJump();
  showTitle();
}

function showState(state, retryAt) {
  const texts = { connecting: everOnline ? "Reconnecting…" : "Connecting…", online: "Online", offline: "Offline" };
  $("status").dataset.state = state;
  $("status-text").textContent = texts[state];
  $("retry").hidden = state !== "offline";
  clearInterval(countdown);
  if (state === "offline") {
    countdown = setInterval(() => showWait(retryAt), 250);
    $("people").classList.add("stale");
    outbox.disconnected();
  }
  showWait(retryAt);
  if (state === "online") {
    log.system(everOnline ? "You are back. What was said meanwhile is not shown." : `You joined ${room}`);
    everOnline = true;
    outbox.pump();
  }
}

function showWait(retryAt) {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  $("status-wait").textContent = seconds > 0 ? `– retrying in ${seconds} s` : "";
}

function showTitle() {
  document.title = `${unread > 0 ? `(${unread}) ` : ""}#${room} · Ferrogate chat`;
}

function showJump() {
  $("jump").hidden = below === 0;
  $("jump").textContent = `${plural(below, "new message", "new messages")} ↓`;
}

function showPeople(open) {
  $("people").classList.toggle("open", open);
  $("people-toggle").setAttribute("aria-expanded", open);
  $("backdrop").hidden = !open;
  if (open) $("people").focus();
}

function showCount() {
  const used = length($("text").value.trim());
  $("send").disabled = used === 0 || used > MAX_MESSAGE;
  const near = used > MAX_MESSAGE * 0.9;
  $("count").textContent = near ? `${used.toLocaleString()} of ${MAX_MESSAGE.toLocaleString()}` : "";
  $("count").classList.toggle("over", used > MAX_MESSAGE);
}

function notify(text) {
  $("notice-text").textContent = text;
  $("notice").hidden = false;
}

function atEnd() {
  const { scrollHeight, scrollTop, clientHeight } = $("scroller");
  return scrollHeight - scrollTop - clientHeight < 80;
}

function toEnd() {
  $("scroller").scrollTop = $("scroller").scrollHeight;
  following = true;
  below = 0;
  showJump();
}

function fitText() {
  if (CSS.supports("field-sizing", "content")) return;
  $("text").style.height = "auto";
  $("text").style.height = `${$("text").scrollHeight}px`;
}

// -------------------------------------------------------------------------------------------------------- events

$("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const [name, roomId] = [$("name").value.trim(), $("room").value.trim().replace(/^#\s*/, "")];
  const errors = { name: nameError(name, "a name"), room: nameError(roomId, "a room") };
  if (!/^wss?:/.test(chatUrl)) {
    $("sign-in-error").textContent = "This page was served without the chat's address.";
    return;
  }
  for (const [field, error] of Object.entries(errors)) {
    $(`${field}-error`).textContent = error;
    $(field).setAttribute("aria-invalid", error !== "");
  }
  if (errors.name) $("name").focus();
  else if (errors.room) $("room").focus();
  else join(name, roomId);
});

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text === "" || length(text) > MAX_MESSAGE) return;
  if (outbox.full) return notify("Too many messages are waiting. Send on when the connection is back.");
  $("notice").hidden = true;
  $("text").value = "";
  fitText();
  showCount();
  outbox.add(text);
  toEnd();
});

$("text").addEventListener("keydown", (event) => {
  // While an input method composes a character, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});
$("text").addEventListener("input", () => {
  fitText();
  showCount();
});

$("leave").addEventListener("click", () => {
  const waiting = plural(outbox.size, "message has", "messages have");
  if (outbox.size === 0 || confirm(`${waiting} not been sent. Leave anyway?`)) leave();
});
$("retry").addEventListener("click", () => connection?.retryNow());
$("notice-close").addEventListener("click", () => ($("notice").hidden = true));
$("jump").addEventListener("click", toEnd);
$("scroller").addEventListener("scroll", () => {
  const { scrollTop, scrollHeight } = $("scroller");
  // Only upwards, and only in what was there already, is a reader's wish: the rest is the content growing.
  if (scrollTop < seen.scrollTop && scrollHeight === seen.scrollHeight) following = false;
  seen = { scrollTop, scrollHeight };
  if (!atEnd()) return;
  following = true;
  below = 0;
  showJump();
});
// New messages, a growing composer, a phone's keyboard: whatever moves the end moves the view with it.
const follower = new ResizeObserver(() => following && toEnd());
for (const id of ["scroller", "messages", "outbox"]) follower.observe($(id));
$("share").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    $("share-text").textContent = "Link copied";
    $("share").dataset.done = "yes";
  } catch {
    prompt("The link to this room:", location.href); // not every page may use the clipboard
  }
  setTimeout(() => {
    $("share-text").textContent = "Copy a link to this room";
    delete $("share").dataset.done;
  }, 2000);
});

$("people-toggle").addEventListener("click", () => showPeople(!$("people").classList.contains("open")));
$("backdrop").addEventListener("click", () => showPeople(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && $("people").classList.contains("open")) {
    showPeople(false);
    $("people-toggle").focus();
  }
});

addEventListener("online", () => connection?.retryNow());
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !connection) return;
  unread = 0;
  showTitle();
  // A computer that slept may hold a connection that is long gone: ask, or try at once.
  connection.retryNow();
  connection.refresh();
});
addEventListener("hashchange", () => {
  const wanted = linkedRoom();
  if (wanted === "" || wanted === room || nameError(wanted, "a room")) return;
  if (!connection) return void ($("room").value = wanted);
  const name = self;
  leave();
  join(name, wanted);
});
addEventListener("beforeunload", (event) => {
  if (outbox.size > 0) event.preventDefault();
});
// The room hears at once that the window is closed, instead of after the server's own patience. A page that the browser
// keeps and shows again starts over.
addEventListener("pagehide", () => connection?.leave());
addEventListener("pageshow", (event) => {
  if (event.persisted && connection) location.reload();
});

const stored = { name: sessionStorage.getItem("name") ?? "", room: sessionStorage.getItem("room") ?? "" };
const wanted = linkedRoom() || stored.room;
showCount();
const known = [stored.name, wanted].every((text) => nameError(text, "") === "");
if (sessionStorage.getItem("joined") && known) join(stored.name, wanted);
else showSignIn();
