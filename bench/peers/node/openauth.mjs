// openauth with a provider that signs the same person on at once: what is measured is openauth, and no form.

import { writeFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { issuer } from "@openauthjs/openauth";
import { createSubjects } from "@openauthjs/openauth/subject";
import { mapStorage } from "./map_storage.mjs";

// Any object, by the interface that validation libraries share.
const anything = { "~standard": { version: 1, vendor: "measurement", validate: (value) => ({ value }) } };

const signedOn = {
  type: "signed-on",
  init: (routes, options) => routes.get("/authorize", (context) => options.success(context, { email: "ada.lovelace@example.com" })),
  client: async ({ clientID, clientSecret }) => {
    if (clientID !== "machine" || clientSecret !== "machine-secret") throw new Error("invalid_client");
    return { email: "machine" };
  },
};

const app = issuer({
  providers: { signedon: signedOn },
  subjects: createSubjects({ user: anything }),
  storage: mapStorage(),
  allow: async ({ redirectURI }) => redirectURI === "https://app.example.com/callback",
  ttl: { access: 600, refresh: 604800 },
  success: (context, { email }) =>
    context.subject("user", {
      email,
      email_verified: true,
      name: "Ada Lovelace",
      scope: "openid profile email offline_access",
      roles: ["customer"],
      auth_time: Math.floor(Date.now() / 1000),
      amr: ["pwd"],
      acr: "1",
    }),
});

// It writes a line per request, and has no setting against it.
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" }, () => writeFileSync(process.env.SEED_FILE, "{}"));
