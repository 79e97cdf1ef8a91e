// better-auth with one person who has a password; its memory adapter.

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const port = Number(process.env.PORT);
const person = { name: "Ada Lovelace", email: "ada.lovelace@example.com", password: "correct horse battery staple" };
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString("hex"),
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  // Counted per address of the caller, which here is one.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});
const { headers } = await auth.api.signUpEmail({ body: person, returnHeaders: true });
const cookie = headers.getSetCookie()[0].split(";")[0];

createServer(toNodeHandler(auth)).listen(port, "127.0.0.1", () => {
  writeFileSync(process.env.SEED_FILE, JSON.stringify({ cookie, ...person }));
});
