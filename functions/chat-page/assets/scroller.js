// Where the reader is in the conversation: the view stays at its end until the reader scrolls up, and then a button
// tells how much has come below.

import { $, plural } from "./dom.js";

/** Follows the end of the conversation, or counts what is missed of it. */
export class Scroller {
  #below = 0;
  #following = true; // whether the end of the conversation is in view, and is to stay so
  #seen = { scrollTop: 0, scrollHeight: 0 }; // as of the last scrolling

  constructor() {
    $("jump").addEventListener("click", () => this.toEnd());
    $("scroller").addEventListener("scroll", () => this.#scrolled());
    // New messages, a growing composer, a phone's keyboard: whatever moves the end moves the view with it.
    const follower = new ResizeObserver(() => this.#following && this.toEnd());
    for (const id of ["scroller", "messages", "outbox"]) follower.observe($(id));
  }

  toEnd() {
    $("scroller").scrollTop = $("scroller").scrollHeight;
    this.reset();
  }

  /** Somebody else's message came. */
  arrived() {
    if (!this.#following) this.#below++;
    this.#showJump();
  }

  /** Nothing is missed, and the end is followed. */
  reset() {
    this.#following = true;
    this.#below = 0;
    this.#showJump();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = $("scroller");
    // Only upwards, and only in what was there already, is a reader's wish: the rest is the content growing.
    if (scrollTop < this.#seen.scrollTop && scrollHeight === this.#seen.scrollHeight) this.#following = false;
    this.#seen = { scrollTop, scrollHeight };
    if (scrollHeight - scrollTop - clientHeight < 80) this.reset();
  }

  #showJump() {
    $("jump").hidden = this.#below === 0;
    $("jump").textContent = `${plural(this.#below, "new message", "new messages")} ↓`;
  }
}
