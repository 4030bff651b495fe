// The messages on their way out, below the conversation: sent one at a time, kept while there is no connection, and
// given back to the user when they were refused or their fate is unknown.

import { $, element, linked } from "./dom.js";

const MAX_OUTBOX = 50; // messages that may wait for the connection
const ECHO_MS = 10_000; // a message's own broadcast takes milliseconds; after this it is called lost

/**
 * What the user has said and nobody has heard yet. One message is on its way at a time: API Gateway runs the function
 * for each frame by itself, so two frames sent together could be stored in either order.
 *
 * A message that was sent but whose broadcast never came may or may not have arrived. Sending it again by itself could
 * say it twice, so the user decides.
 */
export class Outbox {
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
