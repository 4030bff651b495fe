// Signing up and in through Amazon Cognito, with nothing but `fetch`: its API takes JSON posts that need no signature.
//
// The tokens live as long as the tab (`sessionStorage`), so that a reload does not sign anybody out and a closed tab leaves
// nothing behind. The page's policy lets it run no script but its own and talk to nobody but Cognito and the chat.

const STORE = "session";
const SOON_MS = 60_000; // a token that expires within this time is renewed first
const TIMEOUT_MS = 15_000;

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const endpoint = meta("cognito-endpoint");
const ClientId = meta("cognito-client");

/** Whether an emulator plays Cognito, which sends no e-mail. */
export const isLocal = !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint, location.href).hostname);

/** What Cognito, or the way to it, says against a request: `code` is its error's name, or `Network`. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function call(operation, body) {
  let response, answer;
  try {
    response = await fetch(`${endpoint.replace(/\/$/, "")}/`, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify({ ClientId, ...body }),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    answer = text ? JSON.parse(text) : {};
  } catch {
    throw new Refused("Network", "Sign-in cannot be reached. Check the connection and try again.");
  }
  if (response.ok) return answer;
  const code = String(answer.__type ?? "").split("#").pop();
  throw new Refused(code || "Network", String(answer.message ?? answer.Message ?? "Sign-in failed."));
}

/** Makes an account; whether it may be used at once, or wants the code that is sent to the e-mail address. */
export async function signUp(Username, email, Password) {
  const made = await call("SignUp", { Username, Password, UserAttributes: [{ Name: "email", Value: email }] });
  return made.UserConfirmed === true;
}

/** Confirms an account with the code that was sent. */
export const confirmSignUp = (Username, ConfirmationCode) => call("ConfirmSignUp", { Username, ConfirmationCode });

/** Sends another code. */
export const resendCode = (Username) => call("ResendConfirmationCode", { Username });

/** Signs in. */
export async function signIn(USERNAME, PASSWORD) {
  const answer = await call("InitiateAuth", {
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME, PASSWORD },
  });
  if (!answer.AuthenticationResult) {
    throw new Refused("Challenge", `This account wants one step more (${answer.ChallengeName}) than this page knows.`);
  }
  return Session.keep(answer.AuthenticationResult);
}

/** Somebody who has signed in. */
export class Session {
  #access;
  #refresh;
  #claims;
  #renewing = null;

  constructor(access, refresh) {
    this.#refresh = refresh;
    this.#take(access);
  }

  /** The session of this tab, if there is one. */
  static restore() {
    try {
      const { access, refresh } = JSON.parse(sessionStorage.getItem(STORE));
      return new Session(access, refresh);
    } catch {
      return null;
    }
  }

  static keep({ AccessToken, RefreshToken }) {
    const session = new Session(AccessToken, RefreshToken);
    session.#store();
    return session;
  }

  /** The user's id: whom the chat takes the user for, and nobody else ever. */
  get userId() {
    return this.#claims.sub;
  }

  get username() {
    return this.#claims.username ?? this.#claims.sub;
  }

  /** A token that is good for a while yet; `renew` wants one that is not the present one. */
  async token(renew = false) {
    const age = Date.now() - this.#claims.iat * 1000;
    const expires = this.#claims.exp * 1000 - Date.now() < SOON_MS;
    if (expires || (renew && age > SOON_MS)) {
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
      await this.#renewing;
    }
    return this.#access;
  }

  /** Forgets the tokens, and has Cognito forget them too, as far as it can be reached. */
  end() {
    sessionStorage.removeItem(STORE);
    call("RevokeToken", { Token: this.#refresh }).catch(() => {});
  }

  async #renew() {
    const { AuthenticationResult } = await call("InitiateAuth", {
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: this.#refresh },
    });
    this.#refresh = AuthenticationResult.RefreshToken ?? this.#refresh; // a new one only where they rotate
    this.#take(AuthenticationResult.AccessToken);
    this.#store();
  }

  #take(access) {
    // Read, not checked: whoever is shown the name checks the signature.
    const bytes = Uint8Array.from(atob(access.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    this.#claims = JSON.parse(new TextDecoder().decode(bytes));
    this.#access = access;
  }

  #store() {
    sessionStorage.setItem(STORE, JSON.stringify({ access: this.#access, refresh: this.#refresh }));
  }
}
