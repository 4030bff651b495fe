// The bar at the top: the room, how the connection stands, and the link to the room.

import { $ } from "./dom.js";

/** Shows the room's name and the state of the connection to it. */
export class Header {
  #countdown = 0;

  constructor() {
    $("share").addEventListener("click", share);
  }

  room(name) {
    $("room-name").textContent = name;
    $("room-name").title = name;
  }

  /** Shows how the connection stands; `again` if it has been online before, `retryAt` if it is offline. */
  state(state, retryAt, again) {
    const texts = { connecting: again ? "Reconnecting…" : "Connecting…", online: "Online", offline: "Offline" };
    $("status").dataset.state = state;
    $("status-text").textContent = texts[state];
    $("retry").hidden = state !== "offline";
    this.stop();
    if (state === "offline") this.#countdown = setInterval(() => showWait(retryAt), 250);
    showWait(retryAt);
  }

  /** Ends the countdown to the next attempt. */
  stop() {
    clearInterval(this.#countdown);
  }
}

function showWait(retryAt) {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  $("status-wait").textContent = seconds > 0 ? `– retrying in ${seconds} s` : "";
}

async function share() {
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
}
