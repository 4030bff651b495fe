// The form that asks for a name and a room, the rules for both, and the room that a link names.

import { $, length } from "./dom.js";

const MAX_NAME = 64; // characters of a name or a room, as the functions count them

/** What is wrong with a name or a room, as a sentence; empty if nothing is. */
export function nameError(text, what) {
  if (text === "") return `Enter ${what}.`;
  if (length(text) > MAX_NAME) return `At most ${MAX_NAME} characters.`;
  if (/[\p{Cc}\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/u.test(text)) return "No invisible characters.";
  return "";
}

/** The room in the page's address; empty if there is none. */
export function linkedRoom() {
  try {
    return new URLSearchParams(location.hash.slice(1)).get("room")?.trim() ?? "";
  } catch {
    return "";
  }
}

/** Shows the form, filled with what is known. */
export function showSignIn() {
  $("chat").hidden = true;
  $("sign-in").hidden = false;
  $("name").value = sessionStorage.getItem("name") ?? "";
  $("room").value = linkedRoom() || sessionStorage.getItem("room") || "lobby";
  $("name").focus();
  document.title = "Ferrogate chat";
}

/** Calls `join` with each valid pair of a name and a room; `chatUrl` is where it would lead. */
export function onSignIn(chatUrl, join) {
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
}
