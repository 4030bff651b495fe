// The people in the room: the list of them, and the panel that it is in on a narrow window.

import { $, avatar, element, plural } from "./dom.js";

const MAX_SHOWN = 200; // people listed by name

/** Who is in the room, and with how many windows. */
export class Members {
  #connections = new Map(); // by user id, as two people may look alike by name
  #names = new Map();

  constructor() {
    $("people-toggle").addEventListener("click", () => showPanel(!isPanelOpen()));
    $("backdrop").addEventListener("click", () => showPanel(false));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && isPanelOpen()) {
        showPanel(false);
        $("people-toggle").focus();
      }
    });
  }

  /** The whole list, as the server has it. */
  replace(members, self) {
    for (const { userId, username } of members) this.#names.set(userId, username ?? userId);
    this.#connections = new Map(members.map(({ userId, connections }) => [userId, connections]));
    // The index that the list is read from may lag behind one's own arrival.
    if (!this.#connections.has(self)) this.#connections.set(self, 1);
    this.#show(self);
    $("people").classList.remove("stale");
  }

  /** The list is to look as old as it is until the next one comes. */
  outdated() {
    $("people").classList.add("stale");
  }

  /** How many connections one person has now. */
  set(userId, username, connections, self) {
    this.#names.set(userId, username);
    if (connections > 0) this.#connections.set(userId, connections);
    else this.#connections.delete(userId);
    this.#show(self);
  }

  clear() {
    this.#connections.clear();
    this.#names.clear();
    $("members").replaceChildren();
    $("people-count").textContent = "0";
    showPanel(false);
  }

  #show(self) {
    const everybody = [...this.#connections].sort(
      ([a], [b]) => (b === self) - (a === self) || this.#name(a).localeCompare(this.#name(b)),
    );
    $("people-count").textContent = everybody.length;
    $("people-title").textContent = plural(everybody.length, "person here", "people here");
    $("members").replaceChildren(
      ...everybody.slice(0, MAX_SHOWN).map(([userId, connections]) => {
        const notes = [userId === self ? "you" : "", connections > 1 ? plural(connections, "window", "windows") : ""];
        const name = element("span", "member-name", this.#name(userId));
        name.title = this.#name(userId);
        const note = element("span", "member-note", notes.filter(Boolean).join(", "));
        return element("li", "member", avatar(userId, this.#name(userId)), element("div", "member-text", name, note));
      }),
    );
    const more = everybody.length - MAX_SHOWN;
    if (more > 0) $("members").append(element("li", "members-more", `and ${more.toLocaleString()} more`));
  }

  #name(userId) {
    return this.#names.get(userId) ?? userId;
  }
}

function isPanelOpen() {
  return $("people").classList.contains("open");
}

function showPanel(open) {
  $("people").classList.toggle("open", open);
  $("people-toggle").setAttribute("aria-expanded", open);
  $("backdrop").hidden = !open;
  if (open) $("people").focus();
}
