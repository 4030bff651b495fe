// The conversation: each message once, in the order of its time, under its day and its author, between lines about the
// room.

import { $, avatar, element, linked } from "./dom.js";

const MAX_ENTRIES = 500; // lines kept on the page; older ones go
const GROUP_MS = 300_000; // messages of one person within this time share one heading

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

/** What was said, in the order of its time stamps, whatever the order in which it arrived. */
export class Log {
  #entries = [];
  #ids = new Set();

  /** Adds a message once; false if it is here already. */
  message({ userId, username = userId, message, timestamp, messageId }, own) {
    if (this.#ids.has(messageId)) return false;
    this.#ids.add(messageId);
    const at = dateOf(timestamp);
    const face = avatar(userId, username);
    const author = element("span", "author", username);
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
