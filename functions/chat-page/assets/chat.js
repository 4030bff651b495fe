// The chat page's entry: makes the parts, joins and leaves rooms, and passes on to each part what concerns it. Who
// its user is, the server learns from the token that the connection is opened with; the room goes into its address.
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
import { Session } from "./session.js";
import { linkedRoom, onSignIn, roomError, showSignIn } from "./sign-in.js";

const chatUrl = document.querySelector('meta[name="chat-url"]').content;
const header = new Header();
const log = new Log();
const members = new Members();
const scroller = new Scroller();
const outbox = new Outbox((message) => connection?.send({ action: "sendMessage", message }) ?? false);
const composer = new Composer(outbox, () => scroller.toEnd());
let connection = null;
let session = Session.restore();
let room = "";
let unread = 0;
let everOnline = false;

// --------------------------------------------------------------------------------------------- into a room, and out

function join(roomId) {
  room = roomId;
  sessionStorage.setItem("room", room);
  sessionStorage.setItem("joined", "yes");
  history.replaceState(null, "", `#${new URLSearchParams({ room })}`);
  $("sign-in").hidden = true;
  $("chat").hidden = false;
  header.room(room);
  everOnline = false;
  showTitle();
  members.set(session.userId, session.username, 1, session.userId);
  const current = session;
  connection = new Connection(`${chatUrl}?${new URLSearchParams({ roomId: room })}`, (renew) => current.token(renew), {
    state: showState,
    frame: receive,
    signedOut: () => signOut("You were signed out. Sign in again to go on."),
  });
  if (matchMedia("(pointer: fine)").matches) $("text").focus();
}

function leave(note) {
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
  showSignIn(session, note);
}

function signOut(note = "") {
  session?.end();
  session = null;
  leave(note);
}

// ---------------------------------------------------------------------------------------- what the connection tells

function receive(frame) {
  const { type, userId } = frame;
  const username = typeof frame.username === "string" && frame.username ? frame.username : userId;
  if (type === "message" && typeof userId === "string" && userId && typeof frame.message === "string") {
    const own = userId === session.userId;
    if (own) outbox.confirm(frame.message);
    if (log.message({ ...frame, username }, own) && !own) arrived();
  } else if ((type === "user_joined" || type === "user_left") && typeof userId === "string" && userId) {
    members.set(userId, username, Number(frame.connections) || 0, session.userId);
    announce({ ...frame, username });
  } else if (type === "members" && Array.isArray(frame.members)) {
    members.replace(frame.members.filter((m) => typeof m?.userId === "string" && m.userId), session.userId);
  } else if (type === "error" || (type === undefined && frame.connectionId !== undefined)) {
    // The second is API Gateway's own error, which has no type.
    const reason = String(frame.message ?? "The server refused it.").replace(/([^.!?])$/, "$1.");
    if (!outbox.fail(reason)) composer.notify(reason);
  }
}

// Further windows of somebody who is here already are not news.
function announce({ type, userId, username, connections, timestamp }) {
  if (userId === session.userId) return;
  if (type === "user_joined" && connections === 1) log.system(`${username} joined`, timestamp);
  else if (type === "user_left" && connections === 0) log.system(`${username} left`, timestamp);
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

onSignIn({
  signedIn(newSession) {
    session = newSession;
    showSignIn(session);
  },
  join,
  signOut: () => signOut(),
});
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
  if (wanted === "" || wanted === room || roomError(wanted)) return;
  if (!connection) return void ($("room").value = wanted);
  leave();
  join(wanted);
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

const wanted = linkedRoom() || (sessionStorage.getItem("room") ?? "");
if (session && sessionStorage.getItem("joined") && roomError(wanted) === "") join(wanted);
else showSignIn(session);
