/*
 * A person's session with Gatehouse, for applications that run in the browser: authorization code flow with PKCE,
 * nothing to install. Copy this file; app.js shows how to use it.
 *
 * Where the tokens are: in the memory of this page, out of reach of other tabs and gone with it. The refresh token
 * lies in sessionStorage too, so that a reload does not sign the person out. A script that gets into the page could
 * read it there, hence the strict Content-Security-Policy; and a duplicated tab starts with a copy of it, whose use
 * looks like theft once the other tab refreshes, and ends the session. Where that is not enough, register the
 * application with "refresh_cookie": Gatehouse then keeps the refresh token in an HttpOnly cookie, which no script
 * can read and all tabs share, and refreshing becomes POST /session/refresh?client_id=… with credentials: "include".
 */

const REFRESH_TOKEN = "gatehouse.refresh-token";
const ATTEMPT = "gatehouse.attempt";

export class Session {
  tokens = null;
  // True once the session is known to have ended: nothing but a new sign-in helps.
  over = false;
  #config;
  #provider;
  #expiresAt = 0;
  #refreshing = null;

  /** config: issuer, client_id, scope, and onAnswer(answer), which is told of every request that the session made. */
  static async open(config) {
    const response = await fetch(`${config.issuer}/.well-known/openid-configuration`);
    const provider = await response.json();
    if (provider.issuer !== config.issuer) throw new Error("The discovery document is another issuer's.");
    return new Session(config, provider);
  }

  constructor(config, provider) {
    this.#config = config;
    this.#provider = provider;
  }

  get canRefresh() {
    return sessionStorage.getItem(REFRESH_TOKEN) !== null;
  }

  /** How long the access token can still be used. */
  get secondsLeft() {
    return Math.max(0, Math.ceil((this.#expiresAt - Date.now()) / 1000));
  }

  /** Leave for the sign-in page. parameters: more for the authorization request, such as { prompt: "login" }. */
  async signIn(parameters = {}) {
    const attempt = { state: random(), nonce: random(), verifier: random() };
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
    leave(this.#provider.authorization_endpoint, {
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: here(),
      scope: this.#config.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await digest(attempt.verifier),
      code_challenge_method: "S256",
      ...parameters,
    });
  }

  /** Take in what the provider sent the browser back with: "signed in", "signed out", or "" when it sent nothing. */
  async finish() {
    const answer = new URLSearchParams(location.search);
    if (!answer.has("state")) return "";
    const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? "{}");
    sessionStorage.removeItem(ATTEMPT);
    // The code goes out of the address bar and the history.
    history.replaceState(null, "", here());
    if (answer.get("state") !== attempt.state) throw new Error("This answer belongs to no request of this tab.");
    if (!attempt.verifier) return "signed out";
    // Some other provider's answer, played into our hands (RFC 9207)?
    if (answer.get("iss") !== this.#config.issuer) throw new Error("This answer comes from another issuer.");
    if (answer.has("error")) throw new Error(answer.get("error_description") ?? answer.get("error"));
    const grant = { grant_type: "authorization_code", code: answer.get("code"), code_verifier: attempt.verifier };
    const { status, body } = await this.#exchange({ ...grant, redirect_uri: here() }, attempt.nonce);
    if (status !== 200) throw new Error(body?.error_description ?? `The token endpoint answered ${status}.`);
    return "signed in";
  }

  /** Get new tokens. Calls that come meanwhile share the one request: a refresh token is good for one use. */
  refresh() {
    const token = this.tokens?.refresh_token ?? sessionStorage.getItem(REFRESH_TOKEN);
    this.#refreshing ??= this.#exchange({ grant_type: "refresh_token", refresh_token: token }).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Call an API with the access token, refreshed when it is about to expire or is refused. */
  async call(method, url) {
    const fresh = () => !this.over && this.refresh().then((answer) => answer.status === 200);
    if (this.secondsLeft < 5) await fresh();
    const answer = await this.#sendToken(method, url);
    // API Gateway answers 403 where its authorizer refuses. Whether the session is over, the refresh tells.
    const refused = answer.status === 401 || answer.status === 403;
    return refused && (await fresh()) ? this.#sendToken(method, url) : answer;
  }

  userinfo() {
    return this.call("GET", this.#provider.userinfo_endpoint);
  }

  /** Sign out of this browser, in every application of it that signs in with Gatehouse (RP-Initiated Logout). */
  signOutHere() {
    const state = random();
    sessionStorage.removeItem(REFRESH_TOKEN);
    sessionStorage.setItem(ATTEMPT, JSON.stringify({ state }));
    const id_token_hint = this.tokens.id_token;
    leave(this.#provider.end_session_endpoint, { id_token_hint, post_logout_redirect_uri: here(), state });
  }

  /** End every session of the person, on every device. */
  async signOutEverywhere() {
    const answer = await this.call("POST", `${this.#config.issuer}/me/sign-out`);
    if (answer.status === 204) this.#end();
    return answer;
  }

  async #exchange(grant, nonce) {
    const body = new URLSearchParams({ client_id: this.#config.client_id, ...grant });
    const answer = await this.#send("POST", this.#provider.token_endpoint, { body });
    if (answer.status === 200) this.#take(answer.body, nonce);
    // Anything else may pass: a network that is down ends no session.
    if (answer.body?.error === "invalid_grant") this.#end();
    return answer;
  }

  #take(tokens, nonce) {
    this.#check(decoded(tokens.id_token).claims, nonce);
    this.tokens = tokens;
    this.#expiresAt = Date.now() + tokens.expires_in * 1000;
    sessionStorage.setItem(REFRESH_TOKEN, tokens.refresh_token);
  }

  // Straight from the token endpoint over TLS, its signature needs no check; its claims do (OpenID Connect Core 3.1.3.7).
  #check(claims, nonce) {
    const before = this.tokens && decoded(this.tokens.id_token).claims;
    const sound =
      claims.iss === this.#config.issuer &&
      claims.aud === this.#config.client_id &&
      claims.exp > Date.now() / 1000 &&
      claims.nonce === nonce &&
      (!before || claims.sub === before.sub);
    if (!sound) throw new Error("The ID token is not meant for this sign-in.");
  }

  #end() {
    this.over = true;
    sessionStorage.removeItem(REFRESH_TOKEN);
  }

  #sendToken(method, url) {
    return this.#send(method, url, { headers: { authorization: `Bearer ${this.tokens.access_token}` } });
  }

  async #send(method, url, options) {
    const response = await fetch(url, { method, ...options });
    const text = await response.text();
    const answer = { method, url, grant: options.body?.get("grant_type"), status: response.status, body: parsed(text) };
    this.#config.onAnswer?.(answer);
    return answer;
  }
}

/** Header and claims of a JWT, unverified: to look at, or after a check. */
export function decoded(token) {
  const [header, claims] = token.split(".").map((part) => part.replaceAll("-", "+").replaceAll("_", "/"));
  return { header: JSON.parse(text(header)), claims: JSON.parse(text(claims)) };
}

function text(base64) {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** This page without its query: the redirect URI, as it is registered. */
function here() {
  return location.origin + location.pathname;
}

function leave(endpoint, parameters) {
  location.assign(`${endpoint}?${new URLSearchParams(parameters)}`);
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function digest(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
