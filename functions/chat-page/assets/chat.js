// The chat page's entry: makes the parts, joins and leaves rooms, and passes on to each part what concerns it. A name
// and a room are all it knows of its user; both go into the address of the WebSocket connection.
//
// Frames out: {action: "sendMessage", message}, {action: "listMembers"}. Frames in: `message`, `user_joined`,
// `user_left`, `members`, `error`.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { $, plural } from "./dom.js";
import { Header } from "./header.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Members } from "./people.js";
import { Scroller } from "./scroller.js";
import { linkedRoom, nameError, onSignIn, showSignIn } from "./sign-in.js";

const chatUrl = document.querySelector('meta[name="chat-url"]').content;
const header = new Header();
const log = new Log();
const members = new Members();
const scroller = new Scroller();
const outbox = new Outbox((message) => connection?.send({ action: "sendMessage", message }) ?? false);
const composer = new Composer(outbox, () => scroller.toEnd());
let connection = null;
let self = "";
let room = "";
let unread = 0;
let everOnline = false;

// --------------------------------------------------------------------------------------------- into a room, and out

function join(name, roomId) {
  self = name;
  room = roomId;
  sessionStorage.setItem("name", self);
  sessionStorage.setItem("room", room);
  sessionStorage.setItem("joined", "yes");
  history.replaceState(null, "", `#${new URLSearchParams({ room })}`);
  $("sign-in").hidden = true;
  $("chat").hidden = false;
  header.room(room);
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
  header.stop();
  log.clear();
  members.clear();
  outbox.clear();
  composer.dismiss();
  scroller.reset();
  unread = 0;
  sessionStorage.removeItem("joined");
  showSignIn();
}

// ---------------------------------------------------------------------------------------- what the connection tells

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
  } else if (type === "error" || (type === undefined && frame.connectionId !== undefined)) {
    // The second is API Gateway's own error, which has no type.
    const reason = String(frame.message ?? "The server refused it.").replace(/([^.!?])$/, "$1.");
    if (!outbox.fail(reason)) composer.notify(reason);
  }
}

// Further windows of somebody who is here already are not news.
function announce(type, userId, { connections, timestamp }) {
  if (userId === self) return;
  if (type === "user_joined" && connections === 1) log.system(`${userId} joined`, timestamp);
  else if (type === "user_left" && connections === 0) log.system(`${userId} left`, timestamp);
}

function arrived() {
  scroller.arrived();
  if (document.hidden) unread++;
  showTitle();
}

function showState(state, retryAt) {
  header.state(state, retryAt, everOnline);
  if (state === "offline") {
    members.outdated();
    outbox.disconnected();
  }
  if (state === "online") {
    log.system(everOnline ? "You are back. What was said meanwhile is not shown." : `You joined ${room}`);
    everOnline = true;
    outbox.pump();
  }
}

function showTitle() {
  document.title = `${unread > 0 ? `(${unread}) ` : ""}#${room} · Ferrogate chat`;
}

// -------------------------------------------------------------------------------------- what the user and window do

onSignIn(chatUrl, join);
$("leave").addEventListener("click", () => {
  const waiting = plural(outbox.size, "message has", "messages have");
  if (outbox.size === 0 || confirm(`${waiting} not been sent. Leave anyway?`)) leave();
});
$("retry").addEventListener("click", () => connection?.retryNow());

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
const known = [stored.name, wanted].every((text) => nameError(text, "") === "");
if (sessionStorage.getItem("joined") && known) join(stored.name, wanted);
else showSignIn();
