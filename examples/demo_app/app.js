// The page: buttons, what every request returned, and what the tokens say. The session itself is in session.js.

import { Session, decoded } from "./session.js";

const SCOPE = "openid profile email offline_access orders:read";
const MOST_ANSWERS = 30;

// What an answer means, by grant or path, then by status.
const MEANINGS = {
  authorization_code: { 200: "The code was exchanged for tokens. It works once." },
  refresh_token: {
    200: "New tokens. The refresh token was replaced by its successor.",
    400: "Refused: the session has ended. Only a new sign-in helps.",
  },
  "/userinfo": {
    200: "Who you are, as of now.",
    401: "Refused: the session behind this access token has ended.",
  },
  "/orders": {
    200: "The API knows you by the token’s sub. Its authorizer asked Gatehouse whether the session is alive.",
    403: "Refused by the API’s authorizer: the session behind this access token has ended.",
  },
  "/me/sign-out": {
    204: "Every session of yours has ended, on every device, at once.",
    401: "Refused: there is nothing left to sign out.",
  },
};

const element = (id) => document.getElementById(id);
const config = await (await fetch("config.json")).json();
let session;
let busy = false;

async function start() {
  for (const [id, value] of Object.entries({ issuer: config.issuer, "client-id": config.client_id })) {
    element(id).textContent = value;
  }
  session = await Session.open({ ...config, scope: SCOPE, onAnswer: report });
  const happened = await session.finish();
  if (happened === "signed out") return welcome("You are signed out, here and at Gatehouse in this browser.");
  if (!happened && session.canRefresh) await session.refresh();
  if (session.over) return welcome("Your session has ended. Please sign in again.");
  if (!session.tokens) return welcome(session.canRefresh ? "Gatehouse cannot answer just now; a reload tries again." : "");
  show();
  const { body } = await session.userinfo();
  if (body?.name) greet(body);
}

function welcome(notice, failed = false) {
  element("notice").textContent = notice;
  element("notice").hidden = !notice;
  element("notice").classList.toggle("bad", failed);
  element("welcome").hidden = false;
}

function greet({ name, email }) {
  element("name").textContent = name;
  element("email").textContent = email ?? "";
  element("avatar").textContent = name[0].toUpperCase();
}

/** Bring the page up to date with the session. */
function show() {
  element("welcome").hidden = true;
  element("session").hidden = false;
  element("over").hidden = !session.over;
  element("call").classList.toggle("quiet", session.over);
  element("state").textContent = session.over ? "Session ended" : "Signed in";
  element("state").classList.toggle("bad", session.over);
  element("refresh-token").textContent = `…${session.tokens.refresh_token.slice(-8)}`;
  for (const kind of ["id", "access"]) {
    const { header, claims } = decoded(session.tokens[`${kind}_token`]);
    element(`${kind}-header`).textContent = `${header.typ} · ${header.alg} · key ${header.kid}`;
    element(`${kind}-claims`).replaceChildren(...Object.entries(claims).flatMap(claimRow));
  }
  countDown();
}

function claimRow([name, value]) {
  const term = created("dt", "", name);
  const description = created("dd", "", Array.isArray(value) ? value.join("\n") : String(value));
  if (["iat", "exp", "auth_time"].includes(name)) {
    description.append(created("span", "aside", new Date(value * 1000).toLocaleTimeString()));
  }
  return [term, description];
}

function countDown() {
  const left = session.secondsLeft;
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  element("left").textContent = left ? clock : "expired";
  element("meter").max = session.tokens.expires_in;
  element("meter").value = left;
}

/** One more entry at the top of the list of answers. */
function report(answer) {
  const path = new URL(answer.url).pathname;
  const good = answer.status < 400;
  const meaning = MEANINGS[answer.grant ?? path]?.[answer.status] ?? `The answer is ${answer.status}.`;
  const entry = created("li", "answer");
  const line = created("p", "request");
  line.append(
    created("span", good ? "badge" : "badge bad", answer.status),
    created("code", "", `${answer.method} ${path}`),
    created("time", "aside", new Date().toLocaleTimeString()),
  );
  entry.append(line, created("p", "", meaning));
  if (answer.body) {
    const details = created("details");
    for (const older of element("answers").querySelectorAll("details")) older.open = false;
    details.open = true;
    details.append(created("summary", "", "Answer"), created("pre", "", JSON.stringify(answer.body, shortened, 2)));
    entry.append(details);
  }
  element("answers").prepend(entry);
  element("answers").children[MOST_ANSWERS]?.remove();
  element("newest").textContent = `${answer.status}: ${meaning}`;
  if (session?.tokens) show();
}

function shortened(name, value) {
  return name.endsWith("_token") ? `${value.slice(0, 12)}…${value.slice(-8)}` : value;
}

function created(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Do it, one thing at a time, and say so when it fails. */
async function perform(action) {
  if (busy) return;
  busy = true;
  element("failure").hidden = true;
  try {
    await action();
    if (session.tokens) show();
  } catch (error) {
    const failure = `That did not work: ${error.message}`;
    if (session?.tokens) element("failure").textContent = failure;
    else welcome(failure, true);
    element("failure").hidden = !session?.tokens;
  }
  busy = false;
}

function bind(id, action) {
  element(id).addEventListener("click", () => perform(action));
}

bind("sign-in", () => (session ? session.signIn() : location.reload()));
bind("sign-in-again", () => session.signIn());
bind("refresh", () => session.refresh());
bind("who-am-i", () => session.userinfo());
bind("call", () => session.call("GET", config.orders_url));
bind("sign-out", () => session.signOutHere());
bind("sign-out-everywhere", () => session.signOutEverywhere());
setInterval(() => session?.tokens && countDown(), 1000);
await perform(start);
