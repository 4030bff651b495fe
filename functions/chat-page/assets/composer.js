// The field that a message is written in, its limits, and the notice above it.

import { $, length } from "./dom.js";

const MAX_MESSAGE = 4000; // characters of a message

/** Hands what is written to the outbox; `added` is called after each message. */
export class Composer {
  #outbox;
  #added;

  constructor(outbox, added) {
    this.#outbox = outbox;
    this.#added = added;
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
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
    $("notice-close").addEventListener("click", () => this.dismiss());
    showCount();
  }

  /** Says something about the chat that is no part of the conversation. */
  notify(text) {
    $("notice-text").textContent = text;
    $("notice").hidden = false;
  }

  /** Takes the notice away. */
  dismiss() {
    $("notice").hidden = true;
  }

  #submit() {
    const text = $("text").value.trim();
    if (text === "" || length(text) > MAX_MESSAGE) return;
    if (this.#outbox.full) {
      this.notify("Too many messages are waiting. Send on when the connection is back.");
      return;
    }
    this.dismiss();
    $("text").value = "";
    fitText();
    showCount();
    this.#outbox.add(text);
    this.#added();
  }
}

function showCount() {
  const used = length($("text").value.trim());
  $("send").disabled = used === 0 || used > MAX_MESSAGE;
  const near = used > MAX_MESSAGE * 0.9;
  $("count").textContent = near ? `${used.toLocaleString()} of ${MAX_MESSAGE.toLocaleString()}` : "";
  $("count").classList.toggle("over", used > MAX_MESSAGE);
}

function fitText() {
  if (CSS.supports("field-sizing", "content")) return;
  $("text").style.height = "auto";
  $("text").style.height = `${$("text").scrollHeight}px`;
}
