// The card before the chat: signing up, confirming, signing in, and choosing a room. One step is shown at a time.

import { $, length } from "./dom.js";
import { confirmSignUp, isLocal, resendCode, signIn, signUp } from "./session.js";

const MAX_ROOM = 64; // characters, as the functions count them
const MIN_PASSWORD = 12; // as the user pool wants it

const MESSAGES = {
  CodeMismatchException: "That is not the code. Look again, or send another one.",
  ExpiredCodeException: "That code has expired. Send another one.",
  LimitExceededException: "Too many attempts. Wait a while and try again.",
  NotAuthorizedException: "The name or the password is wrong.",
  TooManyFailedAttemptsException: "Too many attempts. Wait a while and try again.",
  TooManyRequestsException: "Too many attempts. Wait a moment and try again.",
  UserNotFoundException: "The name or the password is wrong.",
  UsernameExistsException: "Somebody has this name already. Choose another one.",
};

let waiting = null; // the name and the password of an account that is yet to be confirmed
let creating = false;

/** What is wrong with a room, as a sentence; empty if nothing is. */
export function roomError(text) {
  if (text === "") return "Enter a room.";
  if (length(text) > MAX_ROOM) return `At most ${MAX_ROOM} characters.`;
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

/** Shows the first step that is still to be taken; `note` says why it is. */
export function showSignIn(session, note = "") {
  $("chat").hidden = true;
  $("sign-in").hidden = false;
  document.title = "Ferrogate chat";
  if (session) {
    $("who").textContent = session.username;
    $("room").value = linkedRoom() || sessionStorage.getItem("room") || "lobby";
    step("room-form", "room");
    $("room").select();
  } else {
    mode(false);
    step("account-form", "name");
    $("account-error").textContent = note;
  }
}

/** Calls `signedIn` with each new session, `join` with each room that is chosen, and `signOut` when that is wanted. */
export function onSignIn({ signedIn, join, signOut }) {
  $("switch-mode").addEventListener("click", () => {
    mode(!creating);
    $("name").focus();
  });
  $("account-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [name, email, password] = [$("name").value.trim(), $("email").value.trim(), $("password").value];
    const errors = {
      name: name === "" ? "Enter your name." : /\s/.test(name) ? "A name has no spaces." : "",
      email: creating && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email) ? "Enter your e-mail address." : "",
      password: creating && length(password) < MIN_PASSWORD ? `At least ${MIN_PASSWORD} characters.` : password ? "" : "Enter your password.",
    };
    if (!fieldsAreGood(errors)) return;
    work($("account-error"), $("enter"), async () => {
      if (creating && !(await signUp(name, email, password))) return toConfirm(name, password, email);
      await enter(name, password, signedIn);
    });
  });
  $("confirm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = $("code").value.trim();
    if (!fieldsAreGood({ code: code === "" ? "Enter the code." : "" })) return;
    work($("confirm-error"), $("confirm"), async () => {
      await confirmSignUp(waiting.name, code);
      await enter(waiting.name, waiting.password, signedIn);
    });
  });
  $("resend").addEventListener("click", () => {
    work($("confirm-error"), $("resend"), async () => {
      await resendCode(waiting.name);
      $("confirm-note").textContent = "Another code is on its way.";
    });
  });
  $("back").addEventListener("click", () => {
    waiting = null;
    showSignIn(null);
  });
  $("room-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const room = $("room").value.trim().replace(/^#\s*/, "");
    if (fieldsAreGood({ room: roomError(room) })) join(room);
  });
  $("sign-out").addEventListener("click", signOut);
}

async function enter(name, password, signedIn) {
  try {
    const session = await signIn(name, password);
    waiting = null;
    $("password").value = "";
    signedIn(session);
  } catch (error) {
    if (error.code !== "UserNotConfirmedException") throw error;
    await resendCode(name).catch(() => {}); // there may be a good one on its way still
    toConfirm(name, password, "");
  }
}

function toConfirm(name, password, email) {
  waiting = { name, password };
  $("password").value = "";
  $("code").value = "";
  const sent = `A code has been sent to ${email || "your e-mail address"}.`;
  $("confirm-note").textContent = isLocal ? `${sent} On this machine, Ferrogate's terminal shows it instead.` : sent;
  step("confirm-form", "code");
}

function mode(create) {
  creating = create;
  $("account-title").textContent = create ? "Create an account" : "Sign in to chat";
  $("enter").textContent = create ? "Create account" : "Sign in";
  $("switch-text").textContent = create ? "Have an account?" : "New here?";
  $("switch-mode").textContent = create ? "Sign in" : "Create an account";
  $("email-row").hidden = !create;
  $("password-hint").hidden = !create;
  $("password").autocomplete = create ? "new-password" : "current-password";
  fieldsAreGood({ name: "", email: "", password: "" });
  $("account-error").textContent = "";
}

function step(form, field) {
  for (const one of ["account-form", "confirm-form", "room-form"]) $(one).hidden = one !== form;
  $(field).focus();
}

function fieldsAreGood(errors) {
  for (const [field, error] of Object.entries(errors)) {
    $(`${field}-error`).textContent = error;
    $(field).setAttribute("aria-invalid", error !== "");
  }
  const first = Object.keys(errors).find((field) => errors[field]);
  if (first) $(first).focus();
  return !first;
}

// Does something that takes a while, once at a time, and says what went wrong.
async function work(error, button, task) {
  error.textContent = "";
  button.disabled = true;
  try {
    await task();
  } catch (refused) {
    error.textContent = MESSAGES[refused.code] ?? refused.message;
  } finally {
    button.disabled = false;
  }
}
